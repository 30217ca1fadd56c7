"""Make a world of a size, or take the one that stands."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.core.management import call_command
from django.db import OperationalError, connection, transaction

from bench.world.campaign import put_campaign, put_segments
from bench.world.people import put_crowd, put_events
from bench.world.telling import tell
from bench.world.wealth import put_wealth
from compliance.queries import clock_now
from config.replay import space
from config.replay.staff import hire
from customers.queries.database import execute, rows

_REGISTER = """
    CREATE TABLE IF NOT EXISTS bench_world (
        customers integer NOT NULL, events bigint NOT NULL, first bigint NOT NULL,
        is_whole boolean NOT NULL, built_at timestamptz NOT NULL)
"""
_NOTE = """
    INSERT INTO bench_world VALUES (
        %(customers)s, %(events)s, %(first)s, %(is_whole)s, %(built_at)s)
"""
_NOTED = "SELECT customers, events, first, is_whole, built_at FROM bench_world"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What stands: the customers have the ids from ``first`` on, the first of them has 10,000
    events; ``built_at`` is the moment up to which things happened."""

    customers: int
    events: int
    first: int
    is_whole: bool
    built_at: datetime


def add_sizes(parser: argparse.ArgumentParser) -> None:
    """The arguments by which a bench says which world it wants."""
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument(
        "--keep", action="store_true", help="take the world that stands if it is of this size"
    )


def stand(told: argparse.Namespace, *, is_whole: bool) -> World:
    """The world of the sizes told; with ``--keep`` the one that stands, if it is of these sizes.

    Parameters
    ----------
    is_whole : with wealth, tags, segments and a campaign, not only customers and events
    """
    if told.keep and (found := _standing()) is not None:
        fits = (found.customers, found.events) == (told.customers, told.events)
        if fits and (found.is_whole or not is_whole):
            call_command("migrate", interactive=False, verbosity=0)
            tell(f"{found.customers:,} customers and {found.events:,} events stand already")
            return found
    space.renew()
    now = clock_now()
    first = put_crowd(told.customers, now=now)
    tell(f"{told.customers:,} customers")
    put_events(told.events, customers=told.customers, first=first, now=now)
    _settle()
    if is_whole:
        hire()
        steps: tuple[Callable[[], None], ...] = (
            lambda: put_wealth(told.customers, now=now),
            _settle,
            lambda: put_segments(now=now),
            lambda: put_campaign(told.customers, now=now),
            _settle,
        )
        for step in steps:
            step()
    world = World(
        customers=told.customers,
        events=told.events,
        first=first,
        is_whole=is_whole,
        built_at=now,
    )
    _note(world)
    return world


def _settle() -> None:
    """As autovacuum leaves the tables."""
    execute("VACUUM ANALYZE", {})
    tell("tables vacuumed and analysed")


def _standing() -> World | None:
    try:
        connection.ensure_connection()
    except OperationalError:
        return None
    if not rows("SELECT to_regclass('bench_world')::text", {})[0][0]:
        return None
    customers, events, first, is_whole, built_at = rows(_NOTED, {})[0]
    return World(
        customers=customers, events=events, first=first, is_whole=is_whole, built_at=built_at
    )


@transaction.atomic
def _note(world: World) -> None:
    execute(_REGISTER, {})
    execute(
        _NOTE,
        {
            "customers": world.customers,
            "events": world.events,
            "first": world.first,
            "is_whole": world.is_whole,
            "built_at": world.built_at,
        },
    )
