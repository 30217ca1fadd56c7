"""The consent ledger."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from customers.models import Consent
from customers.queries.database import as_array, rows
from customers.vocabulary import ConsentState, Purpose

ADD_CONSENTS = """
    INSERT INTO customers_consent
        (customer_id, purpose, channel, state, notice_version, source, evidence, at)
    SELECT customer_id, purpose, channel, state, notice_version, source, evidence, %(now)s
    FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb) AS (
        customer_id bigint, purpose text, channel text, state text, notice_version text,
        source text, evidence jsonb)) WITH ORDINALITY AS given
    ORDER BY given.ordinality
"""


IMPORT_CONSENTS = """
    -- A file may record a first consent or a withdrawal. It never takes a withdrawal back, neither
    -- the customer's own nor one that came from his number or mailbox under another customer: those
    -- customers are returned so that their rows can be flagged.
    -- ``place`` is the one of ``ids``, in which those who were erased are null; in ``known`` those,
    -- too, who were made just now and have said nothing yet.
    WITH told AS (
        SELECT owner.id AS customer_id, owner.known_id, given.*
        FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
            place bigint, purpose text, channel text, state text, notice_version text,
            evidence jsonb)
        JOIN unnest(%(ids)s::bigint[], %(known)s::bigint[]) WITH ORDINALITY
            AS owner (id, known_id, place) USING (place)
        WHERE owner.id IS NOT NULL),
    given AS (
        SELECT given.*, (
            SELECT nullif(state, 'void') FROM customers_consent known
            WHERE known.customer_id = given.known_id AND known.purpose = given.purpose
              AND known.channel = given.channel
            ORDER BY known.id DESC LIMIT 1) AS current, EXISTS (
            SELECT FROM customers_identity mine
            JOIN customers_identity theirs
                ON theirs.kind = mine.kind AND theirs.value_hash = mine.value_hash
                AND theirs.customer_id <> mine.customer_id
            CROSS JOIN LATERAL (
                SELECT state, source FROM customers_consent said
                WHERE said.customer_id = theirs.customer_id AND said.purpose = given.purpose
                  AND said.channel = given.channel
                ORDER BY said.id DESC LIMIT 1) newest
            WHERE given.state = 'granted' AND mine.customer_id = given.customer_id
              AND mine.kind = CASE given.channel
                  WHEN 'email' THEN 'email' WHEN 'push' THEN 'device'
                  WHEN 'wecom' THEN 'unionid' ELSE 'phone' END
              AND newest.state = 'withdrawn' AND newest.source = 'receipt') AS was_stopped
        FROM told given),
    added AS (
        INSERT INTO customers_consent
            (customer_id, purpose, channel, state, notice_version, source, evidence, at)
        SELECT customer_id, purpose, channel, state, notice_version, %(source)s, evidence, %(now)s
        FROM (
            -- Two places may have one id, by a merge: where one of them says no, no counts.
            SELECT DISTINCT ON (customer_id, purpose, channel) * FROM given
            WHERE (current IS NULL AND NOT was_stopped)
               OR (current = 'granted' AND state = 'withdrawn')
            ORDER BY customer_id, purpose, channel, (state = 'withdrawn') DESC, place) AS said)
    SELECT place, channel FROM given
    WHERE state = 'granted' AND (current = 'withdrawn' OR current IS NULL AND was_stopped)
"""


# By what a channel reaches somebody, where it is not his phone: as in the statement above.
KIND_REACHED: Final = {"email": "email", "push": "device", "wecom": "unionid"}


CURRENT_CONSENTS = """
    SELECT DISTINCT ON (customer_id, channel) customer_id, channel, state, id, at,
        source NOT LIKE 'file:%%' AND source <> 'merge',
        coalesce(evidence ->> 'form', ''), coalesce(evidence ->> 'since', ''),
        coalesce(evidence ->> 'register_checked_on', '')
    FROM customers_consent
    WHERE customer_id = ANY(%(ids)s::bigint[]) AND purpose = %(purpose)s
    ORDER BY customer_id, channel, id DESC  -- void is left out by the reader: the newest decides
"""


_STATES: Final = {state.value: state for state in ConsentState}


class Statement(NamedTuple):
    """What was said last, when, and how it is proved. ``number`` rises with each.

    ``is_own``: the person's own word, told by no file and no merge. ``form`` is the evidence's:
    ``{"form": "written"}``, or ``{"form": "implied", "since": "2026-01-31"}`` where a business
    relationship stands for a yes; ``checked_on`` is the day on which the do-not-call register was
    asked, ``{"register_checked_on": "2026-11-02"}``.
    """

    state: ConsentState
    number: int
    at: datetime
    is_own: bool
    form: str
    since: date | None
    checked_on: date | None


def is_carried_from(said: Consent, newest: Consent) -> bool:
    """Whether the newest statement is this one, or what merges made of it."""
    while newest.pk != said.pk and newest.source == "merge":
        earlier = Consent.objects.filter(
            customer_id=newest.evidence["of"],
            purpose=said.purpose,
            channel=said.channel,
            pk__lt=newest.pk,
        )
        newest = earlier.latest("pk")
    return newest.pk == said.pk


def current_statements(
    customer_ids: Sequence[int], purpose: str = Purpose.MARKETING
) -> dict[int, dict[str, Statement]]:
    """The newest statement by channel; who has never said anything is absent.

    Parameters
    ----------
    customer_ids : up to about 1 000, read in one statement
    """
    current: dict[int, dict[str, Statement]] = {}
    told = {"ids": as_array(customer_ids), "purpose": purpose}
    found = rows(CURRENT_CONSENTS, told, binary=True)
    for customer_id, channel, state, number, at, is_own, form, since, checked_on in found:
        if state != ConsentState.VOID:
            current.setdefault(customer_id, {})[channel] = Statement(
                state=_STATES[state],
                number=number,
                at=at,
                is_own=is_own,
                form=form,
                since=_day(since) if since else at.date(),
                checked_on=_day(checked_on) if checked_on else None,
            )
    return current


def _day(told: str) -> date | None:
    """A day of the evidence; None where it tells none."""
    try:
        return date.fromisoformat(told)
    except ValueError:
        return None


def current_consents(
    customer_ids: Sequence[int], purpose: str = Purpose.MARKETING
) -> dict[int, dict[str, ConsentState]]:
    """Only whether each granted or withdrew: see `current_statements`."""
    return {
        customer_id: {channel: said.state for channel, said in by_channel.items()}
        for customer_id, by_channel in current_statements(customer_ids, purpose).items()
    }
