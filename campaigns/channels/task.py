"""`workbench`: the advisor's task list, which is in the house."""

from campaigns.channels.base import AccountConfig, Channel
from campaigns.channels.in_house import InHouse


def build(_config: AccountConfig) -> InHouse:
    """Build a provider; it needs neither options nor secrets."""
    return InHouse(name="workbench", channel=Channel.TASK)
