"""Seed lists: our own people's addresses, to which test messages go."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.actions.judging import ADDRESS_KIND
from campaigns.channels.base import Channel
from campaigns.errors import StateConflict
from campaigns.models import Seed, SeedList
from compliance.actions import record
from compliance.models import User
from customers.errors import IdentifierError
from customers.identifiers import identity_binding, mask, normalise
from customers.queries.identities import keyring

# A test goes to a few of our own; more would be a campaign past the gates.
MOST: Final = 20


@transaction.atomic
def save_seed_list(*, seed_list: SeedList, actor: User, now: datetime) -> SeedList:
    """A new list, or another name or note for one."""
    is_new = seed_list.pk is None
    if is_new:
        seed_list.made_by, seed_list.made_at = actor, now
    seed_list.save()
    verb = "make" if is_new else "edit"
    record(actor=actor.username, action=f"seed_list.{verb}", subject=seed_list.name, now=now)
    return seed_list


@transaction.atomic
def add_seed(
    *, seed_list: SeedList, channel: Channel, label: str, address: str, actor: User, now: datetime
) -> Seed:
    """Put a person's address on the list; the same one again changes nothing.

    Raises
    ------
    StateConflict : the list is full, the channel needs no address, or this is none of it.
    """
    SeedList.objects.select_for_update().get(pk=seed_list.pk)
    value = checked_seed(seed_list=seed_list, channel=channel, address=address)
    kind, ring = ADDRESS_KIND[channel], keyring()
    value_hash = ring.lookup_hash(kind, value)
    known = seed_list.seeds.filter(channel=channel, value_hash=value_hash).first()
    if known is not None:
        return known
    seed = Seed.objects.create(
        seed_list=seed_list,
        channel=channel,
        label=label.strip() or actor.username,
        value_hash=value_hash,
        address_cipher=ring.seal(value, identity_binding(kind, value_hash), slot=None),
        added_by=actor,
        added_at=now,
    )
    _tell(actor, "add", seed, mask(kind, value), now)
    return seed


def checked_seed(*, seed_list: SeedList, channel: Channel, address: str) -> str:
    """The address in its one spelling; raises as `add_seed`."""
    kind = ADDRESS_KIND.get(channel)
    if kind is None:
        raise StateConflict(_("This channel ends in the house: there is nothing to test."))
    if seed_list.seeds.count() >= MOST:
        raise StateConflict(
            _("A seed list holds at most %(most)d addresses; remove one first.") % {"most": MOST}
        )
    try:
        return normalise(kind, address.strip())
    except IdentifierError as error:
        raise StateConflict(_("This is no address of the channel.")) from error


@transaction.atomic
def remove_seed(*, seed: Seed, actor: User, now: datetime) -> None:
    """No test message goes there any more."""
    seed.delete()
    _tell(actor, "remove", seed, masked_address(seed), now)


def seed_address(seed: Seed) -> str:
    """The address in clear: for sending, and for those who keep the list."""
    kind = ADDRESS_KIND[Channel(seed.channel)]
    binding = identity_binding(kind, bytes(seed.value_hash))
    return keyring().unseal(bytes(seed.address_cipher), binding)


def masked_address(seed: Seed) -> str:
    """The address as others see it."""
    return mask(ADDRESS_KIND[Channel(seed.channel)], seed_address(seed))


def _tell(actor: User, verb: str, seed: Seed, masked: str, now: datetime) -> None:
    record(
        actor=actor.username,
        action=f"seed.{verb}",
        subject=seed.seed_list.name,
        now=now,
        detail={"channel": seed.channel, "to": masked, "label": seed.label},
    )
