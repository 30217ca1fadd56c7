"""What was told under the names of one who leaves a merge: it is his, whenever it was told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from customers.queries.database import as_json, execute, rows
from customers.queries.identities import keyring

_LINKS: Final = """
    -- Which browser, or earlier id, was linked to the one that stays, by whose name; the first
    -- that told it counts.
    SELECT DISTINCT ON (kind, value) kind, value, user_id
    FROM (
        SELECT id, 'anonymous_id' AS kind, anonymous_id AS value, user_id FROM customers_event
        WHERE customer_id = %(kept)s AND kind = 'identify' AND received_at >= %(since)s
        UNION ALL
        -- It may name either: see `customers.queries.aliases.earlier_ids`.
        SELECT id, unnest(ARRAY['anonymous_id', 'user_id']), properties ->> 'previous_id', user_id
        FROM customers_event
        WHERE customer_id = %(kept)s AND kind = 'alias' AND received_at >= %(since)s) AS told
    WHERE value IS NOT NULL AND user_id IS NOT NULL
    ORDER BY kind, value, id
"""


_RETURN_LINKS: Final = """
    UPDATE customers_identity link SET customer_id = %(gone)s
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS told (
        kind text, value_hash text, user_id text, user_hash text)
    LEFT JOIN customers_customer direct
        ON direct.customer_no = told.user_id AND direct.status <> 'erased'
    LEFT JOIN customers_identity named
        ON named.kind = 'user_id' AND named.value_hash = decode(told.user_hash, 'hex')
    WHERE link.customer_id = %(kept)s AND link.since >= %(since)s AND link.kind = told.kind
      AND link.value_hash = decode(told.value_hash, 'hex')
      AND coalesce(direct.merged_into_id, direct.id, named.customer_id) = %(gone)s
"""


_DROP_COPIES: Final = """
    -- A file that tells an address of one of them by his old number gives it to the one that
    -- stays. It is not that one's any more: messages to him would reach the other.
    DELETE FROM customers_identity copy USING customers_merge merge
    WHERE merge.id = %(merge)s AND copy.customer_id = merge.kept_id
      AND copy.id > (merge.filled ->> 'identities_upto')::bigint
      AND EXISTS (
          SELECT FROM customers_identity theirs
          JOIN customers_customer leaving ON leaving.id = theirs.customer_id
          WHERE theirs.kind = copy.kind AND theirs.value_hash = copy.value_hash
            AND (leaving.id = merge.gone_id OR leaving.merged_into_id = merge.gone_id))
"""


_NAMES: Final = """
    SELECT DISTINCT user_id, CASE WHEN user_id IS NULL THEN anonymous_id END
    FROM customers_event
    WHERE customer_id = %(kept)s AND received_at >= %(since)s
      AND coalesce(user_id, anonymous_id) IS NOT NULL
"""


_RETURN_EVENTS: Final = """
    -- Whose an event is, as when it was stored: the institution's number first, else a linked
    -- identifier. What names nobody, such as an act on a message, stays where it is.
    WITH told AS (
        SELECT told.user_id, told.anonymous_id,
               coalesce(direct.merged_into_id, direct.id, linked.customer_id) AS owner_id
        FROM jsonb_to_recordset(%(rows)s::jsonb) AS told (
            user_id text, anonymous_id text, kind text, value_hash text)
        LEFT JOIN customers_customer direct
            ON direct.customer_no = told.user_id AND direct.status <> 'erased'
        LEFT JOIN customers_identity linked
            ON linked.kind = told.kind AND linked.value_hash = decode(told.value_hash, 'hex'))
    UPDATE customers_event event SET customer_id = told.owner_id
    FROM told
    WHERE event.customer_id = %(kept)s AND event.received_at >= %(since)s
      AND told.owner_id <> %(kept)s AND (told.owner_id = %(gone)s OR %(is_late)s)
      AND (event.user_id = told.user_id OR (
          event.user_id IS NULL AND told.user_id IS NULL
          AND event.anonymous_id = told.anonymous_id))
"""


_LATE_UNDOES: Final = """
    -- Those an event may still have been stored beside while they were made.
    SELECT DISTINCT kept_id, gone_id FROM customers_merge
    WHERE undoes_id IS NOT NULL AND at > %(since)s
"""


def return_told(*, merge: int, kept: int, gone: int, since: datetime) -> None:
    """Give one who leaves what named him while they were one: browsers and earlier ids that were
    linked by his name, events told by a name of his, and what was told of his own addresses again.
    After his own names are his again.

    Parameters
    ----------
    merge : the one that is undone
    since : when it was made, or a little earlier
    """
    execute(_DROP_COPIES, {"merge": merge})
    named = {"kept": kept, "since": since}
    ring = keyring()
    links = [
        {
            "kind": kind,
            "value_hash": ring.lookup_hash(kind, value).hex(),
            "user_id": user_id,
            "user_hash": ring.lookup_hash("user_id", user_id).hex(),
        }
        for kind, value, user_id in rows(_LINKS, named)
    ]
    if links:
        execute(_RETURN_LINKS, {**named, "gone": gone, "rows": as_json(links)})
    _return_events(kept=kept, gone=gone, since=since, is_late=False)


def return_late(since: datetime) -> None:
    """The same of events that were being stored while a merge since then was undone: each goes to
    whoever its name is by now."""
    for kept, gone in rows(_LATE_UNDOES, {"since": since}):
        _return_events(kept=kept, gone=gone, since=since, is_late=True)


def _return_events(*, kept: int, gone: int, since: datetime, is_late: bool) -> None:
    named = {"kept": kept, "since": since}
    if names := list(_hashed(rows(_NAMES, named))):
        told = {**named, "gone": gone, "is_late": is_late, "rows": as_json(names)}
        execute(_RETURN_EVENTS, told)


def _hashed(names: Iterable[tuple[Any, ...]]) -> Iterable[dict[str, str | None]]:
    ring = keyring()
    for user_id, anonymous_id in names:
        kind, value = ("user_id", user_id) if user_id else ("anonymous_id", anonymous_id)
        yield {
            "user_id": user_id,
            "anonymous_id": anonymous_id,
            "kind": kind,
            "value_hash": ring.lookup_hash(kind, value).hex(),
        }
