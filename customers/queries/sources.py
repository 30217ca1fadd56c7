"""Sources of data by their keys."""

import hashlib

from customers.models import Source
from customers.queries.database import rows

SOURCE_BY_KEY = """
    -- By hand, since it stands before every event: the ORM takes longer to write than to run it.
    SELECT id, key, name, scope, unknown_events, created_at FROM customers_source
    WHERE key_hash = %(key_hash)s AND revoked_at IS NULL
"""


def key_hash(secret: str) -> bytes:
    """What is stored of an API key. The key is 256 random bits, so a plain hash cannot be
    searched for it."""
    return hashlib.sha256(secret.encode()).digest()


def source_by_key(secret: str) -> Source | None:
    """The source a live API key stands for, None for an unknown or revoked one."""
    found = rows(SOURCE_BY_KEY, {"key_hash": key_hash(secret)})
    return Source.from_db(None, _SOURCE_FIELDS, found[0]) if found else None


_SOURCE_FIELDS = ["id", "key", "name", "scope", "unknown_events", "created_at"]
