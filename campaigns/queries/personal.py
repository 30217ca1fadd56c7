"""What campaigns keep of one person, for the copy that he may ask for."""

from collections.abc import Sequence
from typing import Any, Final

from campaigns.models import Call, Decision, Enrolment, Touch
from campaigns.queries.content import Frozen, note_of, thaw
from campaigns.states import Reason

# What the institution decided of its own accord, and what was at fault on its side, is told as one.
# So a hold, of which the law forbids to tell (反洗钱法 35), is one of many and not to be guessed.
NOT_SENT: Final = "not_sent"
_OF_THE_HOUSE: Final = frozenset(
    {
        Reason.NOT_ELIGIBLE,
        Reason.CAPPED,
        Reason.NOT_APPROVED,
        Reason.MISSING_VARIABLE,
        Reason.RENDER_FAILED,
        Reason.EXPIRED,
        Reason.JOURNEY_STOPPED,
        Reason.PRODUCT_UNKNOWN,
        Reason.WORDING_FORBIDDEN,
        Reason.WORDING_UNREVIEWED,
        Reason.NOTICE_MISSING,
        Reason.GATE_ERROR,
    }
)


def reason_for_person(code: str) -> str:
    """Why a message was not sent, as the person it was for may know it."""
    return NOT_SENT if code in _OF_THE_HOUSE else code


def campaign_chapters(customer_ids: Sequence[int]) -> dict[str, Any]:
    """Journeys, messages with their texts, calls and answers of `decide`, in order of time."""
    enrolments = Enrolment.objects.filter(customer__in=customer_ids).select_related("journey")
    touches = Touch.objects.filter(customer__in=customer_ids).select_related("journey")
    calls = Call.objects.filter(task__touch__customer__in=customer_ids).select_related("task")
    return {
        "journeys": [
            {
                "journey": one.journey.name,
                "state": one.state,
                "entered_at": one.entered_at,
                "finished_at": one.finished_at,
                "exit_reason": one.exit_reason,
            }
            for one in enrolments.order_by("entered_at", "pk")
        ],
        "messages": [_message(touch) for touch in touches.order_by("queued_at", "pk")],
        "calls": [
            {"at": call.at, "disposition": call.disposition, "note": note_of(call)}
            for call in calls.order_by("at", "pk")
            if call.undone_at is None
        ],
        "decisions": list(
            Decision.objects.filter(customer__in=customer_ids)
            .order_by("decided_at")
            .values("product", "verdict", "decided_at")
        ),
    }


def _message(touch: Touch) -> dict[str, Any]:
    sealed = touch.content_cipher
    kept = Frozen(content_hash=touch.content_hash, sealed=bytes(sealed)) if sealed else None
    return {
        "journey": touch.journey.name,
        "channel": touch.channel,
        "purpose": touch.purpose,
        "product": touch.product,
        "state": touch.state,
        "reason": reason_for_person(touch.reason),
        "queued_at": touch.queued_at,
        "accepted_at": touch.accepted_at,
        "delivered_at": touch.delivered_at,
        "opened_at": touch.opened_at,
        "clicked_at": touch.clicked_at,
        "content": thaw(kept, touch.key.hex) if kept else None,
    }
