"""Reads of floor 2: rules against the tables, sizes, members."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from django.conf import settings

from customers.models import Attribute, EventType
from customers.queries.database import rows
from segments.errors import Code, RuleError
from segments.models import Segment
from segments.queries.tags import known_tags, retired_tags, segment_key, tag_labels
from segments.rules.catalog import Catalog, Field, FieldType
from segments.rules.check import Checked, References, chain_to, check
from segments.rules.compile import compile_rule
from segments.rules.literals import refuse_persons
from segments.rules.parse import parse
from segments.rules.statement import Fragment

Name = TypeVar("Name", bound=Hashable)
_RULES_LOCK: Final = 7_261_833_007

# The other floors' names a rule may say. Journeys live upstairs: only their keys are read here.
_JOURNEYS = "SELECT key FROM campaigns_journey"
_CALLED = "SELECT key, name FROM campaigns_journey"
# A loose index scan: one probe of the index per distinct name instead of every row.
_DISTINCT = """
WITH RECURSIVE names AS (
    (SELECT {column} AS name FROM {table} ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT t.{column} FROM {table} t WHERE t.{column} > n.name ORDER BY t.{column} LIMIT 1)
    FROM names n WHERE n.name IS NOT NULL
)
SELECT name FROM names WHERE name IS NOT NULL
"""
_EVENTS = _DISTINCT.format(table="customers_event", column="name")
_TAGS = _DISTINCT.format(table="customers_tagging", column="tag")


def catalog() -> Catalog:
    """The fields marketers may filter by: built-in ones and those that imports brought."""
    return Catalog.build(
        Field(
            name=attribute.key,
            type=FieldType(attribute.type),
            label_en=attribute.label_en,
            label_zh=attribute.label_zh,
        )
        for attribute in Attribute.objects.all()
    )


def spoken_catalog() -> Catalog:
    """As `catalog`, with what tags, events, segments and journeys are called: for rules that people
    read.
    """
    names = Segment.objects.filter(tag=None).values_list("key", "name")
    planned = EventType.objects.values_list("name", "title_en", "title_zh")
    return replace(
        catalog(),
        tags=tag_labels(),
        events={name: {"en": en or zh, "zh": zh or en} for name, en, zh in planned},
        segments=dict(names),
        journeys=dict(rows(_CALLED, {})),
    )


def event_names() -> frozenset[str]:
    """Every event received so far."""
    return _names(_EVENTS)


def references(*, own_key: str | None = None, assumed: Collection[str] = ()) -> References:
    """Every name a rule may refer to; ``assumed`` ones are taken as known, whatever they name."""
    saved = dict(Segment.objects.filter(archived_at=None).values_list("key", "rule"))
    # A tag that a rule asks for is one, also while nobody carries it.
    asked = {tag for rule in saved.values() for tag in named("tag", rule)}
    tags = _names(_TAGS).union(assumed, asked, known_tags()) - retired_tags()
    return References(
        segments={**dict.fromkeys(assumed, frozenset()), **_dependencies(saved)},
        tags=tags,
        journeys=_names(_JOURNEYS).union(assumed),
        events=event_names().union(assumed),
        own_key=own_key,
    )


def check_rule(
    raw: object, *, own_key: str | None = None, assumed: Collection[str] = ()
) -> Checked:
    """Parse and check a rule against what this installation knows. Raises `RuleError`."""
    known = references(own_key=own_key, assumed=assumed)
    return check(parse(raw), catalog=catalog(), references=known)


def check_new_rule(
    raw: object, *, own_key: str | None = None, assumed: Collection[str] = ()
) -> Checked:
    """As `check_rule`, of one that is yet to be stored: it may not name persons."""
    checked = check_rule(raw, own_key=own_key, assumed=assumed)
    refuse_persons(raw)
    return checked


def hold_rules() -> None:
    """Let nobody else save, archive or revive a segment until the transaction ends.

    What a rule may name depends on all others: two who saved at once would not see each other, and
    could close a circle or name what is just being archived. Take it before a segment's own row.
    """
    rows("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _RULES_LOCK})


def refuse_circle(raw: object, *, own_key: str) -> None:
    """A rule may not lead back to itself, neither by segments nor by tags that rules give.

    Raises RuleError: it does; a tag would go and come with every look.
    """
    saved = dict(Segment.objects.filter(archived_at=None).values_list("key", "rule"))
    depends = _dependencies({**saved, own_key: raw})
    for start in sorted(depends[own_key]):
        if chain := chain_to(start, own_key, depends):
            raise RuleError(Code.CYCLE, "", chain=" → ".join((own_key, *chain)))


def _dependencies(saved: Mapping[str, object]) -> dict[str, frozenset[str]]:
    """Which segments, and rules of tags, each rule leads to."""
    return {
        key: frozenset(named("segment", rule))
        | {of for tag in named("tag", rule) if (of := segment_key(tag)) in saved}
        for key, rule in saved.items()
    }


def checked_rules(raw: Mapping[str, object]) -> dict[str, Checked | RuleError]:
    """The rules by their segments' keys, checked at once, or why one cannot be run."""
    return check_each(raw, known=references(), fields=catalog())


def check_each(
    raw: Mapping[str, object], *, known: References, fields: Catalog
) -> dict[str, Checked | RuleError]:
    """As `checked_rules`, against what is known already."""
    found: dict[str, Checked | RuleError] = {}
    for key, rule in raw.items():
        try:
            found[key] = check(parse(rule), catalog=fields, references=replace(known, own_key=key))
        except RuleError as error:
            found[key] = error
    return found


def rule_sql(
    checked: Checked, *, now: datetime, ids: Sequence[int] | None = None, prefix: str = "p"
) -> Fragment:
    """The rule as a SELECT of customer ids."""
    return compile_rule(checked, now=now, zone=settings.TIME_ZONE, ids=ids, prefix=prefix)


def matching(
    rules: Mapping[Name, Checked], ids: Sequence[int], *, now: datetime
) -> dict[int, frozenset[Name]]:
    """Which of the named rules each of these customers meets, in one statement."""
    found: dict[int, set[Name]] = {}
    if not rules or not ids:
        return {}
    parts: list[str] = []
    params: dict[str, object] = {}
    for number, checked in enumerate(rules.values()):
        fragment = rule_sql(checked, now=now, ids=ids, prefix=f"r{number}_")
        parts.append(f"SELECT {number:d} AS number, id FROM ({fragment.sql}) m{number}")
        params |= fragment.params
    names = list(rules)
    for number, customer_id in rows(" UNION ALL ".join(parts), params):
        found.setdefault(customer_id, set()).add(names[number])
    return {customer_id: frozenset(met) for customer_id, met in found.items()}


def named(kind: str, rule: object) -> set[str]:
    """What a stored rule names by this word, wherever it stands."""
    found: set[str] = set()
    stack = [rule]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            if isinstance(key := node.get(kind), str):
                found.add(key)
            stack.extend(node.values())
    return found


def _names(sql: str) -> frozenset[str]:
    return frozenset(row[0] for row in rows(sql, {}))
