"""The shipped tags: put them into the dictionary, and keep their values up to date."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from customers.models import Attribute
from customers.vocabulary import TagSource
from segments.actions.tags import Meaning, define_tag, revise_tag
from segments.catalogue.shipped import ShippedTag, shipped_tags
from segments.models import Refresh, Tag, TagState, TagVersion, ValueWalk
from segments.queries.rules import hold_rules
from segments.queries.tags import as_heard, hold_names
from segments.queries.value_sql import VALUES
from segments.queries.values import next_range, shipped_values, write_values

EVERY: Final = {
    Refresh.HOURLY: timedelta(hours=1),
    Refresh.DAILY: timedelta(days=1),
}


@transaction.atomic
def ship_tags(*, now: datetime) -> int:
    """Put those of the catalogue into the dictionary that it does not know; how many.

    A tag that is there already, by key or name, stays as its owner made it; one whose source was
    missing, and which nobody touched, gets the version that the catalogue has by now. Values come
    with the attribute that holds them, so that rules may ask for it; one that a file brought along
    is nobody's to overwrite, and such a value is not shipped.
    """
    hold_names()
    hold_rules()  # the audit trail is held from the first tag on: nobody may wait for it with these
    known = Tag.objects.values_list("key", "name_en", "name_zh")
    taken = {as_heard(word) for names in known for word in names}
    foreign = set(Attribute.objects.values_list("key", flat=True))
    free = [tag for tag in shipped_tags() if not (tag.is_value and tag.key in foreign)]
    fresh = [
        tag for tag in free if taken.isdisjoint(map(as_heard, (tag.key, tag.name_en, tag.name_zh)))
    ]
    waiting = _untouched_without_source()
    supplied = [tag for tag in free if tag.key in waiting and _meaning(tag) != waiting[tag.key]]
    Attribute.objects.bulk_create(_attribute(tag) for tag in (*fresh, *supplied) if tag.is_value)
    for tag in fresh:
        _ship(tag, now)
    for tag in supplied:
        revise_tag(key=tag.key, meaning=_meaning(tag), author=None, now=now)
    return len(fresh) + len(supplied)


def _untouched_without_source() -> dict[str, Meaning]:
    """What they mean so far, by key."""
    touched = TagVersion.objects.filter(tag=OuterRef("tag"), made_by__isnull=False)
    waiting = TagVersion.objects.filter(~Exists(touched), tag__state=TagState.MISSING)
    told = waiting.order_by("number").values_list("tag__key", *Meaning.__slots__)
    return {key: Meaning(**dict(zip(Meaning.__slots__, said, strict=True))) for key, *said in told}


def _attribute(tag: ShippedTag) -> Attribute:
    value = VALUES[tag.key]
    return Attribute(
        key=tag.key,
        type=value.kind,
        label_en=tag.name_en,
        label_zh=tag.name_zh,
        is_derived=value.is_derived,
    )


def _ship(tag: ShippedTag, now: datetime) -> None:
    define_tag(
        key=tag.key,
        namespace=tag.namespace,
        name_en=tag.name_en,
        name_zh=tag.name_zh,
        meaning=_meaning(tag),
        author=None,
        now=now,
    )


def _meaning(tag: ShippedTag) -> Meaning:
    return Meaning(
        owner=tag.owner,
        scene=tag.scene,
        purpose=tag.purpose,
        definition=tag.definition,
        source=TagSource(tag.source),
        rule=tag.rule,
        ttl_days=tag.ttl_days,
        refresh=Refresh(tag.refresh),
        missing=tag.missing,
    )


@transaction.atomic
def walk_values(*, now: datetime) -> int | None:
    """Compute the values of the next thousand customers that are due; None when none are.

    A walk begins anew an hour, or a day, after the one before began. Whoever walks holds its row:
    two never walk the same way.
    """
    of = shipped_values()
    if not of:
        return None
    for refresh in EVERY:
        ValueWalk.objects.get_or_create(refresh=refresh, defaults={"next_at": now})
    walk = (
        ValueWalk.objects.select_for_update(skip_locked=True)
        .filter(Q(next_at__lte=now) | Q(after_id__gt=0))
        .order_by("next_at")
        .first()
    )
    if walk is None:
        return None
    refresh = Refresh(walk.refresh)
    upto = next_range(walk.after_id)
    if walk.after_id == 0:
        walk.next_at = max(walk.next_at, now - EVERY[refresh]) + EVERY[refresh]
    written = 0
    if upto is not None:
        written = write_values(of=of, refresh=refresh, after=walk.after_id, upto=upto, now=now)
    walk.after_id = upto or 0
    walk.save(update_fields=["after_id", "next_at"])
    return written
