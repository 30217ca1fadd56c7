"""The audit trail is the last lock of a transaction: what every test is held to.

`compliance.actions.record` keeps everybody else from the trail until its transaction ends. Whoever
waits for another lock after it, and is waited for, is ended by the database. So no verb takes an
advisory lock, locks rows or deletes some after it has told the trail (docs/architecture.md).
"""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from compliance.actions import _AUDIT_LOCK
from config.places import CHECKOUT

_TAKES: Final = re.compile(
    r"pg_advisory_xact_lock|\bFOR (NO KEY )?UPDATE\b(?!.*SKIP LOCKED)|\bFOR (KEY )?SHARE\b"
    r"|^\s*DELETE\b|^ROLLBACK TO SAVEPOINT\b",
    re.DOTALL,
)
# Pages of Django's own tell what they are about to delete; they hold those rows before.
_HELD_BEFORE: Final = re.compile(r'^\s*DELETE FROM "(compliance_user|auth_group|django_session)')
_PRODUCT: Final = tuple(
    f"{CHECKOUT}/{app}/"
    for app in ("attribution", "campaigns", "compliance", "config", "customers", "segments")
)


class LockAfterAudit(AssertionError):
    """A verb takes a lock after it told the audit trail."""


class _Told(threading.local):
    """The transaction of the last lock, by which act it told the trail, and what it held before."""

    block: object = None
    act: FrameType | None = None

    def __init__(self) -> None:
        self.held: set[str] = set()


@contextmanager
def held_to() -> Iterator[None]:
    """Refuse a lock after the audit trail's, whoever asks for it."""
    told, real = _Told(), psycopg.Cursor.execute

    def execute(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        done = real(cursor, query, params, **options)
        text = query.as_string(cursor) if isinstance(query, sql.Composable) else query
        text = text if isinstance(text, str) else bytes(text).decode()
        if _TAKES.search(text):
            _judge(told, text, params, cursor.rowcount)
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", execute)
        yield


def _judge(told: _Told, text: str, params: Any, rowcount: int) -> None:
    blocks = [
        block for block in connection.atomic_blocks if not getattr(block, "_from_testcase", False)
    ]
    block, act, lock = (blocks[0] if blocks else None), _outermost(), f"{text}{params}"
    if block is not told.block or (act is not told.act and told.act is not None):
        told.block, told.act, told.held = block, None, set()
    if text.startswith("ROLLBACK"):
        told.act = None  # that lets go of the trail, if it was told since
    elif "pg_advisory_xact_lock" in text and str(_AUDIT_LOCK) in lock:
        told.act = act
    elif block is None or told.act is None:
        told.held.add(lock)
    elif rowcount and lock not in told.held and not _HELD_BEFORE.match(text):
        raise LockAfterAudit(
            "The audit trail is held already, and whoever holds this may wait for it: "
            + " ".join(text.split())[:300]
        )


def _outermost() -> FrameType | None:
    """The call of the product that a test, or a request, began with."""
    found, frame = None, sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename.startswith(_PRODUCT):
            found = frame
        frame = frame.f_back  # type: ignore[assignment]
    return found
