"""A slow or dead provider costs the other channels nothing; its breaker opens and probes (G19)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
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
PER_SECOND = 30
SECONDS = 2.5
KEPT = 0.9
MOST_FAILURES = 20
AN_HOUR = timedelta(hours=1)
SICK = (Mode.REFUSE, Mode.BLACKHOLE, Mode.HALF_CLOSE, Mode.CUT, Mode.DRIP, Mode.DELAY)


@pytest.mark.slow
def test_six_ways_to_be_sick_leave_the_other_channel_its_rate(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    with world(tmp_path) as (sandbox, proxy), Workers(process_environment) as workers:
        rates = {}
        launch(PEOPLE, journeys=[])
        for number, mode in enumerate((Mode.PASS, *SICK)):
            send_both(f"sick-{number}")
            proxy.mode, proxy.connections, proxy.requests = mode, 0, 0
            workers.start(NOW + number * AN_HOUR, seconds=SECONDS)
            workers.wait()
            rates[mode] = rate(sandbox, f"sick-{number}")
            failures = max(proxy.connections, proxy.requests)
            if mode not in {Mode.PASS, Mode.DELAY}:
                assert failures <= MOST_FAILURES, mode
                assert AccountHealth.objects.filter(open_until__isnull=False).exists(), mode

            proxy.mode = Mode.PASS
            life = 0
            while open_touches():
                life += 1
                assert life < 10, mode
                workers.run(NOW + number * AN_HOUR + life * timedelta(minutes=3))
            assert not AccountHealth.objects.filter(open_until__isnull=False).exists(), mode

    assert len(rates) == 1 + len(SICK)
    slowed = {mode for mode, found in rates.items() if found < KEPT * rates[Mode.PASS]}
    assert slowed == set(), rates


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
