"""Try a provider account: one fixed text to one address, on record before it goes."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.actions.account_changes import may_run
from campaigns.actions.judging import ADDRESS_KIND
from campaigns.actions.send_test import is_stopped
from campaigns.channels.base import Channel, Outcome, Outgoing
from campaigns.channels.in_house import InHouse
from campaigns.channels.runner import process_loop
from campaigns.errors import StateConflict
from campaigns.models import ProviderAccount
from campaigns.queries.accounts import account_config
from campaigns.queries.receipts import suppressed
from compliance.actions import record
from compliance.models import AuditEntry, User
from customers.errors import IdentifierError
from customers.identifiers import mask, normalise
from customers.queries.identities import keyring

# What one person may send in a day: enough to set an account up, too little to pester anybody.
MOST_A_DAY: Final = 50
_ACT: Final = "account.test"
_TEST: Final[Mapping[Channel, Mapping[str, str]]] = {
    Channel.EMAIL: {
        "subject": "Touchstone test message",
        "html": "<p>This is a test of a provider account.</p>",
        "text": "This is a test of a provider account.",
    },
    Channel.SMS: {"text": "Touchstone test message"},
    Channel.PUSH: {"title": "Touchstone", "body": "This is a test of a provider account."},
    Channel.WECOM: {"text": "Touchstone test message"},
}


def send_test(*, account: ProviderAccount, address: str, actor: User, now: datetime) -> Outcome:
    """Send one fixed text to one address; what the provider said.

    1. Put the act on record: one transaction.
    2. Hand over, no transaction; then the answer goes on record.

    The text is no template's, so that nobody can market by it, and no touch is counted.

    Raises
    ------
    StateConflict : the account waits for approval, an emergency stop holds, the address is none or
        nobody may write to it, or the person tried too often today.
    """
    channel = Channel(account.channel)
    if not may_run(account) and not account.is_active:
        raise StateConflict(_("A second person has to approve first where this account leads."))
    if is_stopped(channel, account):
        raise StateConflict(_("An emergency stop holds; nothing is sent, not even a test."))
    provider = process_loop().provider(account_config(account))
    if channel not in _TEST or isinstance(provider, InHouse):
        raise StateConflict(_("This channel ends in the house: there is nothing to test."))
    content = {**_TEST[channel], "from": account.options.get("test_from", "test@example.com")}
    message = Outgoing(key=uuid.uuid4().hex, address=_address(channel, address), content=content)
    _on_record(account, message, actor, now)
    [outcome] = process_loop().run(provider.send([message]))
    record(
        actor=actor.username,
        action=f"{_ACT}_answer",
        subject=account.key,
        now=now,
        detail={"key": message.key, "outcome": type(outcome).__name__.lower()},
    )
    return outcome


def _address(channel: Channel, text: str) -> str:
    kind = ADDRESS_KIND[channel]
    try:
        address = normalise(kind, text.strip())
    except IdentifierError as error:
        raise StateConflict(_("This is no address of the channel.")) from error
    if suppressed(kind, {0: keyring().lookup_hash(kind, address)}):
        raise StateConflict(_("Nobody may write to this address: it is on the suppression list."))
    return address


@transaction.atomic
def _on_record(account: ProviderAccount, message: Outgoing, actor: User, now: datetime) -> None:
    # Whoever tries twice at once is counted one after the other.
    User.objects.select_for_update().get(pk=actor.pk)
    mine = AuditEntry.objects.filter(action=_ACT, actor=actor.username)
    if mine.filter(at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise StateConflict(
            _("You may try accounts %(most)d times in 24 hours.") % {"most": MOST_A_DAY}
        )
    record(
        actor=actor.username,
        action=_ACT,
        subject=account.key,
        now=now,
        detail={
            "key": message.key,
            "to": mask(ADDRESS_KIND[Channel(account.channel)], message.address),
        },
    )
