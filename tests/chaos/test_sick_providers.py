"""A slow or dead provider costs the other channels nothing; its breaker opens and probes (G19)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
from django.db.models import Sum

from campaigns.channels.base import Channel
from campaigns.models import AccountHealth, ProviderAccount, Touch
from tests.campaigns.sandbox_process import SandboxProcess
from tests.chaos.proxy import Mode, Proxy
from tests.chaos.workers import Workers
from tests.chaos.worlds import launch, open_accounts, open_touches, send_both
from tests.factories import NOW, lift_contact_rules

PEOPLE = 60
# Far below what the machine can do, so that a rate says something of waiting and nothing of load.
PER_SECOND = 20
SECONDS = 3.5
KEPT = 0.9
MOST_ROUNDS = 4
MOST_FAILURES = 20
AN_HOUR = timedelta(hours=1)
SICK = (Mode.REFUSE, Mode.BLACKHOLE, Mode.HALF_CLOSE, Mode.CUT, Mode.DRIP, Mode.DELAY)


@pytest.mark.slow
@pytest.mark.alone
def test_six_ways_to_be_sick_leave_the_other_channel_its_rate(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    with world(tmp_path) as (sandbox, proxy), Workers(process_environment) as workers:
        launch(PEOPLE, journeys=[])
        rounds = Rounds(sandbox, proxy, workers)
        kept: dict[Mode, float] = {}
        # A rate read once says little on a busy machine; what sickness costs, it costs each time.
        rest = MOST_ROUNDS
        while rest and slowed(kept):
            rest -= 1
            well = rounds.rate_beside(Mode.PASS)
            for mode in slowed(kept):
                kept[mode] = max(kept.get(mode, 0), rounds.rate_beside(mode) / well)

    assert not slowed(kept), kept


def slowed(kept: Mapping[Mode, float]) -> list[Mode]:
    """The ways to be sick that took more from the other channel than the guarantee allows."""
    return [mode for mode in SICK if kept.get(mode, 0) < KEPT]


class Rounds:
    """Journeys of both channels, sent an hour apart while the text messages' provider is sick."""

    def __init__(self, sandbox: SandboxProcess, proxy: Proxy, workers: Workers) -> None:
        self.sandbox, self.proxy, self.workers = sandbox, proxy, workers
        self.count = 0

    def rate_beside(self, mode: Mode) -> float:
        """E-mails a second beside this provider, whose breaker must open, and close once well."""
        journey, now = f"sick-{self.count}", NOW + self.count * AN_HOUR
        self.count += 1
        send_both(journey)
        self.proxy.mode, self.proxy.connections, self.proxy.requests = mode, 0, 0
        self.workers.start(now, seconds=SECONDS)
        self.workers.wait()
        if mode not in {Mode.PASS, Mode.DELAY}:
            assert max(self.proxy.connections, self.proxy.requests) <= MOST_FAILURES, mode
            assert AccountHealth.objects.filter(open_until__isnull=False).exists(), mode
        self.recover(now, mode)
        return rate(self.sandbox, journey)

    def recover(self, now: datetime, mode: Mode) -> None:
        """The provider is well again: everything left goes out and the breaker closes."""
        self.proxy.mode = Mode.PASS
        life = 0
        while open_touches():
            life += 1
            assert life < 10, mode
            self.workers.run(now + life * timedelta(minutes=3))
        assert not AccountHealth.objects.filter(open_until__isnull=False).exists(), mode


@pytest.mark.slow
def test_a_breaker_that_is_half_open_lets_one_message_try(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    with world(tmp_path) as (_, proxy), Workers(process_environment) as workers:
        launch(PEOPLE)
        ProviderAccount.objects.update(per_second=None)
        proxy.mode = Mode.REFUSE
        workers.run(NOW)
        before = attempts()

        workers.run(NOW + timedelta(seconds=6))

        assert attempts() == before + 1
        assert AccountHealth.objects.get().opens == 2


def attempts() -> int:
    """Of text messages: those that failed count, those held back do not."""
    found = Touch.objects.filter(channel=Channel.SMS).aggregate(made=Sum("attempts"))
    return int(found["made"])


@contextmanager
def world(folder: Path) -> Iterator[tuple[SandboxProcess, Proxy]]:
    """Text messages go by way of the proxy, e-mails straight and at a pace."""
    sandbox = SandboxProcess(folder)
    url = sandbox.ports["sms_url"]
    try:
        with Proxy.before(url) as proxy:
            open_accounts(sandbox, sms_url=proxy.instead_of(url), deadline_seconds="1")
            lift_contact_rules()
            email = ProviderAccount.objects.filter(channel=Channel.EMAIL)
            email.update(per_second=PER_SECOND)
            yield sandbox, proxy
    finally:
        sandbox.stop()


def rate(sandbox: SandboxProcess, journey: str) -> float:
    """E-mails of this journey a second, as the provider saw them come."""
    keys = {
        key.hex
        for key in Touch.objects.filter(journey__key=journey, channel=Channel.EMAIL).values_list(
            "key", flat=True
        )
    }
    entries = map(orjson.loads, sandbox.ledger_path.read_bytes().splitlines())
    came = [one["at"] for one in entries if one["type"] == "accept" and one["key"] in keys]
    assert len(came) == PEOPLE
    return (len(came) - 1) / (max(came) - min(came))
