"""The closed sets of floor 3 in the reader's words; codes stay codes in the tables."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from campaigns.channels.base import REDIRECT, Channel, ReceiptKind
from campaigns.states import Disposition, Policy, Reason, TouchState

CHANNELS: dict[str, str | Promise] = {
    Channel.SMS.value: _("SMS"),
    Channel.EMAIL.value: _("E-mail"),
    Channel.PUSH.value: _("Push"),
    Channel.WECOM.value: _("WeCom"),
    Channel.IN_APP.value: _("In-app message"),
    Channel.TASK.value: _("Advisor task"),
    "(none)": _("No touchpoint"),
    "": _("No message"),
}
# Why an account's breaker opened; a vendor's own code stands for itself.
FAULTS: dict[str, str | Promise] = {
    "unauthorised": _("the provider refuses our key or permission"),
    "out_of_service": _("no balance, a used-up limit or a wrong base URL"),
    REDIRECT: _("the base URL leads on to another address: enter the one it leads to"),
    "sender_refused": _("the provider refuses the sender, signature or template"),
    "tls": _("the provider's certificate is not to be trusted"),
    "throttled": _("too many requests for the provider"),
    "unreachable": _("the provider cannot be reached"),
    "connect_timeout": _("the provider cannot be reached in time"),
    "connection_lost": _("the connection broke before an answer"),
    "timeout": _("the provider does not answer in time"),
}
TOUCH_STATES: dict[str, str | Promise] = {
    TouchState.QUEUED.value: _("Queued"),
    TouchState.DEFERRED.value: _("Deferred"),
    TouchState.HANDING_OVER.value: _("Handing over"),
    TouchState.AMBIGUOUS.value: _("Outcome unknown"),
    TouchState.REFUSED.value: _("Refused"),
    TouchState.FAILED.value: _("Failed"),
    TouchState.ACCEPTED.value: _("Accepted"),
    TouchState.BOUNCED.value: _("Bounced"),
    TouchState.DELIVERED.value: _("Delivered"),
    TouchState.OPENED.value: _("Opened"),
    TouchState.CLICKED.value: _("Clicked"),
}
REASONS: dict[str, str | Promise] = {
    Reason.NONE.value: _("None"),
    Reason.CUSTOMER_INACTIVE.value: _("The customer is restricted or erased"),
    Reason.NO_CONSENT.value: _("No consent on record for this channel"),
    Reason.CONSENT_WITHDRAWN.value: _("Consent was withdrawn"),
    Reason.OBJECTED.value: _("Objected to marketing on another channel, which holds for all"),
    Reason.CONSENT_NOT_WRITTEN.value: _("Consent was not given in writing, as the law there asks"),
    Reason.SUPPRESSED.value: _("The address is on the suppression list"),
    Reason.NO_ADDRESS.value: _("No usable address for this channel"),
    Reason.PERSONALISATION_OFF.value: _("The customer objects to personalisation"),
    Reason.NOT_APPROVED.value: _("The template version is not approved, or not for this purpose"),
    Reason.MISSING_VARIABLE.value: _("The template needs data this customer lacks"),
    Reason.RENDER_FAILED.value: _("The template could not be rendered"),
    Reason.EXPIRED.value: _("Too late for the message to make sense"),
    Reason.MERGED.value: _("In the same journey already, under another name"),
    Reason.STAGE_LEFT.value: _("The journey is not for the customer's lifecycle stage"),
    Reason.JOURNEY_STOPPED.value: _("The journey was stopped"),
    Reason.NOT_ELIGIBLE.value: _("Not eligible"),
    Reason.UNSUITABLE.value: _("The product does not suit the customer"),
    Reason.MARKETING_BARRED.value: _("Not to be marketed to: no assessment, a minor or the region"),
    Reason.NEEDS_REVIEW.value: _("A person must decide on suitability first"),
    Reason.PRODUCT_UNKNOWN.value: _("The product is not on record"),
    Reason.QUIET_HOURS.value: _("Outside the hours of the customer's time zone"),
    Reason.NO_CALENDAR.value: _("The trading days of that year are not known"),
    Reason.CAPPED.value: _("Approached as often as the caps allow"),
    Reason.WORDING_FORBIDDEN.value: _("The text says what may not be advertised"),
    Reason.WORDING_UNREVIEWED.value: _("The text says what no reviewer saw"),
    Reason.NOTICE_MISSING.value: _("The text lacks the notice that must go with the product"),
    Reason.GATE_ERROR.value: _("A gate could not decide"),
    Reason.PROVIDER_REFUSED.value: _("The provider refused it"),
    Reason.PROVIDER_UNAVAILABLE.value: _("The provider was not available"),
    Reason.BREAKER_OPEN.value: _("The provider's breaker was open; it waits"),
    Reason.NOT_TRIED.value: _("The sending ended before it was tried; it waits"),
    Reason.OUTCOME_UNKNOWN.value: _("It may have been sent: nobody knows yet"),
    Reason.ACCOUNT_INACTIVE.value: _(
        "Its provider account is out of use and no other of the channel's route takes over"
    ),
    Reason.PROVED_ABSENT.value: _("The provider never got it; sent again"),
    Reason.ATTEMPTS_EXHAUSTED.value: _("Every attempt was used up"),
    Reason.QUARANTINED.value: _("Put aside: handling it failed again and again"),
    Reason.SENT_AGAIN.value: _("Sent again by a person"),
}
RECEIPT_KINDS: dict[str, str | Promise] = {
    **TOUCH_STATES,
    ReceiptKind.UNDELIVERABLE.value: _("Bounced for good: no such address"),
    ReceiptKind.COMPLAINED.value: _("Complained about a message"),
    ReceiptKind.REPLIED.value: _("Replied"),
    ReceiptKind.UNSUBSCRIBED.value: _("Unsubscribed"),
    ReceiptKind.DISMISSED.value: _("Put away by the customer"),
    ReceiptKind.UNREADABLE.value: _("Could not be read"),
}
DISPOSITIONS: dict[str, str | Promise] = {
    Disposition.INTERESTED.value: _("Interested"),
    Disposition.REACHED.value: _("Reached"),
    Disposition.NOT_REACHED.value: _("Not reached"),
    Disposition.CALL_LATER.value: _("Call later"),
    Disposition.REFUSED.value: pgettext_lazy("call", "Refused"),
    Disposition.FORBIDDEN.value: _("May not be called any more"),
}
PURPOSES: dict[str, str | Promise] = {
    "marketing": _("Marketing"),
    "service": _("Service"),
    "statutory": _("Statutory"),
    "education": _("Investor education"),
}
CONSENT_CHANNELS: dict[str, str | Promise] = {**CHANNELS, "phone": _("Phone call")}
STAGES: dict[str, str | Promise] = {
    "enrolments_due": _("Enrolments due"),
    "batches_due": _("Batches due"),
    "batches_leased": _("Batches under way"),
    "touches_queued": _("Touches queued"),
    "touches_deferred": _("Touches deferred"),
    "touches_handing_over": _("Touches handing over"),
    "receipts_unmatched": _("Receipts without a touch"),
    "events_held": _("Events in quarantine"),
}
PRIORITIES: dict[str, str | Promise] = {**PURPOSES, "protective": _("Protective")}
REENTRY: dict[str, str | Promise] = {
    "never": _("Never"),
    "after_exit": _("After the exit"),
}
POLICIES: dict[str, str | Promise] = {
    Policy.PRIMARY.value: _("The default account; the others when it is down"),
    Policy.WEIGHTED.value: _("By their shares, always the same account for a customer"),
    Policy.LEAST_COST.value: _("The cheapest account"),
}
NODES: dict[str, str | Promise] = {
    "entry": _("Entry"),
    "send": _("Send"),
    **{channel.value: CHANNELS[channel.value] for channel in Channel},
    "wait": _("Wait"),
    "wait_for": _("Wait for an event"),
    "branch": _("Branch"),
    "split": _("Split"),
    "set": _("Set a field"),
    "fire_event": _("Record an event"),
    "webhook": _("Webhook"),
    "rollout": _("Rollout"),
    "exit": _("Exit"),
}


def say(words: dict[str, str | Promise], code: str) -> str:
    """The word for a code; a code without one is shown as it is."""
    return str(words.get(code, code))
