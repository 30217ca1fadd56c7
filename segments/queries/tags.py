"""The dictionary of tags, as rules and pages ask for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from unicodedata import normalize

from compliance.sentences import Language
from customers.queries.database import rows
from segments.catalogue.shipped import valued_tags
from segments.models import Tag, TagState, TagVersion

# Before a term ends, so that no moment is left in which the tag is over though its rule is met.
RENEWED_BEFORE: Final = timedelta(minutes=1)
_NAMES_LOCK: Final = 0x746167  # "tag"

_STILL_MET: Final = """
    -- Whose tag is about to end while he meets its rule: tag, customer, days of the term.
    SELECT g.key, t.customer_id, v.ttl_days
    FROM customers_tagging t
    JOIN segments_tag g ON g.key = t.tag
    JOIN segments_segment s ON s.tag_id = g.id AND s.archived_at IS NULL AND s.held_at IS NULL
    JOIN segments_membership m
        ON m.segment_id = s.id AND m.customer_id = t.customer_id AND m.left_at IS NULL
    JOIN LATERAL (SELECT ttl_days FROM segments_tagversion
                  WHERE tag_id = g.id ORDER BY number DESC LIMIT 1) v ON true
    WHERE t.valid_until <= %(soon)s AND t.source = 'rule'
    ORDER BY t.valid_until LIMIT %(limit)s
"""
_UNTAGGED: Final = """
    SELECT m.customer_id FROM segments_membership m
    WHERE m.segment_id = %(segment)s AND m.left_at IS NULL AND NOT EXISTS (
        SELECT FROM customers_tagging t WHERE t.customer_id = m.customer_id AND t.tag = %(tag)s)
"""
_TERM: Final = """
    SELECT g.key, v.ttl_days FROM segments_tag g
    JOIN LATERAL (SELECT ttl_days FROM segments_tagversion
                  WHERE tag_id = g.id ORDER BY number DESC LIMIT 1) v ON true
    WHERE g.id = %(tag)s
"""


def segment_key(tag: str) -> str:
    """Under which key the members of a tag's rule are followed; no segment can be called so."""
    return f"tag:{tag}"


def still_met(*, now: datetime, limit: int) -> Mapping[tuple[str, int], list[int]]:
    """Customers whose tag ends within a minute although they meet its rule, by tag and term."""
    found: dict[tuple[str, int], list[int]] = {}
    told = {"soon": now + RENEWED_BEFORE, "limit": limit}
    for tag, customer, days in rows(_STILL_MET, told):
        found.setdefault((tag, days), []).append(customer)
    return found


def untagged(*, segment_id: int, tag: str) -> list[int]:
    """Who meets a tag's rule and does not carry it."""
    return [row[0] for row in rows(_UNTAGGED, {"segment": segment_id, "tag": tag})]


def term_of(tag_id: int) -> tuple[str, int]:
    """A tag's key and its term in days."""
    key, days = rows(_TERM, {"tag": tag_id})[0]
    return key, days


def names_of(keys: Sequence[str], language: Language) -> dict[str, str]:
    """How these tags are called; those the dictionary does not know are left out."""
    return {tag.key: tag.label(language) for tag in Tag.objects.filter(key__in=keys)}


def versions_in_force() -> list[TagVersion]:
    """The newest version of every tag, with its tag, by the tag's key."""
    newest = TagVersion.objects.order_by("tag__key", "-number").distinct("tag__key")
    return list(newest.select_related("tag"))


def hold_names() -> None:
    """Let nobody else change the dictionary until the transaction ends.

    Two who choose the same name at once come one after the other: the second finds the first's.
    Take it before a tag's own row, `hold_rules` and the audit trail: whoever changes many tags
    keeps what the first one took.
    """
    rows("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _NAMES_LOCK})


def as_heard(name: str) -> str:
    """A tag's key or name as people tell it from others: whatever its case, width and spaces.

    >>> as_heard("High  value") == as_heard("high ｖalue")
    True
    """
    return " ".join(normalize("NFKC", name).casefold().split())


def of_same_name(**names: str) -> tuple[Tag, str] | None:
    """The tag that is called so already, and by which of ``key``, ``name_en``, ``name_zh``."""
    heard = {field: as_heard(name) for field, name in names.items()}
    for tag_id, *known in Tag.objects.order_by("id").values_list("pk", *names):
        for field, name in zip(names, known, strict=True):
            if as_heard(name) == heard[field]:
                return Tag.objects.get(pk=tag_id), field
    return None


def held_for_saving(tag_id: int) -> Tag | None:
    """The tag as it is now, and stays until the transaction ends; None without one."""
    hold_names()
    return Tag.objects.select_for_update(no_key=True).filter(pk=tag_id).first()


def tag_labels() -> dict[str, dict[Language, str]]:
    """What each tag of the dictionary is called, by key. Reads some hundred rows."""
    names = Tag.objects.values_list("key", "name_en", "name_zh")
    return {key: {"en": english, "zh": chinese} for key, english, chinese in names}


def known_tags() -> frozenset[str]:
    """Tags of the dictionary that customers carry; what has a value is asked for as a field."""
    in_use = Tag.objects.filter(state__in=[TagState.ACTIVE, TagState.RETIRING])
    return frozenset(in_use.values_list("key", flat=True)) - valued_tags()


def retired_tags() -> frozenset[str]:
    """Tags that no rule may name any more."""
    return frozenset(Tag.objects.filter(state=TagState.RETIRED).values_list("key", flat=True))
