"""Provider accounts as the channels know them, and what signs links."""

import json

from django.conf import settings

from campaigns.channels.base import AccountConfig
from campaigns.models import LinkHost, ProviderAccount
from customers.queries.identities import keyring


def default_accounts() -> dict[str, ProviderAccount]:
    """The account that serves each channel."""
    return {
        account.channel: account
        for account in ProviderAccount.objects.filter(is_active=True, is_default=True)
    }


def account_config(account: ProviderAccount) -> AccountConfig:
    """The account with its secrets opened, for the channel room."""
    secrets: dict[str, str] = {}
    if account.secrets_cipher:
        opened = keyring().unseal(bytes(account.secrets_cipher), f"account:{account.key}".encode())
        secrets = json.loads(opened)
    return AccountConfig(
        key=account.key,
        vendor=account.vendor,
        base_url=account.base_url,
        secrets=secrets,
        options=account.options,
        private_hosts=frozenset(settings.PRIVATE_HOSTS),
    )


def link_hosts() -> list[str]:
    """The hosts a message may link to; none at all: any."""
    return [*settings.LINK_HOSTS, *LinkHost.objects.values_list("host", flat=True)]


def link_key() -> bytes:
    """The key that signs tracked links."""
    return settings.LINK_KEY.encode()
