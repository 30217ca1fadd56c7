"""What a person may demand: a copy of everything, that it is right, that it is forgotten."""

import base64
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from compliance.actions import record
from customers.errors import KeyDestroyed, RightRefused
from customers.identifiers import identity_binding, key_id_of, slot_of
from customers.models import Customer, Erasure, Identity
from customers.queries.copies import everything_of
from customers.queries.database import as_array, execute, rows
from customers.queries.identities import keyring
from customers.queries.loads import FORGETTING, RELEASE_LOCK
from customers.queries.locks import lock_people, until_held
from customers.queries.people import kept_number
from customers.queries.person_keys import person_keys
from customers.queries.rights import (
    FORGET,
    FORGET_HELD,
    FORGET_LATE,
    FORGET_TOLD_EARLIER,
    HELD_EVENTS,
    KEEP_HASHES,
    KEYED,
    NAMES,
    SLOTS,
    ids_of,
    retained_until,
)
from customers.vocabulary import CustomerStatus

FORM = 3  # of the document that `export_customer` makes
PERMISSION = "customers.change_customer"
AT_ONCE = 1_000
WALKED_AT_ONCE = 10_000
# The tick comes each hour, and may be missed for some.
LATEST_REQUEST = timedelta(hours=6)
log = logging.getLogger(__name__)


Chapters = Callable[[Sequence[int]], Mapping[str, Any]]


@transaction.atomic
def export_customer(
    *, customer_no: str, actor: str, why: str, now: datetime, chapters: Sequence[Chapters] = ()
) -> Mapping[str, Any]:
    """All that is kept of one person, as a document for machines; the act is audited. Events are
    read when they are gone through.

    Parameters
    ----------
    chapters : what the floors above keep, each from the ids under which the person stands

    Raises RightRefused: nobody has the number, nothing was said of why, or nothing is left of him.
    """
    customer = standing(customer_no)
    explained(why)
    if customer.status == CustomerStatus.ERASED:
        raise RightRefused("erased", _("This customer was erased: nothing can be read any more."))
    record(
        actor=actor,
        action="customer.export",
        subject=str(customer.pk),
        now=now,
        detail={"why": why.strip()},
    )
    ids = ids_of(customer)
    told = {title: part for chapter in chapters for title, part in chapter(ids).items()}
    return {"form": FORM, "made_at": now, **everything_of(customer), **told}


@transaction.atomic
def reveal(*, identity: Identity, actor: str, why: str, now: datetime) -> str:
    """One identifier in clear, for somebody who said why; the act is audited, the value is not.

    Raises RightRefused: nothing was said of why.
    """
    explained(why)
    record(
        actor=actor,
        action="identity.reveal",
        subject=str(identity.customer_id),
        now=now,
        detail={"kind": identity.kind, "identity": identity.pk, "why": why.strip()},
    )
    binding = identity_binding(identity.kind, bytes(identity.value_hash))
    return keyring().decrypt(identity.key_id, bytes(identity.ciphertext), binding)


@transaction.atomic
def set_personalisation(*, customer_no: str, is_off: bool, actor: str, now: datetime) -> None:
    """Heed a person's wish to get nothing that was made for him, or take it back.

    Raises RightRefused: nobody has the number.
    """
    customer = standing(customer_no)
    customer.personalise_off = is_off
    customer.updated_at = now
    customer.save(update_fields=["personalise_off", "updated_at"])
    record(
        actor=actor,
        action="customer.personalisation",
        subject=str(customer.pk),
        now=now,
        detail={"is_off": is_off},
    )


def erase_customer(*, customer_no: str, actor: str, now: datetime) -> Erasure:
    """Forget a person, or, while the law wants him kept, restrict him and forget him then.

    Two transactions: what the tables hold goes first, the keys that open his backups then. Whoever
    dies in between leaves the second to the tick.

    1. His row is locked, under which everything of him stands.
    2. Where a retention duty runs he becomes RESTRICTED: in no segment, model or export, written to
       by nobody. Asked again by a second person, who says that no duty applies, he is erased.
    3. Otherwise he is erased: identifiers, name, attributes, tags and acts become unreadable;
       keyed hashes of his addresses stay, so that nobody writes there again.

    Raises RightRefused: nobody has the number, he is erased already, or the second person is the
    first.
    """
    asked = _erased_or_restricted(customer_no, actor, now)
    if asked.done_at:
        destroy_keys(now=now)
    return asked


@transaction.atomic
def _erased_or_restricted(customer_no: str, actor: str, now: datetime) -> Erasure:
    _let_files_land()
    customer = standing(customer_no)
    if customer.status == CustomerStatus.ERASED:
        raise RightRefused("erased", _("This customer is erased already."))
    asked = Erasure.objects.filter(customer=customer).first()
    if asked is None:
        until, basis = retained_until(customer, on=_day(now))
        asked = Erasure.objects.create(
            customer=customer, asked_by=actor, asked_at=now, retained_until=until, basis=basis
        )
        if until is not None:
            Customer.objects.filter(pk=customer.pk).update(
                status=CustomerStatus.RESTRICTED, updated_at=now
            )
            _tell(asked, "restrict", actor, now)
            return asked
    elif asked.asked_by == actor:
        raise RightRefused(
            "second_person",
            _("A retention duty runs until %(day)s. Only a second person may say that it does not.")
            % {"day": asked.retained_until},
        )
    _forget(asked, actor, now)
    _tell(asked, "erase", actor, now)
    return asked


@transaction.atomic
def erase_expired(*, now: datetime) -> int:
    """Forget those whose retention duty has ended; how many."""
    _let_files_land()
    due = Erasure.objects.select_for_update(skip_locked=True).filter(
        done_at=None, retained_until__lte=_day(now)
    )[:100]
    lock_people([asked.customer_id for asked in due])
    for asked in due:
        _forget(asked, "retention", now)
    # Whoever writes of one of them may wait for the audit trail: it is told when all are held.
    for asked in due:
        _tell(asked, "erase", "retention", now)
    return len(due)


@transaction.atomic
def forget_late(*, now: datetime) -> int:
    """Take away the identifiers, and empty the events, that were stored for somebody while he was
    erased; how many.

    Looks at those erased in the last hours: no request takes longer than seconds.
    """
    since = {"since": now - LATEST_REQUEST}
    return sum(execute(statement, since) for statement in FORGET_LATE)


def destroy_keys(*, now: datetime) -> int:
    """Destroy the keys of who was erased, so that no backup tells of him; how many people's.

    Safe to run twice: the file first, the note of it then. Whoever dies in between is made good by
    the next.
    """
    with transaction.atomic():
        due = list(
            Erasure.objects.select_for_update(skip_locked=True)
            .filter(done_at__isnull=False, keys_destroyed_at=None)
            .order_by("pk")[:AT_ONCE]
        )
        if due:
            person_keys().destroy([slot for erasure in due for slot in erasure.slots])
            Erasure.objects.filter(pk__in=[one.pk for one in due]).update(keys_destroyed_at=now)
    return len(due)


def erase_again(*, actor: str, now: datetime) -> int:
    """After an older backup was restored: erase anew whose keys are destroyed; how many.

    The file of person keys is the list of erasures that no backup takes back. Walks through all
    customers, a batch in a transaction of its own; it can be killed and begun again.
    """
    tree, after, erased = person_keys().tree(), 0, 0
    while batch := rows(KEYED, {"after": after, "most": WALKED_AT_ONCE}):
        after = batch[-1][0]
        for pk, slot, _number in batch:
            if tree.is_destroyed(slot):
                with transaction.atomic():
                    _let_files_land()
                    lock_people([pk])
                    customer = Customer.objects.get(pk=pk)
                    asked, _is_new = Erasure.objects.get_or_create(
                        customer=customer, defaults={"asked_by": actor, "asked_at": now}
                    )
                    log.info("customer %d was erased before: erased again", pk)
                    _forget(asked, actor, now)
                    _tell(asked, "erase", actor, now)
                    erased += 1
    return erased


def _forget(asked: Erasure, actor: str, now: datetime) -> None:
    told = {"customer": asked.customer_id}
    # What is being written about him at this moment, maybe under an older number, is waited for.
    lock_people([asked.customer_id])
    asked.slots = _forget_held(told, now)
    execute(KEEP_HASHES, {**told, "now": now})
    for statement in FORGET:
        execute(statement, {**told, "now": now} if "%(now)s" in statement else told)
    asked.done_by, asked.done_at = actor, now
    asked.keys_destroyed_at = None
    asked.save(update_fields=["done_by", "done_at", "slots", "keys_destroyed_at"])


def _forget_held(told: Mapping[str, int], now: datetime) -> list[int]:
    """Empty the events of before he was known, and the quarantined ones, that name the person;
    all slots that go with him."""
    slots, names, hashes, ring = [], [], [], keyring()
    for _pk, slot, number in rows(SLOTS, told):
        slots.append(slot)
        names.append(number)
        hashes += [ring.lookup_hash(kind, number) for kind in ("user_id", "customer_no")]
    for value_hash, cipher, key_id in rows(NAMES, told, binary=True):
        with suppress(KeyDestroyed):  # restored from a backup of before he was erased
            names.append(ring.decrypt(key_id, cipher, identity_binding("user_id", value_hash)))
    execute(FORGET_TOLD_EARLIER, {"names": names})
    held = rows(HELD_EVENTS, {**told, "hashes": hashes})
    if held:
        execute(FORGET_HELD, {"ids": as_array([row[0] for row in held]), "now": now})
    named = [slot_of(key_id_of(base64.b64decode(payload))) for _pk, payload in held]
    return slots + [slot for slot in named if slot is not None]


def _tell(asked: Erasure, verb: str, actor: str, now: datetime) -> None:
    until = asked.retained_until
    record(
        actor=actor,
        action=f"customer.{verb}",
        subject=str(asked.customer_id),
        now=now,
        detail={"retained_until": until.isoformat() if until else None, "basis": asked.basis},
    )


def standing(customer_no: str) -> Customer:
    """The customer who stands under this number now, locked with all his other numbers: no later
    lock of the same person can then come too early in the order.  Raises RightRefused."""
    number = kept_number(customer_no)
    found = Customer.objects.filter(customer_no=number).first() if number else None
    if found is None:
        raise RightRefused("unknown", _("There is no customer with this number."))

    def take() -> Customer | None:
        now = Customer.objects.values_list("merged_into_id", flat=True).get(pk=found.pk)
        stands = now or found.pk
        held = lock_people([stands])
        # A merge, or its undoing, may have been under way.
        if found.pk not in held or held[stands].merged_into is not None:
            return None
        return Customer.objects.get(pk=stands)

    return until_held(take)


def _let_files_land() -> None:
    """Wait until no file is being released, before anything of a person is locked."""
    rows(FORGETTING, {"lock": RELEASE_LOCK})


def explained(why: str) -> None:
    """Raises RightRefused: a reason is missing."""
    if len(why.strip()) < 3:
        raise RightRefused("no_reason", _("Say why: the reason is kept in the audit trail."))


def _day(now: datetime) -> date:
    return now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
