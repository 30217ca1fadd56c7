"""Tables of floor 1: customers, what they allow, what they did and what they have."""

from customers.models.changes import Change, WatchedEvent
from customers.models.collection import Event, EventKey, Quarantine, QuarantineRun, Source
from customers.models.files import (
    ImportJob,
    QualityResult,
    QualityRule,
    RatingReview,
    SavedMapping,
    StagedRow,
    Upload,
)
from customers.models.kyc import Kyc
from customers.models.merges import MatchMark, MatchRule, Merge, MergeMove, MergeProposal
from customers.models.people import (
    NEWEST_TOLD,
    Attribute,
    Customer,
    Identity,
    RiskAssessment,
    Tagging,
    TagRefusal,
)
from customers.models.plan import (
    CoverageAlert,
    EventHour,
    EventProperty,
    EventType,
    Flow,
    TrackingPlan,
)
from customers.models.requests import AnsweredRequest
from customers.models.rights import Consent, Correction, ErasedIdentity, Erasure
from customers.models.tags import TagRank, TagTerm
from customers.models.wealth import (
    Account,
    AssetDay,
    CashFlow,
    CorporateAction,
    PositionDay,
    Price,
    ProductTerms,
    Trade,
)

__all__ = [
    "NEWEST_TOLD",
    "Account",
    "AnsweredRequest",
    "AssetDay",
    "Attribute",
    "CashFlow",
    "Change",
    "Consent",
    "CorporateAction",
    "Correction",
    "CoverageAlert",
    "Customer",
    "ErasedIdentity",
    "Erasure",
    "Event",
    "EventHour",
    "EventKey",
    "EventProperty",
    "EventType",
    "Flow",
    "Identity",
    "ImportJob",
    "Kyc",
    "MatchMark",
    "MatchRule",
    "Merge",
    "MergeMove",
    "MergeProposal",
    "PositionDay",
    "Price",
    "ProductTerms",
    "QualityResult",
    "QualityRule",
    "Quarantine",
    "QuarantineRun",
    "RatingReview",
    "RiskAssessment",
    "SavedMapping",
    "Source",
    "StagedRow",
    "TagRank",
    "TagRefusal",
    "TagTerm",
    "Tagging",
    "TrackingPlan",
    "Trade",
    "Upload",
    "WatchedEvent",
]
