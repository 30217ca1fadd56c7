"""Provider accounts: made and changed here, secrets sealed."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from campaigns.channels.base import Channel
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.registry import build_provider
from campaigns.models import ProviderAccount
from campaigns.queries.accounts import account_config
from compliance.actions import record
from compliance.sentences import Sentence
from customers.queries.identities import keyring

# By these a provider proves itself at our door; the others are ours to change at once.
ROTATING: Final = frozenset({"receipt_secret", "receipt_token", "auth_token", "webhook_key"})
SHORTEST_OVERLAP: Final = timedelta(hours=24)
LONGEST_OVERLAP: Final = timedelta(hours=48)
_NO_SUCH_SECRET: Final = Sentence(
    code="account_invalid",
    en="Account “{account}” has no secret “{name}” to rotate.",
    zh="账号“{account}”没有可轮换的密钥“{name}”。",
)
_OVERLAP: Final = Sentence(
    code="account_invalid",
    en="The secret before counts for 24 to 48 hours: give a number of hours between them.",
    zh="旧密钥须再保留 24 到 48 小时：请填写介于两者之间的小时数。",
)


@transaction.atomic
def save_account(
    *,
    key: str,
    channel: Channel,
    vendor: str,
    base_url: str,
    options: Mapping[str, str],
    secrets: Mapping[str, str],
    unit_cost: Decimal,
    is_default: bool,
    actor: str,
    now: datetime,
) -> ProviderAccount:
    """Make or change an account. Raises `AccountInvalid` if the vendor cannot work with it."""
    hold_accounts(channel, key)
    if is_default:
        ProviderAccount.objects.filter(channel=channel).exclude(key=key).update(is_default=False)
    account, _ = ProviderAccount.objects.update_or_create(
        key=key,
        defaults={
            "channel": channel,
            "vendor": vendor,
            "base_url": base_url,
            "options": dict(options),
            "secrets_cipher": _sealed(key, secrets),
            "unit_cost": unit_cost,
            "currency": settings.CURRENCY,
            "is_active": True,
            "is_default": is_default,
        },
    )
    build_provider(account_config(account))
    record(
        actor=actor,
        action="account.save",
        subject=key,
        now=now,
        detail={"vendor": vendor, "base_url": base_url, "unit_cost": str(unit_cost)},
    )
    return account


@transaction.atomic
def rotate_secret(
    *, key: str, name: str, value: str, overlap: timedelta, actor: str, now: datetime
) -> datetime:
    """Change a secret by which a provider proves itself; until when the one before counts, too.

    ``now`` is the real time, by which signatures are dated.

    Raises
    ------
    ProviderAccount.DoesNotExist : there is no such account.
    AccountInvalid : it has no such secret, or the overlap is not one of 24 to 48 hours.
    """
    account = ProviderAccount.objects.select_for_update().get(key=key)
    secrets = dict(account_config(account).secrets)
    if name not in ROTATING or name not in secrets:
        raise AccountInvalid(_NO_SUCH_SECRET, account=key, name=name)
    if not SHORTEST_OVERLAP <= overlap <= LONGEST_OVERLAP:
        raise AccountInvalid(_OVERLAP)
    until = now + overlap
    secrets |= {
        f"{name}_previous": secrets[name],
        f"{name}_previous_until": until.isoformat(),
        name: value,
    }
    account.secrets_cipher = _sealed(key, secrets)
    account.save(update_fields=["secrets_cipher"])
    record(
        actor=actor,
        action="account.rotate_secret",
        subject=key,
        now=now,
        detail={"secret": name, "previous_until": until.isoformat()},
    )
    return until


def hold_accounts(channel: str, key: str) -> dict[str, ProviderAccount]:
    """The account and all others of its channel by key, as they are until the transaction ends.

    The others, too: which is the default is a question of all, and two who each make another one
    the default come one after the other.
    """
    held = ProviderAccount.objects.select_for_update(no_key=True).filter(
        Q(channel=channel) | Q(key=key)
    )
    return {account.key: account for account in held.order_by("pk")}


def _sealed(key: str, secrets: Mapping[str, str]) -> bytes:
    return keyring().seal(json.dumps(dict(secrets)), f"account:{key}".encode(), slot=None)
