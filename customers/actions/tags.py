"""Give tags, take them, and heed who does not want one."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from compliance.actions import record
from customers.actions.rights import explained, standing
from customers.errors import RightRefused
from customers.models import Attribute, Tagging, TagRank, TagRefusal, TagTerm
from customers.queries.database import as_array, execute
from customers.queries.rights import ids_of
from customers.queries.tags import (
    END_DUE,
    FORGET_ATTRIBUTE,
    GIVE,
    GIVE_STAGED,
    LET_GIVE,
    REFUSE_NOT_GIVEN,
    TAKE,
    TAKE_STAGED,
)
from customers.vocabulary import TagSource


@transaction.atomic
def give_tag(
    *,
    customer_ids: Sequence[int],
    tag: str,
    source: TagSource,
    until: datetime | None,
    now: datetime,
) -> int:
    """Tag these customers, or renew the term of those who have the tag; how many rows changed.

    Left out: who is no active customer, who refused this tag, and who refuses personalisation. One
    statement, whatever the number.
    """
    told = {
        "ids": as_array(customer_ids),
        "tag": tag,
        "source": source.value,
        "until": until,
        "now": now,
    }
    return execute(GIVE, told)


@transaction.atomic
def rank_tags(usefulness: Mapping[str, float]) -> None:
    """From now on tags are shown in this order, the greatest first, then those not named here."""
    TagRank.objects.all().delete()
    TagRank.objects.bulk_create(TagRank(tag=tag, usefulness=u) for tag, u in usefulness.items())


@transaction.atomic
def let_give(*, tag: str, source: TagSource, ttl_days: int) -> None:
    """From now on files may give this tag, each time for so many days."""
    execute(LET_GIVE, {"tag": tag, "source": source.value, "ttl_days": ttl_days})


@transaction.atomic
def stop_giving(*, tag: str) -> None:
    """From now on no file may; what was given holds until its term is over."""
    TagTerm.objects.filter(tag=tag).delete()


@transaction.atomic
def give_staged_tags(*, load: int, now: datetime) -> int:
    """Give and take the tags of a staged file; how many rows were refused.

    Refused are rows whose term is over already, and those of customers who refuse the tag or
    personalisation, or are restricted. Three statements, whatever the number of rows.
    """
    told = {"load": load, "now": now}
    execute(GIVE_STAGED, told)
    execute(TAKE_STAGED, told)
    return execute(REFUSE_NOT_GIVEN, told)


@transaction.atomic
def end_due_tags(*, now: datetime, limit: int) -> int:
    """Remove tags whose term is over, the oldest first; how many."""
    return execute(END_DUE, {"now": now, "limit": limit})


@transaction.atomic
def take_tag(*, tag: str, has_value: bool = False) -> int:
    """Remove a tag from everybody; how many had it.

    ``has_value``: it is an attribute, which no rule may name any more; whoever computes the values
    takes them out.
    """
    if has_value:
        Attribute.objects.filter(key=tag).delete()
    return execute(TAKE, {"tag": tag})


@transaction.atomic
def refuse_tag(*, customer_no: str, tag: str, actor: str, why: str, now: datetime) -> None:
    """Delete a customer's tag as he asked; nobody gives it to him again until he allows it.

    A value kept under the tag's name goes, too, if it was derived from his data.

    Raises RightRefused: nobody has the number, he has no such tag, or no reason was given.
    """
    customer = standing(customer_no)
    explained(why)
    ids = ids_of(customer)
    told = {"customer": customer.pk, "tag": tag, "now": now}
    gone, _rows = Tagging.objects.filter(customer__in=ids, tag=tag).delete()
    if not gone + execute(FORGET_ATTRIBUTE, told):
        raise RightRefused("no_tag", _("This customer has no such tag."))
    TagRefusal.objects.get_or_create(customer_id=customer.pk, tag=tag, defaults={"refused_at": now})
    _note("tag.refuse", customer.pk, tag, actor=actor, why=why, now=now)


@transaction.atomic
def allow_tag(*, customer_no: str, tag: str, actor: str, why: str, now: datetime) -> None:
    """Take back a refusal: the tag is given again when its rule is next met.

    Raises RightRefused: nobody has the number, he refused no such tag, or no reason was given.
    """
    customer = standing(customer_no)
    explained(why)
    gone, _rows = TagRefusal.objects.filter(customer__in=ids_of(customer), tag=tag).delete()
    if not gone:
        raise RightRefused("no_refusal", _("This customer did not refuse this tag."))
    _note("tag.allow", customer.pk, tag, actor=actor, why=why, now=now)


def _note(action: str, customer_id: int, tag: str, *, actor: str, why: str, now: datetime) -> None:
    detail = {"tag": tag, "why": why.strip()}
    record(actor=actor, action=action, subject=str(customer_id), now=now, detail=detail)
