"""Touches, the batches they are handed over in, advisor tasks."""

import json
from collections.abc import Sequence

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from campaigns.channels.base import Channel
from campaigns.labels import CHANNELS, PURPOSES, REASONS, RECEIPT_KINDS, TOUCH_STATES, say
from campaigns.models import (
    AdvisorTask,
    DispatchBatch,
    ProviderAccount,
    RestrictedVerdict,
    Touch,
)
from campaigns.states import Reason, TouchState
from compliance.console.lists import ReadOnlyAdmin, closed_filter
from compliance.console.shown import Panel, Tone, badge, code, moment

TOUCH_TONES = {
    TouchState.QUEUED.value: Tone.BUSY,
    TouchState.DEFERRED.value: Tone.WARN,
    TouchState.HANDING_OVER.value: Tone.BUSY,
    TouchState.AMBIGUOUS.value: Tone.WARN,
    TouchState.REFUSED.value: Tone.WARN,
    TouchState.FAILED.value: Tone.BAD,
    TouchState.BOUNCED.value: Tone.BAD,
}


def touch_badge(state: str) -> SafeString:
    """A touch's state in words and colour."""
    return badge(say(TOUCH_STATES, state), TOUCH_TONES.get(state, Tone.GOOD))


ChannelFilter = closed_filter(
    "channel", _("channel"), {channel.value: CHANNELS[channel.value] for channel in Channel}
)
StateFilter = closed_filter(
    "state", _("state"), {state.value: TOUCH_STATES[state.value] for state in TouchState}
)
ReasonFilter = closed_filter(
    "reason", _("reason"), {reason.value: REASONS[reason.value] for reason in Reason}
)


class TouchAdmin(ReadOnlyAdmin):
    """Every message that was decided, what became of it, and why.

    Registered at the roof (`config.admin`), which adds the clicks.
    """

    list_display = ("queued_at", "journey", "to", "medium", "status", "why", "money")
    list_filter = ("journey", ChannelFilter, "account", StateFilter, ReasonFilter)
    linked_by = ("node",)
    list_select_related = ("journey", "customer")
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("customer__customer_no",)
    search_help_text = _("Whole customer number")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("to", "journey"),
                    ("medium", "meant_for"),
                    ("status", "why"),
                    ("node", "visit"),
                    ("template", "provider"),
                    ("money", "billed_parts", "price"),
                )
            },
        ),
        (
            _("Times"),
            {
                "fields": (
                    ("queued_at", "due_at"),
                    ("handed_at", "accepted_at"),
                    ("delivered_at", "opened_at"),
                    ("clicked_at", "expires_at"),
                )
            },
        ),
        (
            _("Proof"),
            {
                "fields": (
                    "key",
                    "hash",
                    "provider_id",
                    ("attempts", "fence"),
                    "elsewhere",
                    "stored_verdict",
                )
            },
        ),
    )
    readonly_fields = (
        "to",
        "medium",
        "meant_for",
        "status",
        "why",
        "template",
        "provider",
        "money",
        "billed_parts",
        "price",
        "hash",
        "elsewhere",
        "stored_verdict",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Touch], search_term: str
    ) -> tuple[QuerySet[Touch], bool]:
        """Touches of one customer."""
        term = search_term.strip()
        return (queryset.filter(customer__customer_no=term) if term else queryset), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Touch]:
        """Without the ciphertext of the message, which no page shows."""
        touches: QuerySet[Touch] = super().get_queryset(request)
        return touches.defer("content_cipher")

    @display(description=_("customer"))
    def to(self, touch: Touch) -> str:
        """The customer's number."""
        return touch.customer.customer_no

    @display(description=_("channel"), ordering="channel")
    def medium(self, touch: Touch) -> str:
        """The channel in words."""
        return say(CHANNELS, touch.channel)

    @display(description=_("purpose"))
    def meant_for(self, touch: Touch) -> str:
        """The purpose in words."""
        return say(PURPOSES, touch.purpose)

    @display(description=_("state"))
    def status(self, touch: Touch) -> SafeString:
        """The state in words."""
        return touch_badge(touch.state)

    @display(description=_("reason"))
    def why(self, touch: Touch) -> str:
        """Why it was not sent, or not yet."""
        return say(REASONS, touch.reason) if touch.reason else "—"

    @display(description=_("cost"), ordering="cost")
    def money(self, touch: Touch) -> str:
        """Amount and currency."""
        return f"{touch.cost.normalize():f} {touch.currency}"

    @display(description=_("billed parts"))
    def billed_parts(self, touch: Touch) -> int:
        """How many parts the provider charges for: a long text message has several."""
        return touch.segments

    @display(description=_("price of a part"))
    def price(self, touch: Touch) -> str:
        """What one part cost to this destination when the touch was handed over."""
        return "—" if touch.unit_cost is None else f"{touch.unit_cost.normalize():f}"

    @display(description=_("template"))
    def template(self, touch: Touch) -> str:
        """Template and version."""
        version = touch.template_version
        return f"{version.template.key} v{version.number}"

    @display(description=_("provider account"))
    def provider(self, touch: Touch) -> str:
        """The account that carries it."""
        return touch.account.key

    @display(description=_("content hash"))
    def hash(self, touch: Touch) -> SafeString | str:
        """What was frozen before the first attempt."""
        return code(touch.content_hash) if touch.content_hash else "—"

    @display(description=_("attempts at earlier accounts"))
    def elsewhere(self, touch: Touch) -> str:
        """How often each account it was moved from had tried it."""
        counted = touch.attempts_elsewhere or {}
        names = dict(ProviderAccount.objects.filter(pk__in=counted).values_list("pk", "key"))
        return ", ".join(f"{names[int(pk)]}: {count}" for pk, count in counted.items()) or "—"

    @display(description=_("stored verdict"))
    def stored_verdict(self, touch: Touch) -> SafeString | str:
        """What the gates said in a word, and what they read, as stored with the touch."""
        if not touch.verdict:
            return "—"
        gate = touch.verdict.get("gate")
        word = (
            badge(_t("Objection by the gate “%(gate)s”") % {"gate": gate}, Tone.WARN)
            if gate
            else badge(_t("No gate objected"), Tone.GOOD)
        )
        return format_html("{} {}", word, code(json.dumps(touch.verdict, ensure_ascii=False)))

    def panels(self, request: HttpRequest, item: Touch) -> Sequence[Panel]:
        """What the provider reported; to compliance, what a hold was."""
        may_know = request.user.has_perm("campaigns.view_restrictedverdict")
        kept = RestrictedVerdict.objects.filter(touch=item).first() if may_know else None
        return (receipts(item), *([restricted(kept)] if kept else []))


def restricted(kept: RestrictedVerdict) -> Panel:
    """The true ground of a refusal, for compliance alone."""
    return Panel(
        title=_t("Restricted: do not pass on"),
        headers=(_t("At"), _t("grounds")),
        rows=[(moment(kept.at), code(kept.grounds))],
        empty="",
    )


def receipts(touch: Touch) -> Panel:
    """Every report of the provider about this touch."""
    return Panel(
        title=_t("Receipts"),
        headers=(_t("At"), _t("Received"), _t("Kind"), _t("Detail"), _t("Provider's event id")),
        rows=[
            (
                moment(receipt.at),
                moment(receipt.received_at),
                say(RECEIPT_KINDS, receipt.kind),
                receipt.detail or "—",
                code(receipt.provider_event_id),
            )
            for receipt in touch.receipts.order_by("id")
        ],
        empty=_t("The provider has reported nothing yet."),
    )


@admin.register(DispatchBatch)
class BatchAdmin(ReadOnlyAdmin):
    """What workers claim; an open batch is due, a done one is not.

    One that holds failed touches, or such whose outcome is unknown, is not done: it needs a person.
    """

    list_display = ("id", "journey", "account", "status", "due_at", "lease_until", "fence")
    sortable_by = ()
    list_filter = (
        "account",
        "journey",
        ("due_at", admin.EmptyFieldListFilter),
        "needs_person",
    )
    list_select_related = ("journey", "account")
    ordering = ("-id",)

    @display(description=_("state"))
    def status(self, batch: DispatchBatch) -> SafeString:
        """Open, done, or over for the workers but not for people."""
        if batch.due_at:
            return badge(_t("Open"), Tone.BUSY)
        if batch.needs_person:
            return badge(_t("Needs a person"), Tone.WARN)
        return badge(_t("Done"), Tone.GOOD)


@admin.register(AdvisorTask)
class AdvisorTaskAdmin(ReadOnlyAdmin):
    """Calls that advisors are to make."""

    list_display = ("due_at", "queue", "to", "status", "disposition", "done_by", "done_at")
    list_filter = (("done_at", admin.EmptyFieldListFilter),)
    list_select_related = ("touch__customer", "done_by")
    ordering = ("-id",)
    search_fields = ("queue__startswith",)
    search_help_text = _("Beginning of the queue's name")
    exclude = ("touch",)
    readonly_fields = ("to",)

    @display(description=_("customer"))
    def to(self, task: AdvisorTask) -> str:
        """Whom to call."""
        return task.touch.customer.customer_no

    @display(description=_("state"))
    def status(self, task: AdvisorTask) -> SafeString:
        """Open or done."""
        return badge(_t("Done"), Tone.GOOD) if task.done_at else badge(_t("Open"), Tone.BUSY)
