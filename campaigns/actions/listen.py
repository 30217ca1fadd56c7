"""Hold the connections open on which vendors report of their own accord."""

import logging

from campaigns.channels.base import Listening
from campaigns.channels.errors import ChannelError
from campaigns.channels.runner import process_loop
from campaigns.models import ProviderAccount
from campaigns.queries.accounts import account_config

log = logging.getLogger(__name__)


def listen() -> int:
    """Open what is not open yet; the number of accounts this process listens to.

    An account that cannot be listened to now is logged, and tried again with the next call.
    """
    loop, listening = process_loop(), 0
    for account in ProviderAccount.objects.filter(is_active=True):
        try:
            provider = loop.provider(account_config(account))
            if isinstance(provider, Listening):
                loop.run(provider.listen())
                listening += 1
        except ChannelError as error:
            log.warning("nobody listens to account %s: %s", account.key, error.code)
    return listening
