"""What compliance refuses.

ComplianceError
├── SelfReview       the maker tried to check his own work
├── NothingToReview  no pending review of this subject
└── NotPermitted     the person's role doesn't allow it
"""


class ComplianceError(Exception):
    """A rule of the house forbids it; the message says which and what to do."""


class SelfReview(ComplianceError):
    """The maker tried to check his own work."""


class NothingToReview(ComplianceError):
    """There is no pending review of this subject."""


class NotPermitted(ComplianceError):
    """The person's role doesn't allow this act."""
