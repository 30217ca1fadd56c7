"""Tables of floor 3: journeys and their versions, enrolments, touches, provider accounts."""

from campaigns.models.content import Link, Template, TemplateVersion
from campaigns.models.delivery import (
    AdvisorTask,
    DispatchBatch,
    ProviderAccount,
    Receipt,
    Touch,
    TouchAlias,
)
from campaigns.models.journey import Enrolment, Hop, Journey, JourneyVersion

__all__ = [
    "AdvisorTask",
    "DispatchBatch",
    "Enrolment",
    "Hop",
    "Journey",
    "JourneyVersion",
    "Link",
    "ProviderAccount",
    "Receipt",
    "Template",
    "TemplateVersion",
    "Touch",
    "TouchAlias",
]
