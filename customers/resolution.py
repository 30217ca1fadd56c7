"""Which customers are one person: decided from what they share, the same way each time.

Customers who share an identifier are drawn together; a group is merged only where nothing speaks
against it. A number of the institution is authoritative: two numbers are two people until somebody
of the staff says otherwise.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from customers.vocabulary import Doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Customers who hold the same identifier, and what its rule allows."""

    kind: str
    customers: tuple[int, ...]
    people_at_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is compared of a customer."""

    id: int
    is_numbered: bool
    birth_on: date | None
    gender: str | None
    merged: int
    """How many customers stand under this one already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Customers who are one person; ``doubt`` says why a person must decide."""

    kept: int
    gone: tuple[int, ...]
    rule: str
    doubt: Doubt | None = None


def resolve(
    *,
    matches: Sequence[Match],
    candidates: Mapping[int, Candidate],
    parted: Collection[frozenset[int]],
) -> tuple[Group, ...]:
    """The groups, each with the one that stays: the numbered one, else the oldest.

    Parameters
    ----------
    parted : pairs of whom somebody said that they are two people; no group holds both

    Customers with numbers who share something are families and are left alone; it is worth a
    person's time only where somebody without a number belongs to one of them.
    """
    groups = []
    for members, met in _drawn_together(matches):
        people = [candidates[one] for one in members if one in candidates]
        if len(people) < 2 or all(person.is_numbered for person in people):
            continue
        ids = {person.id for person in people}
        if any(pair <= ids for pair in parted):
            continue
        first = min(people, key=lambda person: (not person.is_numbered, person.id))
        groups.append(
            Group(
                kept=first.id,
                gone=tuple(sorted(ids - {first.id})),
                rule="+".join(sorted({match.kind for match in met})),
                doubt=_doubt(people, min(match.people_at_most for match in met)),
            )
        )
    return tuple(groups)


def choose_kept(candidates: Sequence[Candidate]) -> int:
    """Who stays of people whom somebody declared to be one."""
    return min(candidates, key=lambda person: (not person.is_numbered, person.id)).id


def _doubt(people: Sequence[Candidate], at_most: int) -> Doubt | None:
    if sum(person.is_numbered for person in people) > 1:
        return Doubt.TWO_NUMBERS
    births = {person.birth_on for person in people if person.birth_on}
    genders = {person.gender for person in people if person.gender}
    if len(births) > 1 or len(genders) > 1:
        return Doubt.CONTRADICTION
    if sum(1 + person.merged for person in people) > at_most:
        return Doubt.TOO_MANY
    return None


def _drawn_together(matches: Sequence[Match]) -> list[tuple[list[int], list[Match]]]:
    """Connected customers, in the order of their ids, with the matches that connect them."""
    root: dict[int, int] = {}

    def find(one: int) -> int:
        root.setdefault(one, one)
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    for match in matches:
        first = find(match.customers[0])
        for other in match.customers[1:]:
            root[find(other)] = first
            first = find(first)
    members: dict[int, list[int]] = {}
    for one in sorted(root):
        members.setdefault(find(one), []).append(one)
    met: dict[int, list[Match]] = {}
    for match in matches:
        met.setdefault(find(match.customers[0]), []).append(match)
    return [(ids, met[key]) for key, ids in members.items()]
