"""The provider's ledger against our tables: whatever was doubled, lost or changed, by name."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson

HAS_IT: Final = frozenset({"accepted", "bounced", "delivered", "opened", "clicked"})
"""States that say: the provider has the message."""

Place: TypeAlias = tuple[str, str]
"""A customer's number and the node that sends to him: where one touch belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A touch as the tables have it; its key as 32 hex digits."""

    key: str
    place: Place
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How often each key was accepted, and every content that attempts with it brought."""

    accepts: Mapping[str, int]
    contents: Mapping[str, frozenset[str]]
    faults: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the comparison found; each violation is one line that names its key or place."""

    touches: int
    accepted: int
    distinct_keys: int
    ambiguous: int
    withheld: int
    doubles: Sequence[str]
    lost: Sequence[str]
    changed: Sequence[str]
    unallowed: Sequence[str]
    unexplained: Sequence[str]

    @property
    def violations(self) -> list[str]:
        """All of them; none is a pass."""
        return [*self.doubles, *self.lost, *self.changed, *self.unallowed, *self.unexplained]


def reconcile(
    *, expected: Iterable[Place], forbidden: Iterable[Place], rows: Sequence[Row], ledger: Ledger
) -> Findings:
    """Compare what was to be sent, what the tables say and what the provider holds.

    Parameters
    ----------
    expected : places due and allowed
    forbidden : places whose customer may not be written to
    """
    due, never = set(expected), set(forbidden)
    return Findings(
        touches=len(due),
        accepted=sum(ledger.accepts.values()),
        distinct_keys=len(ledger.accepts),
        ambiguous=sum(1 for row in rows if row.state == "ambiguous"),
        withheld=sum(1 for row in rows if row.place in never and row.state == "refused"),
        doubles=_doubles(rows, ledger),
        lost=_lost(due, rows, ledger),
        changed=[f"{key} changed" for key, all_ in ledger.contents.items() if len(all_) > 1],
        unallowed=[
            f"{row.key} unallowed: {_said(row)}"
            for row in rows
            if row.place in never and (row.key in ledger.accepts or row.state in HAS_IT)
        ],
        unexplained=[
            f"{row.key} unexplained: {_said(row)}"
            for row in rows
            if not row.reason and row.state in {"refused", "failed", "deferred", "ambiguous"}
        ],
    )


def read_ledger(path: Path) -> Ledger:
    """The sandbox's file. Every content counts, also of attempts that met a fault."""
    accepts: Counter[str] = Counter()
    contents: dict[str, set[str]] = defaultdict(set)
    faults = 0
    for line in _lines(path):
        match line:
            case {"type": "accept", "key": str(key), "content_sha256": str(content)}:
                accepts[key] += 1
                contents[key].add(content)
            case {"type": "replay", "key": str(key), "content_sha256": str(content)}:
                contents[key].add(content)
            case {"type": "fault", "keys": list(keys), "contents_sha256": list(came)}:
                faults += 1
                for key, content in zip(keys, came, strict=True):
                    contents[key].add(content)
            case _:
                continue
    frozen = {key: frozenset(found) for key, found in contents.items()}
    return Ledger(accepts=accepts, contents=frozen, faults=faults)


def _doubles(rows: Sequence[Row], ledger: Ledger) -> list[str]:
    """A key accepted twice, two keys for one touch, a key that no touch has."""
    known = {row.key for row in rows}
    keys = Counter(row.place for row in rows if row.key in ledger.accepts)
    return [
        *(f"{key} accepted {count} times" for key, count in ledger.accepts.items() if count > 1),
        *(f"{' '.join(place)}: {count} keys" for place, count in keys.items() if count > 1),
        *(f"{key} accepted, and no touch has it" for key in ledger.accepts if key not in known),
    ]


def _lost(due: set[Place], rows: Sequence[Row], ledger: Ledger) -> list[str]:
    """Never decided, never handed over, not at an end, or recorded otherwise than it was."""
    found = {row.place: row for row in rows}
    missing = [f"{' '.join(place)} has no touch" for place in sorted(due - found.keys())]
    wrong = [
        f"{row.key} lost: {_said(row)}"
        for row in rows
        if row.place in due
        and row.state != "ambiguous"
        and not (row.state in HAS_IT and row.key in ledger.accepts)
    ]
    return [*missing, *wrong]


def _said(row: Row) -> str:
    return f"{' '.join(row.place)} is {row.state} {row.reason}".rstrip()


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    with path.open("rb") as file:
        for raw in file:
            yield orjson.loads(raw)
