"""What floor 4 refuses.

AttributionError
└── NoSuchCampaign   no journey has this key
"""


class AttributionError(Exception):
    """A question floor 4 cannot answer; the message says why."""


class NoSuchCampaign(AttributionError):
    """No journey has this key."""
