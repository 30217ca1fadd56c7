"""`inbox`: messages that the institution's app fetches from us.

The accepted touch is the message: `GET /api/v1/inbox` reads it, and what the customer does with it
comes back through the same API.
"""

from campaigns.channels import accounts
from campaigns.channels.base import AccountConfig, Channel
from campaigns.channels.in_house import InHouse

KEEP_DAYS = 30


def build(config: AccountConfig) -> InHouse:
    """Build a provider.

    options: `keep_days` (30), how long a message stays in the inbox.
    """
    accounts.whole_option(config, "keep_days", KEEP_DAYS, least=1, most=3_650)
    return InHouse(name="inbox", channel=Channel.IN_APP)
