"""What can be wrong with a segment.

SegmentError
├── RuleError        a rule that cannot be used; carries a code and a JSON pointer
├── TagRefused       a tag that cannot be defined, changed or given so
├── NotPossible      what is asked of a segment cannot be done; carries a code
├── EngineError      the event archive, or the engine over it, cannot do what is asked
├── RuleTooSlow      a rule asks for more than a preview may take
├── LookalikeRefused a list that may not be, or cannot be, the seed of a ranking
└── NoSuchCustomer   nobody has the number that was asked about
"""

from segments.errors.acts import (
    EVEN_A_SAMPLE,
    NOT_ACTIVE,
    UNKNOWN_NUMBER,
    EngineError,
    LookalikeRefused,
    NoSuchCustomer,
    NotPossible,
    Refusal,
    RuleTooSlow,
)
from segments.errors.base import SegmentError
from segments.errors.rules import Code, Problem, RuleError, Term
from segments.errors.tags import TagProblem, TagRefused

__all__ = [
    "EVEN_A_SAMPLE",
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
    "RuleTooSlow",
    "SegmentError",
    "TagProblem",
    "TagRefused",
    "Term",
]
