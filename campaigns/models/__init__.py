"""Tables of floor 3: journeys and their versions, enrolments, touches, provider accounts."""

from campaigns.models.content import Link, LinkHost, Template, TemplateVersion
from campaigns.models.decisions import Confirmation, Decision
from campaigns.models.delivery import (
    AdvisorTask,
    Call,
    DispatchBatch,
    EarlierJudgement,
    ProviderAccount,
    Receipt,
    Touch,
    TouchAlias,
)
from campaigns.models.flow import AccountHealth, ChannelRoute, Throttle
from campaigns.models.gates import Contact, RestrictedVerdict
from campaigns.models.invoices import Invoice, InvoiceLine
from campaigns.models.journey import Enrolment, Hop, Journey, JourneyVersion
from campaigns.models.merges import FollowedMerge, MovedEnrolment
from campaigns.models.operations import EmergencyStop, Intervention, PoisonRow, Pulse
from campaigns.models.prices import MessagePrice
from campaigns.models.seeds import Seed, SeedList, SeedMessage
from campaigns.models.snippets import Snippet, SnippetUse, SnippetVersion
from campaigns.models.suppression import Suppression

__all__ = [
    "AccountHealth",
    "AdvisorTask",
    "Call",
    "ChannelRoute",
    "Confirmation",
    "Contact",
    "Decision",
    "DispatchBatch",
    "EarlierJudgement",
    "EmergencyStop",
    "Enrolment",
    "FollowedMerge",
    "Hop",
    "Intervention",
    "Invoice",
    "InvoiceLine",
    "Journey",
    "JourneyVersion",
    "Link",
    "LinkHost",
    "MessagePrice",
    "MovedEnrolment",
    "PoisonRow",
    "ProviderAccount",
    "Pulse",
    "Receipt",
    "RestrictedVerdict",
    "Seed",
    "SeedList",
    "SeedMessage",
    "Snippet",
    "SnippetUse",
    "SnippetVersion",
    "Suppression",
    "Template",
    "TemplateVersion",
    "Throttle",
    "Touch",
    "TouchAlias",
]
