"""What can be wrong with a segment.

SegmentError
├── RuleError        a rule that cannot be used; carries a code and a JSON pointer
├── TagRefused       a tag that cannot be defined, changed or given so
├── NotPossible      what is asked of a segment cannot be done; carries a code
├── EngineError      the event archive, or the engine over it, cannot do what is asked
├── LookalikeRefused a list that may not be, or cannot be, the seed of a ranking
└── NoSuchCustomer   nobody has the number that was asked about
"""

from segments.errors.acts import (
    NOT_ACTIVE,
    UNKNOWN_NUMBER,
    EngineError,
    LookalikeRefused,
    NoSuchCustomer,
    NotPossible,
    Refusal,
)
from segments.errors.base import SegmentError
from segments.errors.rules import Code, Problem, RuleError, Term
from segments.errors.tags import TagProblem, TagRefused

__all__ = [
    "NOT_ACTIVE",
    "UNKNOWN_NUMBER",
    "Code",
    "EngineError",
    "LookalikeRefused",
    "NoSuchCustomer",
    "NotPossible",
    "Problem",
    "Refusal",
    "RuleError",
    "SegmentError",
    "TagProblem",
    "TagRefused",
    "Term",
]
