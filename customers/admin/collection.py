"""What tracking clients sent and could not be taken."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from compliance.console.acts import OPINION_LENGTH, Act, ActingAdmin, person, tell
from compliance.console.lists import ReadOnlyAdmin, closed_filter
from compliance.console.shown import Tone, badge, code, figure, link
from compliance.errors import ComplianceError
from compliance.json_box import JsonBox
from compliance.queries import clock_now
from compliance.reader import say
from compliance.sentences import Said
from customers.actions.quarantine import discard_quarantined, replay_quarantined
from customers.actions.quarantine_runs import DryRun, dry_run, start_run
from customers.errors import CustomersError, UnknownKey
from customers.identifiers import redact
from customers.models import Quarantine, QuarantineRun, Source
from customers.queries.quarantine import masked_payload
from customers.tracking.reasons import OF_EVENTS
from customers.vocabulary import KeyScope, QuarantineAct, QuarantineState

REFUSALS = (CustomersError, ComplianceError)
HELD_WORDS = {
    QuarantineState.HELD.value: _("Held"),
    QuarantineState.REPLAYED.value: _("Replayed"),
    QuarantineState.DISCARDED.value: _("Discarded"),
}
ACT_WORDS = {
    QuarantineAct.REPLAY.value: _("Replay"),
    QuarantineAct.DISCARD.value: _("Discard"),
}
LONGEST_PAYLOAD = 256 * 1024


class SourceFilter(admin.SimpleListFilter):
    """By the key that sent the event."""

    title = _("source")
    parameter_name = "source"

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]"
    ) -> list[tuple[str, str]]:
        """The keys that may send, by name."""
        keys = Source.objects.filter(scope__in=(KeyScope.INGEST, KeyScope.MANAGE))
        return [(str(pk), name) for pk, name in keys.order_by("name").values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What that key sent."""
        chosen = self.value()
        return queryset.filter(source_id=int(chosen)) if chosen and chosen.isdecimal() else queryset


def on_many(act: QuarantineAct) -> Any:
    """The action of the list that shows what ``act`` would do with the chosen events."""

    @admin.action(description=ACT_WORDS[act.value])
    def confirm(
        model_admin: "QuarantineAdmin", request: HttpRequest, chosen: QuerySet[Quarantine]
    ) -> HttpResponse | None:
        try:
            plan = dry_run(act=act, chosen=chosen)
        except REFUSALS as refusal:
            messages.error(request, say(refusal))
            return None
        return _confirmation(request, plan)

    confirm.__name__ = f"on_many_{act.value}"
    return confirm


@admin.register(Quarantine)
class QuarantineAdmin(ActingAdmin, ReadOnlyAdmin):
    """Events that could not be taken as they came: looked at, mended, replayed or discarded."""

    about = _(
        "Events that could not be taken as they came, and parts that a write key may not set."
        " Choose some and replay or discard them; open one to mend it."
    )
    refusals = REFUSALS
    list_display = ("received_at", "code", "reason", "source_name", "status", "message_id")
    list_filter = (
        closed_filter("state", _("state"), HELD_WORDS),
        closed_filter("code", _("reason code"), {known: known for known in sorted(OF_EVENTS)}),
        SourceFilter,
    )
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("code__startswith", "message_id__exact")
    search_help_text = _("Beginning of the reason code, or a whole message id")
    exclude = ("payload", "message", "details", "source_id", "named", "state")
    readonly_fields = ("reason", "source_name", "status", "mend", "hidden_payload")
    actions = [on_many(act) for act in QuarantineAct]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """For those who deal with the quarantine."""
        found: dict[str, Any] = super().get_actions(request)
        return found if _may(request) else {}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quarantine]:
        """With the source's name."""
        names = Source.objects.filter(pk=OuterRef("source_id")).values("name")
        held: QuerySet[Quarantine] = super().get_queryset(request)
        return held.annotate(source_named=Subquery(names[:1]))

    def get_urls(self) -> list[URLPattern]:
        """Where one event is mended, and where the confirmation of many posts to."""
        mend = self.admin_site.admin_view(self.mend_view)
        many = self.admin_site.admin_view(self.many_view)
        return [
            path("<int:pk>/mend/", mend, name="customers_quarantine_mend"),
            path("many/", many, name="customers_quarantine_many"),
            *super().get_urls(),
        ]

    def acts(self, request: HttpRequest, item: Quarantine) -> Sequence[Act]:
        """Replay and discard, for what is held."""
        if not _may(request) or item.state != QuarantineState.HELD:
            return ()
        return (
            Act(
                name="replay",
                label=_t("Replay"),
                question=_t("The event is taken in as it came, with its own time."),
                done=_t("The event was taken in."),
                run=lambda _said: replay_quarantined(
                    held=item, actor=person(request), now=clock_now()
                ),
                is_main=True,
            ),
            Act(
                name="discard",
                label=_t("Discard"),
                question=_t("The event stays readable and is never taken in."),
                done=_t("The event was discarded."),
                run=lambda said: discard_quarantined(
                    held=item, why=said, actor=person(request), now=clock_now()
                ),
                asks_opinion=True,
                needs_opinion=True,
                opinion_label=_t("Why"),
            ),
        )

    def mend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A text box with the masked event; what is typed there is taken in instead."""
        item = get_object_or_404(Quarantine, pk=pk)
        if not _may(request):
            raise PermissionDenied
        page = redirect("admin:customers_quarantine_change", pk)
        try:
            masked = masked_payload(item)
        except UnknownKey as refusal:
            messages.error(request, say(refusal))
            return page
        typed = request.POST.get("payload", "")[:LONGEST_PAYLOAD] or masked.text
        if request.method == "POST" and tell(
            request,
            lambda: replay_quarantined(
                held=item, mended=masked.restored(typed), actor=person(request), now=clock_now()
            ),
            done=_t("The mended event was taken in."),
            refusals=REFUSALS,
        ):
            return page
        form = MendForm({"payload": typed})
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Mend the event"),
            "reason": self.reason(item),
            "form": form,
            "back": reverse("admin:customers_quarantine_change", args=[pk]),
        }
        return TemplateResponse(request, "customers/mend.html", context)

    def many_view(self, request: HttpRequest) -> HttpResponse:
        """Let the workers do exactly what the confirmation showed."""
        if not _may(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        act = request.POST.get("act", "")
        ids = [int(pk) for pk in request.POST.get("ids", "").split(",") if _is_id(pk)]
        if act not in ACT_WORDS:
            messages.error(request, _t("Nothing was chosen."))
            return redirect("admin:customers_quarantine_changelist")
        told = tell(
            request,
            lambda: start_run(
                act=QuarantineAct(act),
                ids=ids,
                why=request.POST.get("opinion", "").replace("\x00", "")[:OPINION_LENGTH],
                actor=person(request),
                now=clock_now(),
            ),
            done=_t("The workers are at it; the progress is shown here."),
            refusals=REFUSALS,
        )
        model = "quarantinerun" if told else "quarantine"
        return redirect(f"admin:customers_{model}_changelist")

    @display(description=_("reason"))
    def reason(self, held: Quarantine) -> str:
        """Why, in words."""
        told = OF_EVENTS.get(held.code)
        if told is None:
            return redact(held.message)
        return redact(say(Said(sentence=told, details=held.details)))

    @display(description=_("source"))
    def source_name(self, held: Quarantine) -> str:
        """Whose key sent it."""
        return str(getattr(held, "source_named", "") or held.source_id)

    @display(description=_("state"), ordering="state")
    def status(self, held: Quarantine) -> SafeString:
        """The state in words."""
        tone = Tone.WARN if held.state == QuarantineState.HELD else Tone.PLAIN
        return badge(HELD_WORDS.get(held.state, held.state), tone)

    @display(description=_("mend"))
    def mend(self, held: Quarantine) -> SafeString | str:
        """Where it can be edited, while it is held."""
        if held.state != QuarantineState.HELD:
            return "—"
        return link(reverse("admin:customers_quarantine_mend", args=[held.pk]), _t("Edit"))

    @display(description=_("payload"))
    def hidden_payload(self, held: Quarantine) -> SafeString | str:
        """What came, with what names a person masked."""
        try:
            return code(masked_payload(held).text)
        except UnknownKey as refusal:
            return say(refusal)


class MendForm(forms.Form):
    """The event as JSON."""

    payload = forms.CharField(
        label=_("event"),
        widget=JsonBox(rows=24),
        help_text=_(
            "What stands in ⟦ ⟧ is hidden: leave it as it is to keep the value, or overwrite it."
        ),
    )


@admin.register(QuarantineRun)
class QuarantineRunAdmin(ReadOnlyAdmin):
    """Replays and discards of many events, and how far they are."""

    list_display = (
        *("started_at", "what", "progress", "stored", "duplicates", "still_bad", "discarded"),
        *("skipped", "started_by"),
    )
    ordering = ("-id",)
    sortable_by = ()
    exclude = ("ids", "act")
    readonly_fields = ("what", "progress")

    @display(description=_("act"))
    def what(self, run: QuarantineRun) -> str:
        """In words."""
        return str(ACT_WORDS.get(run.act, run.act))

    @display(description=_("progress"))
    def progress(self, run: QuarantineRun) -> SafeString:
        """How many are behind it; the list shows it anew when it is loaded."""
        tone = Tone.BUSY if run.finished_at is None else Tone.GOOD
        return badge(f"{figure(run.done)} / {figure(len(run.ids))}", tone)


def _may(request: HttpRequest) -> bool:
    return request.user.has_perm("customers.change_quarantine")


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) <= 18


def _confirmation(request: HttpRequest, plan: DryRun) -> HttpResponse:
    count = len(plan.ids)
    said = ngettext("%(n)s event", "%(n)s events", count) % {"n": figure(count)}
    facts = [(_t("Events"), said)]
    if plan.left_out:
        facts.append((_t("Left out: dealt with before"), figure(plan.left_out)))
    if plan.tried:
        facts += [
            (_t("Tried now"), figure(plan.tried)),
            (_t("Would be stored"), figure(plan.would_store)),
            (_t("Known already"), figure(plan.known_already)),
            *(
                (_t("Still refused: %(code)s") % {"code": refused}, figure(number))
                for refused, number in sorted(plan.refused.items())
            ),
        ]
    context = {
        **admin.site.each_context(request),
        "title": ACT_WORDS[plan.act.value],
        "facts": facts,
        "action": reverse("admin:customers_quarantine_many"),
        "hidden": [("act", plan.act.value), ("ids", ",".join(str(pk) for pk in plan.ids))],
        "button": said if count else "",
        "back": reverse("admin:customers_quarantine_changelist"),
    }
    return TemplateResponse(request, "customers/confirm.html", context)
