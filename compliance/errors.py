"""What compliance refuses.

ComplianceError
├── SelfReview       the maker tried to check his own work
├── NothingToReview  no pending review of this subject
├── NotPermitted     the person's role doesn't allow it
├── UnknownContext   no such product kind or channel
└── RulebookError    the shipped rules can't be read
    └── RulesRefused rules that somebody wrote could not be judged by
"""

from compliance.sentences import Spoken


class ComplianceError(Exception):
    """A rule of the house forbids it; the message says which and what to do."""


class SelfReview(ComplianceError):
    """The maker tried to check his own work."""


class NothingToReview(ComplianceError):
    """There is no pending review of this subject."""


class NotPermitted(ComplianceError):
    """The person's role doesn't allow this act."""


class UnknownContext(ComplianceError):
    """No such product kind or channel; ``path`` names which of the two is meant."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.code, self.path = f"unknown_{path}", path


class RulebookError(ComplianceError):
    """The shipped rules can't be read; the message names the file and the line."""


class RulesRefused(Spoken, RulebookError):
    """Rules that an officer wrote could not be judged by; it says which and why."""
