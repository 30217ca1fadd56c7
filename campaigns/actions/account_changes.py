"""Provider accounts as operators change them: secrets go in and never out, and a second person
approves where messages and secrets are sent to."""

import hashlib
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from campaigns.actions.accounts import hold_accounts
from campaigns.channels.base import AccountConfig
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.registry import build_strictly
from campaigns.models import ProviderAccount
from campaigns.queries.accounts import account_config
from compliance.actions import ask_review, decide_review, record
from compliance.models import Review, User
from compliance.queries import is_approved
from compliance.sentences import Sentence
from customers.queries.identities import keyring

KIND: Final = "account"
# Options that say where something is sent to: a change of one is a change of the destination.
_LEADING: Final = ("url", "services", "relay")
_OTHER_CHANNEL: Final = Sentence(
    code="account_invalid",
    en="The vendor “{vendor}” serves the channel {channel}. Choose that channel.",
    zh="供应商“{vendor}”服务于渠道 {channel}，请选择该渠道。",
)


def checked_config(account: ProviderAccount, secrets: Mapping[str, str]) -> AccountConfig:
    """The account as it would be with these secrets added; an empty value removes one.

    Raises
    ------
    AccountInvalid : the vendor cannot work with it, or serves another channel.
    """
    stored = account_config(account)
    merged = {**stored.secrets, **secrets}
    config = replace(stored, secrets={name: value for name, value in merged.items() if value})
    channel = build_strictly(config).channel
    if channel != account.channel:
        raise AccountInvalid(_OTHER_CHANNEL, vendor=account.vendor, channel=channel.value)
    return config


@transaction.atomic
def edit_account(
    *, account: ProviderAccount, secrets: Mapping[str, str], maker: User, now: datetime
) -> ProviderAccount:
    """Save a new or changed account, given as it is to be, not saved yet.

    An account that is new or leads elsewhere than before, and out of the machine, waits inactive
    for a second person: whoever could change the address alone could read messages and secrets.

    Raises
    ------
    AccountInvalid : the vendor cannot work with it.
    """
    before = hold_accounts(account.channel, account.key).get(account.key)
    if before is not None:
        account.secrets_cipher = (
            before.secrets_cipher
        )  # one may have been rotated since it was read
    config = checked_config(account, secrets)
    if account.is_default:
        others = ProviderAccount.objects.filter(channel=account.channel).exclude(pk=account.pk)
        others.update(is_default=False)
    binding = f"account:{account.key}".encode()
    sealed = keyring().seal(json.dumps(dict(config.secrets)), binding, slot=None)
    account.secrets_cipher, account.currency = sealed, account.currency or settings.CURRENCY
    is_moved = before is None or destination_hash(before) != destination_hash(account)
    waits = is_moved and not may_run(account)
    account.is_active = not waits and (before is None or before.is_active)
    account.save()
    if waits:
        _ask(account, maker, now)
    record(
        actor=maker.username,
        action="account.edit",
        subject=account.key,
        now=now,
        detail={
            "vendor": account.vendor,
            "base_url": account.base_url,
            "options": account.options,
            "secrets_changed": sorted(secrets),
            "is_active": account.is_active,
        },
    )
    return account


@transaction.atomic
def deactivate_account(*, account: ProviderAccount, actor: User, now: datetime) -> None:
    """Hand nothing over by it from the next claim on; its touches wait."""
    _set_active(account, False, actor, now)


@transaction.atomic
def activate_account(*, account: ProviderAccount, actor: User, now: datetime) -> None:
    """Let it carry messages again, or ask for the approval that it needs first.

    Raises
    ------
    StateConflict : a second person has to approve where it leads; that was asked for.
    """
    if may_run(account):
        _set_active(account, True, actor, now)
    else:
        _ask(account, actor, now)


@transaction.atomic
def review_account(
    *, account: ProviderAccount, checker: User, approve: bool, opinion: str, now: datetime
) -> None:
    """A second person's verdict on where the account leads; approval makes it active.

    Raises
    ------
    compliance.errors.ComplianceError : nothing waits, it changed since, or it is his own.
    """
    # Before the audit trail: whoever changes the account holds it and waits for the trail.
    hold_accounts(account.channel, account.key)
    decide_review(
        kind=KIND,
        key=account.key,
        content_hash=destination_hash(account),
        checker=checker,
        approve=approve,
        opinion=opinion,
        now=now,
    )
    if approve:
        _set_active(account, True, checker, now)


def destination_hash(account: ProviderAccount) -> str:
    """What a second person approves: the vendor, the address, and the options that lead."""
    leading = {
        name: value
        for name, value in sorted(account.options.items())
        if any(word in name for word in _LEADING)
    }
    told = json.dumps([account.channel, account.vendor, account.base_url, leading])
    return hashlib.sha256(told.encode()).hexdigest()


def is_on_this_machine(account: ProviderAccount) -> bool:
    """Whether nothing leaves the machine: every address is on loopback, or there is none."""
    addresses = [account.base_url, *(v for n, v in account.options.items() if n.endswith("url"))]
    return account.vendor != "webpush" and all(_is_loopback(one) for one in addresses if one)


def review_of(account: ProviderAccount) -> Review | None:
    """The newest review of where the account leads now."""
    reviews = Review.objects.filter(
        subject_kind=KIND, subject_key=account.key, subject_hash=destination_hash(account)
    )
    return reviews.select_related("maker", "checker").order_by("-id").first()


def may_run(account: ProviderAccount) -> bool:
    """Whether nobody has to approve any more where it leads."""
    return is_on_this_machine(account) or is_approved(
        kind=KIND, key=account.key, content_hash=destination_hash(account)
    )


def _ask(account: ProviderAccount, maker: User, now: datetime) -> None:
    ask_review(
        kind=KIND,
        key=account.key,
        content_hash=destination_hash(account),
        maker=maker,
        now=now,
    )


def _set_active(account: ProviderAccount, is_active: bool, actor: User, now: datetime) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(is_active=is_active)
    record(
        actor=actor.username,
        action="account.activate" if is_active else "account.deactivate",
        subject=account.key,
        now=now,
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
