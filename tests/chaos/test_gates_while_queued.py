"""Six reasons why nobody may be written to, come true while five hundred touches each are queued:
none of them is handed over (G8)."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.enrol import enrol
from campaigns.actions.suppress import suppress
from campaigns.channels.base import Channel
from campaigns.models import Suppression, Touch
from config.chaos.reconcile import read_ledger
from customers.models import Customer
from customers.vocabulary import ConsentState
from tests.campaigns.sandbox_process import SandboxProcess
from tests.chaos.sizes import TIMES
from tests.chaos.workers import Workers
from tests.chaos.worlds import open_accounts
from tests.factories import (
    CONTACTS,
    NOW,
    graph_of,
    make_journey,
    make_people,
    make_product,
    make_segment,
    make_template,
    say_consent,
    send_node,
)

EACH: Final = 500 * TIMES
WORKERS: Final = 4
LATER: Final = NOW + timedelta(minutes=1)

Change = Callable[[list[int]], object]


def of(ids: list[int], **values: Any) -> int:
    return Customer.objects.filter(pk__in=ids).update(**values)


def withdraw(ids: list[int]) -> None:
    later = NOW + timedelta(seconds=30)
    say_consent(ids, ["sms"], state=ConsentState.WITHDRAWN, now=later)


def put_on_the_list(ids: list[int]) -> None:
    pattern = CONTACTS[Channel.SMS]["phone"]
    values = [pattern.format(number) for number in range(3 * EACH, 4 * EACH)]
    why = Suppression.Why.UNDELIVERABLE
    assert suppress(kind="phone", values=values, why=why, account=None, now=NOW) == len(ids)


def write_again(ids: list[int]) -> None:
    """A second message, about which nobody knew when the first was queued: one a day may go."""
    of(ids, city="capped")
    make_segment("capped", {"field": "city", "op": "eq", "value": "capped"})
    graph = graph_of(send_node(Channel.SMS))
    graph["nodes"][0] = {"id": "start", "type": "entry", "segment": "capped"}
    queue(graph, "second")


# What changes for a group, and how its touches end.
GROUPS: Final[Mapping[str, tuple[Change, dict[tuple[str, str], int]]]] = {
    "unsuitable": (lambda ids: of(ids, risk_level="C1"), {("refused", "unsuitable"): EACH}),
    "assessed too long ago": (
        lambda ids: of(ids, risk_assessed_on="2022-01-10"),
        {("refused", "unsuitable"): EACH},
    ),
    "withdrawn": (withdraw, {("refused", "consent_withdrawn"): EACH}),
    "suppressed": (put_on_the_list, {("refused", "suppressed"): EACH}),
    "capped": (write_again, {("accepted", ""): EACH, ("refused", "capped"): EACH}),
    # At ten in the morning in Shanghai it is still night in London.
    "at night": (
        lambda ids: of(ids, time_zone="Europe/London"),
        {("deferred", "quiet_hours"): EACH},
    ),
    "as it was": (lambda _ids: None, {("accepted", ""): EACH}),
}


def queue(graph: Mapping[str, Any], key: str) -> None:
    """One text message about the product to everybody whom the journey takes in."""
    enrol(journey=make_journey(graph, key=key), now=NOW)
    while advance(owner="test", now=NOW).claimed:
        pass


@pytest.mark.slow
def test_what_changes_while_touches_are_queued_keeps_them(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    sandbox = SandboxProcess(tmp_path)
    try:
        open_accounts(sandbox)
        make_product()
        make_template(Channel.SMS, product="F001")
        ids = make_people(
            EACH * len(GROUPS), channels=[Channel.SMS], columns={"time_zone": "Asia/Shanghai"}
        )
        parts = {
            name: ids[number * EACH : (number + 1) * EACH] for number, name in enumerate(GROUPS)
        }
        make_segment()
        queue(graph_of(send_node(Channel.SMS)), "first")
        assert Touch.objects.filter(state="queued").count() == len(ids)

        for name, (change, _ends) in GROUPS.items():
            change(parts[name])
        with Workers(process_environment) as workers:
            workers.start(LATER, size=WORKERS, limit=EACH)
            assert workers.wait().codes == [0] * WORKERS
        sandbox.post("/flush", {})
        accepts = read_ledger(sandbox.ledger_path).accepts
    finally:
        sandbox.stop()

    group_of = {pk: name for name, part in parts.items() for pk in part}
    ends: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in GROUPS}
    may_go = set()
    for touch in Touch.objects.all():
        name = group_of[touch.customer_id]
        # Of some the provider has reported by now that they arrived.
        state = "accepted" if touch.state == "delivered" else touch.state
        ends[name][state, touch.reason] += 1
        if state == "accepted":
            may_go.add(touch.key.hex)
    assert ends == {name: told for name, (_change, told) in GROUPS.items()}
    assert accepts == dict.fromkeys(may_go, 1)
