"""The dictionary of tags: define, give a new meaning, retire."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from compliance.actions import record
from compliance.models import User
from compliance.sentences import Sentence
from customers.actions.tags import let_give, stop_giving, take_tag
from customers.vocabulary import TagSource
from segments.actions.save import SYSTEM, save_segment
from segments.catalogue.shipped import filled_fields, valued_tags
from segments.catalogue.words import said
from segments.errors import TagProblem, TagRefused
from segments.models import Refresh, Segment, Tag, TagState, TagVersion
from segments.queries.rules import hold_rules
from segments.queries.tags import hold_names, of_same_name, segment_key
from segments.queries.values import shipped_values

NOTICE: Final = timedelta(days=30)
GIVEN_BY_OTHERS: Final = (TagSource.API, TagSource.FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a version of a tag says. ``rule``: segment rule JSON, where the source is a rule."""

    owner: str
    scene: str
    purpose: str
    definition: str
    source: TagSource
    ttl_days: int
    refresh: Refresh = Refresh.LIVE
    rule: object = None
    missing: str = ""


@transaction.atomic
def define_tag(
    *,
    key: str,
    namespace: str,
    name_en: str,
    name_zh: str,
    meaning: Meaning,
    author: User | None,
    now: datetime,
) -> Tag:
    """Put a tag into the dictionary; a rule tag is followed from now on.

    Raises
    ------
    TagRefused : owner, scene, purpose, definition or term is missing, or a tag of this key or
        name is there already: both owners are named.
    RuleError : the rule is wrong.
    """
    hold_names()
    if taken := of_same_name(key=key, name_en=name_en, name_zh=name_zh):
        same, place = taken
        raise TagRefused(
            TagProblem.TAKEN, f"/{place}", key=same.key, theirs=_owner(same), yours=meaning.owner
        )
    tag = Tag.objects.create(
        key=key,
        namespace=namespace,
        name_en=name_en,
        name_zh=name_zh,
        state=TagState.MISSING if meaning.missing else TagState.ACTIVE,
        created_at=now,
    )
    return _put(tag, meaning, 1, author, now)


@transaction.atomic
def revise_tag(*, key: str, meaning: Meaning, author: User | None, now: datetime) -> Tag:
    """Give a tag a new version; the ones before stay as they were.

    Only its owner's word changes what a tag means: another owner is refused, naming both, unless
    the meaning stays and only the owner changes.

    Raises TagRefused, RuleError: as `define_tag`, or the tag is unknown or retired.
    """
    tag = _held(key)
    if tag is None:
        raise TagRefused(TagProblem.UNKNOWN, "/key", key=key)
    if tag.state == TagState.RETIRED:
        raise TagRefused(TagProblem.RETIRED, "/key", key=key)
    before = tag.newest
    is_new = (before.rule, before.definition) != (meaning.rule, meaning.definition)
    if before.owner != meaning.owner and is_new:
        raise TagRefused(
            TagProblem.TAKEN, "/owner", key=key, theirs=_owner(tag), yours=meaning.owner
        )
    if tag.state != TagState.RETIRING:
        tag.state = TagState.MISSING if meaning.missing else TagState.ACTIVE
        tag.save(update_fields=["state"])
    return _put(tag, meaning, before.number + 1, author, now)


@transaction.atomic
def retire_tag(*, key: str, author: User, now: datetime) -> Tag:
    """Announce a tag's end: whoever names it has thirty days to do without.

    Raises TagRefused: the tag is unknown or retired, or a field that the product fills anyway.
    """
    if key in filled_fields():
        raise TagRefused(TagProblem.BUILT_IN, "/key", key=key)
    tag = _held(key)
    if tag is None:
        raise TagRefused(TagProblem.UNKNOWN, "/key", key=key)
    if tag.state == TagState.RETIRED:
        raise TagRefused(TagProblem.RETIRED, "/key", key=key)
    if tag.state != TagState.RETIRING:
        tag.state, tag.retires_at = TagState.RETIRING, now + NOTICE
        tag.save(update_fields=["state", "retires_at"])
        until = tag.retires_at.isoformat()
        _note("tag.retire", key, author.username, now, {"until": until})
    return tag


@transaction.atomic
def keep_tag(*, key: str, author: User, now: datetime) -> Tag:
    """Take the announcement back.  Raises TagRefused: the tag is not retiring."""
    tag = _held(key)
    if tag is None or tag.state != TagState.RETIRING:
        raise TagRefused(TagProblem.NOT_RETIRING, "/key", key=key)
    tag.state = TagState.MISSING if tag.newest.missing else TagState.ACTIVE
    tag.retires_at = None
    tag.save(update_fields=["state", "retires_at"])
    _tell_files(tag, tag.newest.source, tag.newest.ttl_days)
    _note("tag.keep", key, author.username, now, {})
    return tag


@transaction.atomic
def end_retired_tags(*, now: datetime) -> int:
    """Take tags whose notice is over from everybody; how many tags.

    Rules that still name one cannot be run from then on: their segments hold their members.
    """
    hold_names()
    hold_rules()
    ending = list(
        Tag.objects.select_for_update(no_key=True, skip_locked=True).filter(
            state=TagState.RETIRING, retires_at__lte=now
        )
    )
    for tag in ending:
        tag.state = TagState.RETIRED
        tag.save(update_fields=["state"])
        Segment.objects.filter(tag=tag).update(archived_at=now)
        stop_giving(tag=tag.key)
        taken = take_tag(tag=tag.key, has_value=tag.key in shipped_values())
        _note("tag.end", tag.key, SYSTEM, now, {"customers": taken})
    return len(ending)


def _held(key: str) -> Tag | None:
    """The tag as it is now, and stays until the transaction ends; None without one.

    Its row needs no lock of its own: who changes one holds the names.
    """
    hold_names()
    return Tag.objects.filter(key=key).first()


def _put(tag: Tag, meaning: Meaning, number: int, author: User | None, now: datetime) -> Tag:
    """The next version, the segment that follows its rule, the entry in the audit trail."""
    _complete(meaning)
    TagVersion.objects.create(
        tag=tag, number=number, made_by=author, made_at=now, **asdict(meaning)
    )
    _tell_files(tag, meaning.source, meaning.ttl_days)
    if meaning.source == TagSource.RULE and not meaning.missing:
        save_segment(
            key=segment_key(tag.key),
            name=tag.name_en,
            rule=meaning.rule,
            description=meaning.definition,
            author=author,
            now=now,
            tag=tag,
        )
    else:
        Segment.objects.filter(tag=tag).update(archived_at=now)
    actor = author.username if author else SYSTEM
    _note("tag.save", tag.key, actor, now, {"version": number, **asdict(meaning)})
    return tag


def _tell_files(tag: Tag, source: str, ttl_days: int) -> None:
    """Let the floor below know whether its files may give the tag."""
    is_in_use = tag.state in (TagState.ACTIVE, TagState.RETIRING)
    if is_in_use and source in GIVEN_BY_OTHERS and tag.key not in valued_tags():
        let_give(tag=tag.key, source=TagSource(source), ttl_days=ttl_days)
    else:
        stop_giving(tag=tag.key)


def _owner(tag: Tag) -> Sentence | str:
    return said(tag=tag.key, text=tag.newest.owner)


def _complete(meaning: Meaning) -> None:
    """Raises TagRefused at the first thing that every tag needs and this one lacks."""
    for field in ("owner", "scene", "purpose", "definition"):
        if not getattr(meaning, field).strip():
            raise TagRefused(TagProblem.LACKING, f"/{field}", field=field)
    if meaning.ttl_days < 1:
        raise TagRefused(TagProblem.LACKING, "/ttl_days", field="ttl_days")
    needs_rule = meaning.source == TagSource.RULE and not meaning.missing
    if needs_rule != (meaning.rule is not None):
        raise TagRefused(TagProblem.RULE_AND_SOURCE, "/rule")


def _note(action: str, key: str, actor: str, now: datetime, detail: dict[str, object]) -> None:
    record(actor=actor, action=action, subject=key, now=now, detail=detail)
