"""Random worlds in the product's tables, and whether an engine finds in their archive whom
PostgreSQL finds."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connection, transaction
from django.test import override_settings
from hypothesis import event

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
    with (
        transaction.atomic(),
        override_settings(TIME_ZONE=world.zone),
        TemporaryDirectory() as folder,
    ):
        with connection.cursor() as cursor:
            store(world, cursor)
        archive = archive_events(
            root=Path(folder), now=world.now, attributes=[field.name for field in EXTRA]
        )
        reading = read_archive(archive, engine)
        for rule in filter(None, map(_checked, written)):
            fragment = compile_rule(rule, now=world.now, zone=world.zone)
            with connection.cursor() as cursor:
                cursor.execute(fragment.sql, fragment.params)
                expected = sorted(row[0] for row in cursor.fetchall())
            assert _found(rule, world, reading) in (expected, None)
        transaction.set_rollback(True)


def _found(rule: Checked, world: World, reading: Reading) -> list[int] | None:
    try:
        found = matching_ids(rule, reading=reading, now=world.now)
    except EngineError as error:
        if error.code != why.NOT_EXACT.code:
            raise
        event("refused")
        return None
    event("judged")
    return sorted(found)


def _checked(written: dict[str, Any]) -> Checked | None:
    try:
        return check(parse(written), catalog=CATALOG, references=KNOWN)
    except RuleError:
        return None
