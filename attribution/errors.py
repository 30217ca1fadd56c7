"""What floor 4 refuses.

AttributionError
├── NoSuchCampaign   no journey has this key
└── CostRefused      an amount that reports could not sum up
"""


class AttributionError(Exception):
    """A question floor 4 cannot answer; the message says why."""


class NoSuchCampaign(AttributionError):
    """No journey has this key."""


class CostRefused(AttributionError):
    """The amount is negative, or in another currency than the institution's."""
