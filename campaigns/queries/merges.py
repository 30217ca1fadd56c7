"""Journeys after customers became one, or two again."""

from typing import Final

UNFOLLOWED: Final = """
SELECT m.id, m.kept_id, m.gone_id, m.undoes_id FROM customers_merge m
WHERE NOT EXISTS (SELECT FROM campaigns_followedmerge f WHERE f.merge_id = m.id)
ORDER BY m.id LIMIT %(most)s
"""


# Of several open runs through one journey the oldest goes on. Its fence rises, so that a worker
# which is deciding about it, or about one that ends, writes nothing.
EXIT_YOUNGER: Final = """
WITH person AS (
    SELECT kept_id, gone_id AS id FROM customers_merge WHERE id = ANY(%(merges)s::bigint[])
    UNION SELECT kept_id, kept_id FROM customers_merge WHERE id = ANY(%(merges)s::bigint[])
), open AS (
    SELECT e.id, row_number() OVER (
        PARTITION BY person.kept_id, e.journey_id ORDER BY e.entered_at, e.id) AS place
    FROM person JOIN campaigns_enrolment e ON e.customer_id = person.id
    WHERE e.state IN ('active', 'waiting')
)
UPDATE campaigns_enrolment e
SET state = 'exited', exit_reason = 'merged', due_at = NULL, finished_at = %(now)s,
    lease_owner = '', lease_until = NULL, fence = e.fence + 1
FROM open WHERE e.id = open.id AND open.place > 1
RETURNING e.id
"""


# Past runs go over as well: who has walked a journey under either name does not enter it again.
MOVE_ENROLMENTS: Final = """
WITH pair AS (
    SELECT id AS merge_id, kept_id, gone_id FROM customers_merge
    WHERE id = ANY(%(merges)s::bigint[])
), moving AS (
    SELECT e.id, pair.merge_id, pair.kept_id, e.entry_no, row_number() OVER (
        PARTITION BY pair.kept_id, e.journey_id
        ORDER BY e.state IN ('active', 'waiting'), e.entered_at, e.id) + coalesce((
            SELECT max(k.entry_no) FROM campaigns_enrolment k
            WHERE k.customer_id = pair.kept_id AND k.journey_id = e.journey_id), 0) AS entry
    FROM pair JOIN campaigns_enrolment e ON e.customer_id = pair.gone_id
), noted AS (
    INSERT INTO campaigns_movedenrolment (merge_id, enrolment_id, entry_no)
    SELECT merge_id, id, entry_no FROM moving
), touched AS (
    UPDATE campaigns_touch t SET customer_id = moving.kept_id FROM moving
    WHERE t.enrolment_id = moving.id AND t.state IN ('queued', 'deferred') AND NOT t.may_be_sent
)
UPDATE campaigns_enrolment e
SET customer_id = moving.kept_id, entry_no = moving.entry, fence = e.fence + 1,
    lease_owner = '', lease_until = NULL
FROM moving WHERE e.id = moving.id
"""


# Between the undoing and this he may have entered a journey anew: the run that comes back goes on.
EXIT_ENTERED_ANEW: Final = """
UPDATE campaigns_enrolment e
SET state = 'exited', exit_reason = 'merged', due_at = NULL, finished_at = %(now)s,
    lease_owner = '', lease_until = NULL, fence = e.fence + 1
FROM customers_merge merge
WHERE merge.id = %(merge)s AND e.customer_id = merge.gone_id AND e.state IN ('active', 'waiting')
  AND EXISTS (
    SELECT FROM campaigns_movedenrolment moved
    JOIN campaigns_enrolment back ON back.id = moved.enrolment_id
    WHERE moved.merge_id = merge.id AND back.customer_id = merge.kept_id
      AND back.journey_id = e.journey_id AND back.state IN ('active', 'waiting'))
RETURNING e.id
"""


# What he entered meanwhile comes after what comes back, above all numbers that there are.
MAKE_ROOM: Final = """
WITH room AS (
    SELECT merge.gone_id, back.journey_id, greatest(max(moved.entry_no), (
        SELECT max(own.entry_no) FROM campaigns_enrolment own
        WHERE own.customer_id = merge.gone_id AND own.journey_id = back.journey_id)) AS taken
    FROM campaigns_movedenrolment moved
    JOIN customers_merge merge ON merge.id = moved.merge_id
    JOIN campaigns_enrolment back
      ON back.id = moved.enrolment_id AND back.customer_id = merge.kept_id
    WHERE moved.merge_id = %(merge)s GROUP BY merge.gone_id, back.journey_id
)
UPDATE campaigns_enrolment e SET entry_no = e.entry_no + room.taken FROM room
WHERE e.customer_id = room.gone_id AND e.journey_id = room.journey_id
"""


RETURN_ENROLMENTS: Final = """
WITH going AS (
    SELECT moved.enrolment_id, moved.entry_no, merge.kept_id, merge.gone_id
    FROM campaigns_movedenrolment moved JOIN customers_merge merge ON merge.id = moved.merge_id
    WHERE moved.merge_id = %(merge)s
), touched AS (
    UPDATE campaigns_touch t SET customer_id = going.gone_id FROM going
    WHERE t.enrolment_id = going.enrolment_id AND t.customer_id = going.kept_id
      AND t.state IN ('queued', 'deferred') AND NOT t.may_be_sent
)
UPDATE campaigns_enrolment e
SET customer_id = going.gone_id, entry_no = going.entry_no, fence = e.fence + 1,
    lease_owner = '', lease_until = NULL
FROM going WHERE e.id = going.enrolment_id AND e.customer_id = going.kept_id
"""


NOTE_FOLLOWED: Final = """
INSERT INTO campaigns_followedmerge (merge_id, at)
SELECT id, %(now)s FROM customers_merge WHERE id = ANY(%(merges)s::bigint[])
ON CONFLICT DO NOTHING
"""
