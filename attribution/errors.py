"""What floor 4 refuses.

AttributionError
├── NoSuchCampaign   no journey has this key
├── NoSuchCustomer   no customer has this number
└── CostRefused      an amount that reports could not sum up
"""


class AttributionError(Exception):
    """A question floor 4 cannot answer; the message says why."""


class NoSuchCampaign(AttributionError):
    """No journey has this key."""

    code = "no_such_campaign"


class CostRefused(AttributionError):
    """The amount is negative, or in another currency than the institution's."""


class NoSuchCustomer(AttributionError):
    """No customer has this number."""

    code = "no_such_customer"
