"""Static lists: numbers are looked through, then taken over whole or not at all; and snapshots."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.db import transaction

from compliance.actions import record
from compliance.models import User
from compliance.spreadsheet import restored
from customers.errors import FileRejected
from customers.importing.layout import find_layout
from customers.importing.mapping import find_id_column
from customers.importing.reader import read_header, read_records
from segments.actions.follow import AT_ONCE, Todo, judge, pass_on, wait_to_follow
from segments.actions.save import add_version, refuse_reserved
from segments.errors import NotPossible, Refusal
from segments.models import ListUpload, Segment
from segments.queries.lists import active_customers, listed_at, put_members
from segments.queries.live import live_segments
from segments.vocabulary import Fault, Why, reason

MOST_LINES: Final = 200_000
_BETWEEN: Final = re.compile("[,;\t，；、]")


@dataclass(frozen=True, slots=True)
class Typed:
    """A number as it stands in a line, from 1."""

    line: int
    number: str


def read_file(path: Path) -> list[Typed]:
    """The numbers of a CSV or XLSX file: of the column that is named so, or of its only one.

    Raises
    ------
    FileRejected : it cannot be read; the message says what to do.
    NotPossible : no column holds customer numbers, or there are too many lines.
    """
    layout = find_layout(path, encoding=None)
    header = read_header(path, layout)
    found = []
    try:
        column = find_id_column(header, None)
    except FileRejected as error:
        if len(header) != 1:
            raise NotPossible(Refusal.NO_COLUMN) from error
        column, found = 0, [Typed(1, _cleaned(header[0]))]
    for row in read_records(path, layout, columns=len(header)):
        if len(found) == MOST_LINES:
            raise NotPossible(Refusal.TOO_MANY_LINES, most=MOST_LINES)
        found.append(Typed(row.line, "" if row.code else _cleaned(row.cells[column])))
    return found


def read_text(text: str) -> list[Typed]:
    """The numbers that were pasted: one a line, or several with commas, also Chinese ones."""
    found = [
        Typed(line, _cleaned(cell))
        for line, cells in enumerate(text.splitlines(), start=1)
        for cell in _BETWEEN.split(cells)
        if cell.strip()
    ]
    if len(found) > MOST_LINES:
        raise NotPossible(Refusal.TOO_MANY_LINES, most=MOST_LINES)
    return found


@transaction.atomic
def stage_list(
    *,
    key: str,
    name: str,
    numbers: Sequence[Typed],
    file_name: str,
    replaces: bool,
    author: User,
    now: datetime,
) -> ListUpload:
    """Look the numbers through and keep what was found; the list stays as it is.

    Raises
    ------
    NotPossible : there is no number, a segment of this key is no list or archived, or no new one
        can have it.
    """
    if not numbers:
        raise NotPossible(Refusal.NO_NUMBERS)
    _require_list(Segment.objects.filter(key=key).first(), key)
    known = active_customers({one.number for one in numbers})
    first: dict[str, int] = {}
    problems: list[tuple[int, str, str]] = []
    for one in numbers:
        if one.number not in known:
            fault = Fault.UNKNOWN if one.number else Fault.UNREADABLE
            problems.append((one.line, fault.value, one.number))
        elif one.number in first:
            problems.append((one.line, Fault.TWICE.value, str(first[one.number])))
        else:
            first[one.number] = one.line
    return ListUpload.objects.create(
        key=key,
        name=name,
        file_name=file_name,
        replaces=replaces,
        lines=len(numbers),
        known=len(first),
        customers=[known[number] for number in first],
        problems=problems,
        made_by=author,
        made_at=now,
    )


@transaction.atomic
def take_list(*, upload: ListUpload, actor: User, now: datetime) -> Segment:
    """The customers found become members, all at once; what names the list follows.

    Raises
    ------
    NotPossible : it was decided already, nobody was found, or the key is no list's any more.
    """
    wait_to_follow()
    locked = _undecided(upload)
    if not locked.customers:
        raise NotPossible(Refusal.NOBODY)
    segment = _put(
        *(locked.key, locked.name, locked.customers, locked.file_name),
        replaces=locked.replaces,
        why=Why.UPLOAD,
        author=actor,
        now=now,
    )
    _decide(locked, ListUpload.State.TAKEN, now)
    return segment


@transaction.atomic
def drop_list(*, upload: ListUpload, now: datetime) -> None:
    """Forget whom the numbers found."""
    _decide(_undecided(upload), ListUpload.State.DROPPED, now)


@transaction.atomic
def snapshot_segment(
    *, segment: Segment, at: datetime, key: str, name: str, author: User, now: datetime
) -> Segment:
    """A static list of who was in the segment at that time and is still a customer like any other.

    Raises
    ------
    NotPossible : there is a segment of the new key, or nobody was in.
    """
    if Segment.objects.filter(key=key).exists():
        raise NotPossible(Refusal.KEY_TAKEN, key=key)
    refuse_reserved(key)
    wait_to_follow()
    ids = listed_at(segment, at)
    if not ids:
        raise NotPossible(Refusal.NOBODY)
    note = f"{segment.key} {at.isoformat(' ', 'seconds')}"
    return _put(key, name, ids, note, replaces=False, why=Why.SNAPSHOT, author=author, now=now)


def _put(
    key: str,
    name: str,
    ids: Sequence[int],
    note: str,
    *,
    replaces: bool,
    why: Why,
    author: User,
    now: datetime,
) -> Segment:
    segment, _ = Segment.objects.select_for_update(no_key=True).get_or_create(
        key=key,
        defaults={
            "name": name,
            "kind": Segment.Kind.LIST,
            "rule": {},
            "size": 0,
            "most_moved": None,
            "created_by": author,
            "created_at": now,
            "updated_at": now,
        },
    )
    _require_list(segment, key)
    add_version(segment=segment, note=note[:200], author=author, now=now)
    at = max(now, segment.changed_at or now)
    came, left = put_members(segment, ids, replaces=replaces, why=reason(why), at=at)
    segment.size = (segment.size or 0) + len(came) - len(left)
    segment.refreshed_at, segment.changed_at, segment.updated_at = now, at, now
    segment.save()
    _spread(segment, came | left, now)
    record(
        actor=author.username,
        action=f"segment.{why.value}",
        subject=key,
        now=now,
        detail={"entered": len(came), "left": len(left), "note": note[:200]},
    )
    return segment


def _spread(segment: Segment, moved: Iterable[int], now: datetime) -> None:
    """Live segments that name the list follow in the same transaction; if so many moved that this
    would hold others up, within half a minute.
    """
    segments, todo, ids = live_segments(), Todo(dict), set(moved)
    if len(ids) > AT_ONCE:
        naming = [live.id for live in segments if segment.key in live.checked.segments]
        Segment.objects.filter(pk__in=naming).update(stale_at=now)
        return
    pass_on(segments=segments, todo=todo, key=segment.key, moved=ids)
    judge(segments=segments, todo=todo, now=now)


def _require_list(segment: Segment | None, key: str) -> None:
    if segment is None:
        refuse_reserved(key)
        return
    if segment.kind != Segment.Kind.LIST:
        raise NotPossible(Refusal.NOT_A_LIST, key=key)
    if segment.archived_at is not None:
        raise NotPossible(Refusal.ARCHIVED)


def _undecided(upload: ListUpload) -> ListUpload:
    locked = ListUpload.objects.select_for_update().get(pk=upload.pk)
    if locked.state != ListUpload.State.STAGED:
        raise NotPossible(Refusal.DECIDED)
    return locked


def _decide(upload: ListUpload, state: ListUpload.State, now: datetime) -> None:
    upload.state, upload.decided_at, upload.customers = state, now, []
    upload.save(update_fields=["state", "decided_at", "customers"])


def _cleaned(cell: str) -> str:
    return restored(cell.replace("\x00", "").strip())[:128]
