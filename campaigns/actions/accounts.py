"""Provider accounts: made and changed here, secrets sealed."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from campaigns.channels.base import Channel
from campaigns.channels.registry import build_provider
from campaigns.models import ProviderAccount
from campaigns.queries import account_config
from compliance.actions import record
from customers.queries import keyring


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
    if is_default:
        ProviderAccount.objects.filter(channel=channel).exclude(key=key).update(is_default=False)
    account, _ = ProviderAccount.objects.update_or_create(
        key=key,
        defaults={
            "channel": channel,
            "vendor": vendor,
            "base_url": base_url,
            "options": dict(options),
            "secrets_cipher": keyring().seal(json.dumps(dict(secrets)), f"account:{key}".encode()),
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
