"""The double and the workbench."""

from campaigns.channels.base import Absent, Accepted, AccountConfig, Channel, Outgoing, Unknown
from campaigns.channels.memory import MemoryProvider, accept
from campaigns.channels.registry import build_provider

MESSAGES = [Outgoing(key=key, address="a", content={"text": "t"}) for key in ("k1", "k2")]


async def test_the_double_records_everything_and_finds_only_what_it_accepted() -> None:
    double = MemoryProvider(
        Channel.SMS,
        script=lambda m: accept(m) if m.key == "k1" else Unknown(key=m.key, code="c", message=""),
    )

    outcomes = await double.send(MESSAGES)

    assert double.sent == MESSAGES
    assert [type(outcome) for outcome in outcomes] == [Accepted, Unknown]
    known = await double.find(["k1", "k2"])
    assert known["k1"] != Absent()
    assert known["k2"] == Absent()


async def test_the_workbench_accepts_each_task_under_its_own_key() -> None:
    workbench = build_provider(AccountConfig(key="w", vendor="workbench", base_url=""))

    outcomes = await workbench.send(MESSAGES)

    assert outcomes == [Accepted(key=m.key, provider_id=m.key) for m in MESSAGES]
