"""What floor 3 refuses.

CampaignError
├── GraphError       the journey's JSON is wrong; ``path`` points into it
├── TemplateError    a template is wrong; ``path`` names the part
│   └── UnsafeMessage  one message came out as none may go out
├── BadRequest       what was asked for is wrong; ``path`` is a JSON pointer into it
├── NotPublishable   the checks or the review forbid it; ``problems`` lists why
├── EngineUnavailable  no process for templates could be started
├── WhyMissing       an act that hurts where it is wrong, and nobody said why
├── StateConflict    not possible in the present state
├── ContentChanged   a frozen content isn't what was frozen
├── LostLease        another worker took over; nothing was written
└── WorkerDied       whoever claimed it died, again and again
"""

from collections.abc import Sequence

from compliance.sentences import Spoken


class CampaignError(Exception):
    """A verb of floor 3 could not be done; the message says what to do."""


class GraphError(Spoken, CampaignError):
    """The journey's JSON is wrong at ``path`` (a JSON pointer)."""


class TemplateError(Spoken, CampaignError):
    """A template's part is wrong; ``path`` names it."""


class UnsafeMessage(TemplateError):
    """A message came out with what none may hold or lack; it is put aside, not sent."""


class BadRequest(Spoken, CampaignError):
    """What was asked for cannot be understood; ``path`` is a JSON pointer into it."""


class NotPublishable(CampaignError):
    """The journey may not go live; ``problems`` says why, in words."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


class EngineUnavailable(CampaignError):
    """No process for templates could be started; nothing is wrong with the template."""


class WhyMissing(CampaignError):
    """The act needs a reason."""


class StateConflict(CampaignError):
    """Not possible in the present state."""


class ContentChanged(CampaignError):
    """A touch's frozen content is not the one its hash was taken of."""


class NotOnRecord(CampaignError):
    """What a question names isn't known; ``what`` is customer or product."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what


class LostLease(CampaignError):
    """The lease ran out and another worker took over: this one writes nothing."""


class WorkerDied(CampaignError):
    """Whoever claimed it died, again and again: what it is put aside with."""
