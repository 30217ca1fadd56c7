"""The closed sets of floor 3, each with its meaning: touch states, reasons, outcomes of calls.

A touch's state only rises, with one exception: a person may have touches sent again, under the same
key, by `campaigns.actions.resolve` and `quarantine` (failed or ambiguous → deferred, audited; where
the outcome is unknown, two persons).
"""

from enum import StrEnum
from typing import Final


class TouchState(StrEnum):
    """A touch's state. It only rises: see `RANK`."""

    QUEUED = "queued"  # decided by the journey, not yet claimed
    DEFERRED = "deferred"  # proved unsent; tried or judged again at ``due_at``
    HANDING_OVER = "handing_over"  # claimed; an attempt may be under way
    AMBIGUOUS = "ambiguous"  # the provider may or may not have it; it will be asked
    REFUSED = "refused"  # a gate or the provider said no; the reason says which
    FAILED = "failed"  # every attempt was used up
    ACCEPTED = "accepted"  # the provider said yes
    BOUNCED = "bounced"  # accepted, then reported as undeliverable
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"


# Something may still be done about these; the others are over, but for what providers report.
OPEN_STATES: Final = (
    TouchState.QUEUED,
    TouchState.DEFERRED,
    TouchState.HANDING_OVER,
    TouchState.AMBIGUOUS,
)

# Reports may come in any order; the state shown is the highest that was proved.
RANK: Final[dict[TouchState, int]] = {
    TouchState.QUEUED: 0,
    TouchState.DEFERRED: 0,
    TouchState.HANDING_OVER: 1,
    TouchState.AMBIGUOUS: 2,
    TouchState.REFUSED: 3,
    TouchState.FAILED: 3,
    TouchState.ACCEPTED: 4,
    TouchState.BOUNCED: 5,
    TouchState.DELIVERED: 6,
    TouchState.OPENED: 7,
    TouchState.CLICKED: 8,
}


class Reason(StrEnum):
    """Why a touch was not sent, or not yet. Closed: none is "unknown"."""

    NONE = ""
    CUSTOMER_INACTIVE = "customer_inactive"  # restricted or erased
    MERGED = "merged"  # the customer walks the same journey under another name already
    STAGE_LEFT = "stage_left"  # the journey is not valid for the stage he is in now
    NO_CONSENT = "no_consent"  # none on record for this purpose and channel
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTED = "objected"  # his jurisdiction: a withdrawal from one channel holds for all
    CONSENT_NOT_WRITTEN = "consent_not_written"  # his jurisdiction asks for it in writing
    SUPPRESSED = "suppressed"  # its owner complained, or the address does not exist
    NO_ADDRESS = "no_address"  # no identifier this channel could use
    PERSONALISATION_OFF = "personalisation_off"  # the template is personal, the customer objects
    NOT_APPROVED = "not_approved"  # the version has no approval, or none for this purpose
    MISSING_VARIABLE = "missing_variable"  # the template needs what this customer lacks
    RENDER_FAILED = "render_failed"
    EXPIRED = "expired"  # past the time the message makes sense
    JOURNEY_STOPPED = "journey_stopped"
    NOT_ELIGIBLE = "not_eligible"  # on some hold; compliance alone reads that and which
    UNSUITABLE = "unsuitable"  # the product does not suit the customer; the verdict has the rules
    MARKETING_BARRED = "marketing_barred"  # no marketing reaches him at all; the verdict has why
    NEEDS_REVIEW = "needs_review"  # suitability asks for a person's decision first
    PRODUCT_UNKNOWN = "product_unknown"  # the message names a product that is not on record
    QUIET_HOURS = "quiet_hours"  # deferred: outside the hours of the customer's zone
    NO_CALENDAR = "no_calendar"  # deferred: nobody entered that year's trading days
    CAPPED = "capped"  # approached as often as the caps allow
    WORDING_FORBIDDEN = "wording_forbidden"  # the rendered text says what may not be advertised
    WORDING_UNREVIEWED = "wording_unreviewed"  # it says what no reviewer saw in the template
    NOTICE_MISSING = "notice_missing"  # the rendered text lacks what must go with the product
    GATE_ERROR = "gate_error"  # a gate could not decide: it fails closed
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_UNAVAILABLE = "provider_unavailable"  # deferred: proved unsent
    BREAKER_OPEN = "breaker_open"  # deferred: the account's breaker opened before it was tried
    ACCOUNT_INACTIVE = "account_inactive"  # deferred: its account is out of use, none takes over
    NOT_TRIED = "not_tried"  # deferred: the lease ended or the journey paused before it was tried
    OUTCOME_UNKNOWN = "outcome_unknown"  # ambiguous: the provider is asked
    PROVED_ABSENT = "proved_absent"  # deferred: the provider says it never got it
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    QUARANTINED = "quarantined"  # handling it failed again and again: see its `PoisonRow`
    SENT_AGAIN = "sent_again"  # deferred: a person had it sent again


# Why an address is suppressed whose owner opted out: the one ground that his own word ends.
ASKED_FOR_NO_MORE: Final = "opted_out"


class Disposition(StrEnum):
    """What came of an advisor's call. All but a later call end the task."""

    INTERESTED = "interested"  # reached, and wants to hear more
    REACHED = "reached"  # reached; no more to it
    NOT_REACHED = "not_reached"
    CALL_LATER = "call_later"  # the same advisor calls again at a time agreed
    REFUSED = "refused"  # wants none of it; may withdraw consent to calls
    FORBIDDEN = "forbidden"  # nobody called: consent or campaign was gone when he wanted to


# The customer was spoken to: for the touch this is delivery.
SPOKEN_TO: Final = frozenset({Disposition.INTERESTED, Disposition.REACHED, Disposition.REFUSED})


class Policy(StrEnum):
    """Which of a channel's accounts gets a touch. One whose breaker is open comes last."""

    PRIMARY = "primary"  # the default account, the others when it is down
    WEIGHTED = "weighted"  # by their shares, always the same one for a customer
    LEAST_COST = "least_cost"  # the cheapest per segment
