"""The accounts of a run: each way of being wrong is found, and a right one has no finding."""

from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest

from config.chaos.reconcile import Findings, Ledger, Row, read_ledger, reconcile

DUE = [("C1", "email"), ("C2", "email")]
NEVER = [("N1", "email")]


def second(state: str, reason: str = "", key: str = "b") -> Row:
    return Row(key=key, place=DUE[1], state=state, reason=reason)


def never(state: str, reason: str = "") -> Row:
    return Row(key="n", place=NEVER[0], state=state, reason=reason)


SENT = Row(key="a", place=DUE[0], state="delivered")
TOO = second("accepted")
WITHHELD = never("refused", "no_consent")


def compare(
    *rows: Row, accepts: Mapping[str, int], contents: dict[str, set[str]] | None = None
) -> Findings:
    frozen = {key: frozenset(found) for key, found in (contents or {}).items()}
    ledger = Ledger(accepts=accepts, contents=frozen)
    return reconcile(expected=DUE, forbidden=NEVER, rows=rows, ledger=ledger)


def test_what_was_sent_once_and_withheld_with_a_reason_is_no_violation() -> None:
    found = compare(SENT, TOO, WITHHELD, accepts={"a": 1, "b": 1}, contents={"a": {"x"}})

    assert found.violations == []
    told = (found.touches, found.accepted, found.distinct_keys, found.withheld, found.ambiguous)
    assert told == (2, 2, 2, 1, 0)


def test_an_unknown_outcome_is_counted_for_a_person_and_not_lost() -> None:
    unsure = second("ambiguous", "outcome_unknown")

    found = compare(SENT, unsure, accepts={"a": 1, "b": 1})

    assert (found.ambiguous, found.violations) == (1, [])


@pytest.mark.parametrize(
    ("rows", "accepts", "kind"),
    [
        ([SENT, TOO], {"a": 2, "b": 1}, "doubles"),
        ([SENT, TOO], {"a": 1, "b": 1, "z": 1}, "doubles"),
        ([SENT, TOO, second("accepted", key="c")], {"a": 1, "b": 1, "c": 1}, "doubles"),
        ([SENT], {"a": 1}, "lost"),
        ([SENT, TOO], {"a": 1}, "lost"),
        ([SENT, second("queued")], {"a": 1}, "lost"),
        ([SENT, second("failed", "attempts_exhausted")], {"a": 1}, "lost"),
        ([SENT, second("refused", "expired")], {"a": 1, "b": 1}, "lost"),
        ([SENT, TOO, never("accepted")], {"a": 1, "b": 1}, "unallowed"),
        ([SENT, TOO, WITHHELD], {"a": 1, "b": 1, "n": 1}, "unallowed"),
        ([SENT, TOO, never("refused")], {"a": 1, "b": 1}, "unexplained"),
    ],
)  # fmt: skip
def test_each_way_of_being_wrong_is_found(
    rows: list[Row], accepts: dict[str, int], kind: str
) -> None:
    found = compare(*rows, accepts=accepts)

    assert len(getattr(found, kind)) == 1
    assert found.violations == list(getattr(found, kind))


def test_two_contents_under_one_key_are_a_violation() -> None:
    found = compare(SENT, TOO, accepts={"a": 1, "b": 1}, contents={"a": {"x", "y"}, "b": {"x"}})

    assert found.violations == ["a changed"]


def test_the_ledger_counts_accepts_and_the_contents_of_every_attempt(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    lines = [
        {"type": "fault", "fault": "error", "keys": ["a", "b"], "contents_sha256": ["x", "x"]},
        {"type": "accept", "key": "a", "content_sha256": "y"},
        {"type": "replay", "key": "b", "content_sha256": "x"},
        {"type": "accept", "key": "a", "content_sha256": "y"},
        {"type": "receipts", "account": "one", "through": 1, "count": 1},
    ]
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))

    ledger = read_ledger(path)

    assert (dict(ledger.accepts), ledger.faults) == ({"a": 2}, 1)
    assert ledger.contents == {"a": {"x", "y"}, "b": {"x"}}
