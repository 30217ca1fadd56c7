"""Random worlds in the product's tables, and whether an engine finds in their archive whom
PostgreSQL finds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connection, transaction
from django.test import override_settings

from segments.actions.write_archive import archive_events
from segments.engines import sentences as why
from segments.engines.run import Engine, Reading, matching_ids, read_archive
from segments.errors import EngineError, RuleError
from segments.rules.check import Checked, check
from segments.rules.compile import compile_rule
from segments.rules.parse import parse
from tests.segments.rules.worlds import CATALOG, EXTRA, KNOWN, World, store


def assert_agreement(written: list[dict[str, Any]], world: World, engine: Engine) -> None:
    """On every rule that the engine does not refuse, which only sums and averages can be."""
    with archived(world, engine) as reading:
        for rule in filter(None, map(checked_rule, written)):
            fragment = compile_rule(rule, now=world.now, zone=world.zone)
            with connection.cursor() as cursor:
                cursor.execute(fragment.sql, fragment.params)
                expected = sorted(row[0] for row in cursor.fetchall())
            assert _found(rule, world, reading) in (expected, *_refusals(rule))


@contextmanager
def archived(world: World, engine: Engine) -> Iterator[Reading]:
    """The world in the product's tables and in an archive; neither stays."""
    with (
        transaction.atomic(),
        override_settings(TIME_ZONE=world.zone),
        TemporaryDirectory() as folder,
    ):
        with connection.cursor() as cursor:
            store(world, cursor)
        attributes = [field.name for field in EXTRA]
        archive = archive_events(root=Path(folder), now=world.now, attributes=attributes)
        yield read_archive(archive, engine)
        transaction.set_rollback(True)


def checked_rule(written: dict[str, Any]) -> Checked | None:
    """The rule, unless it is one of the few that are refused."""
    try:
        return check(parse(written), catalog=CATALOG, references=KNOWN)
    except RuleError:
        return None


def _found(rule: Checked, world: World, reading: Reading) -> list[int] | None:
    try:
        return sorted(matching_ids(rule, reading=reading, now=world.now))
    except EngineError as error:
        if error.code != why.NOT_EXACT.code:
            raise
        return None


def _refusals(rule: Checked) -> tuple[None, ...]:
    is_added_up = any(fn in repr(rule.rule) for fn in ("Function.SUM", "Function.AVG"))
    return (None,) if is_added_up else ()
