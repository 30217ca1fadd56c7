"""Acts by hand on touches, rows put aside, emergency stops: lists, dry runs and second persons."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from campaigns.actions.quarantine import plan_replay, replay
from campaigns.actions.resolve import MOST, SHOWN, DryRun, decide, dry_run, needs_two, propose
from campaigns.admin.delivery import touch_badge
from campaigns.errors import CampaignError, WhyMissing
from campaigns.labels import REASONS, say
from campaigns.models import EmergencyStop, Intervention, PoisonRow, Touch
from compliance.console.acts import OPINION_LENGTH, Act, ActingAdmin, person
from compliance.console.lists import ReadOnlyAdmin
from compliance.console.shown import Panel, Tone, badge, code, figure, link, moment
from compliance.errors import ComplianceError
from compliance.queries import clock_now

REFUSALS = (CampaignError, ComplianceError)
LONGEST_NUMBER = 20
VERDICT_TONES = {
    Intervention.Verdict.PENDING: Tone.BUSY,
    Intervention.Verdict.DONE: Tone.GOOD,
    Intervention.Verdict.REJECTED: Tone.WARN,
}


def _numbers(request: HttpRequest) -> list[int]:
    """The row numbers that a confirmation sent back; what is none, or longer than any, is not."""
    sent = request.POST.get("ids", "").split(",")
    return [int(pk) for pk in sent if pk.isdecimal() and len(pk) < LONGEST_NUMBER]


def by_hand(act: Intervention.Act) -> Any:
    """The action of the list of touches that shows what ``act`` would do."""

    @admin.action(description=act.label)
    def confirm(
        model_admin: "TouchesByHand", request: HttpRequest, touches: QuerySet[Touch]
    ) -> HttpResponse | None:
        try:
            plan = dry_run(act=act, touches=touches, now=clock_now())
        except REFUSALS as refusal:
            messages.error(request, str(refusal))
            return None
        return _confirmation(request, plan)

    confirm.__name__ = f"by_hand_{act.value}"
    return confirm


class TouchesByHand(ReadOnlyAdmin):
    """A list of touches whose actions propose acts by hand."""

    actions = [by_hand(act) for act in Intervention.Act]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """For those who may propose."""
        found: dict[str, Any] = super().get_actions(request)
        return found if request.user.has_perm("campaigns.change_touch") else {}

    def get_urls(self) -> list[URLPattern]:
        """Where the confirmation posts to."""
        view = self.admin_site.admin_view(self.by_hand_view)
        act = path("by-hand/", view, name="campaigns_touch_by_hand")
        urls: list[URLPattern] = super().get_urls()
        return [act, *urls]

    def by_hand_view(self, request: HttpRequest) -> HttpResponse:
        """Do or propose exactly what the confirmation showed."""
        if not request.user.has_perm("campaigns.change_touch"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        act = request.POST.get("act", "")
        ids = _numbers(request)
        if act not in Intervention.Act.values or not 0 < len(ids) <= MOST:
            messages.error(request, _t("Nothing was chosen."))
            return redirect("admin:campaigns_touch_changelist")
        try:
            made = propose(
                act=Intervention.Act(act),
                touch_ids=ids,
                why=request.POST.get("opinion", "").replace("\x00", "")[:OPINION_LENGTH],
                actor=person(request),
                now=clock_now(),
            )
        except WhyMissing as refusal:
            messages.error(request, str(refusal))
            named = Touch.objects.filter(pk__in=ids)
            plan = dry_run(act=Intervention.Act(act), touches=named, now=clock_now())
            return _confirmation(request, plan)
        except REFUSALS as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _done(made))
        return redirect("admin:campaigns_intervention_changelist")


def _done(made: Intervention) -> str:
    if made.verdict == Intervention.Verdict.PENDING:
        return _t("Proposed. A second person has to agree.")
    return _done_to(made.changed, len(made.touch_ids) - made.changed)


def _done_to(count: int, left: int) -> str:
    """What was done, and that some had moved on since the dry run."""
    done = ngettext("Done to %(n)s touch.", "Done to %(n)s touches.", count) % {"n": figure(count)}
    if not left:
        return done
    stood = ngettext(
        "%(n)s had moved on meanwhile and was left alone.",
        "%(n)s had moved on meanwhile and were left alone.",
        left,
    )
    return f"{done} {stood % {'n': figure(left)}}"


def _confirmation(request: HttpRequest, plan: DryRun) -> HttpResponse:
    count = len(plan.ids)
    said = ngettext("%(n)s touch", "%(n)s touches", count) % {"n": figure(count)}
    facts = [(_t("Touches"), said), *((key, figure(n)) for key, n in plan.by_account)]
    if unfit := plan.left_out - plan.unaskable:
        facts.append((_t("Left out: this act is not for their state"), figure(unfit)))
    if plan.unaskable:
        said_so = _t("Left out: their provider cannot be asked. Mark them as sent, or send again")
        facts.append((said_so, figure(plan.unaskable)))
    if plan.expired:
        facts.append((_t("Too late to be sent: will be refused"), figure(plan.expired)))
    context = {
        **admin.site.each_context(request),
        "title": plan.act.label,
        "facts": facts,
        "shown": plan.shown,
        "more": count - len(plan.shown),
        "action": reverse("admin:campaigns_touch_by_hand"),
        "hidden": [("act", plan.act.value), ("ids", ",".join(str(pk) for pk in plan.ids))],
        "button": said if count else "",
        "back": reverse("admin:campaigns_touch_changelist"),
        "asks_why": True,
        "needs_why": needs_two(plan.act),
    }
    return TemplateResponse(request, "campaigns/confirm.html", context)


@admin.register(Intervention)
class InterventionAdmin(ActingAdmin, ReadOnlyAdmin):
    """What people did to touches by hand, and what waits for a second person."""

    about = _(
        "Acts are proposed on the list of touches: choose some there, then an act. Those that could"
        " send a message twice wait here until a second person agrees."
    )

    refusals = REFUSALS
    list_display = ("name", "status", "touches", "made_by", "made_at", "decided_by", "changed")
    list_filter = ("act", "verdict")
    list_select_related = ("made_by", "decided_by")
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        ("name", "status"),
        "why",
        ("made_by", "made_at"),
        ("decided_by", "decided_at"),
        "opinion",
        ("touches", "changed"),
    )
    readonly_fields = ("name", "status", "touches")
    change_form_outer_before_template = "compliance/_acts.html"

    @display(description=_("act"))
    def name(self, item: Intervention) -> str:
        """The act in words."""
        return f"{item.pk} · {Intervention.Act(item.act).label}"

    @display(description=_("state"))
    def status(self, item: Intervention) -> SafeString:
        """Pending, done, rejected."""
        verdict = Intervention.Verdict(item.verdict)
        return badge(verdict.label, VERDICT_TONES[verdict])

    @display(description=_("touches"))
    def touches(self, item: Intervention) -> str:
        """How many are named."""
        return figure(len(item.touch_ids))

    def acts(self, request: HttpRequest, item: Intervention) -> Sequence[Act]:
        """The second person's two buttons."""
        actor = person(request)
        if item.verdict != Intervention.Verdict.PENDING or item.made_by_id == actor.pk:
            return []
        if not actor.has_perm("campaigns.change_intervention"):
            return []

        def word(opinion: str, *, agree: bool) -> object:
            return decide(
                intervention=item, actor=actor, agree=agree, opinion=opinion, now=clock_now()
            )

        return [
            Act(
                name="agree",
                label=_t("Agree"),
                question=_t("It is done at once, to exactly the touches named."),
                done=_t("Done."),
                run=partial(word, agree=True),
                asks_opinion=True,
                is_main=True,
            ),
            Act(
                name="reject",
                label=_t("Reject"),
                question=_t("Nothing is done to the touches."),
                done=_t("Rejected."),
                run=partial(word, agree=False),
                asks_opinion=True,
            ),
        ]

    def panels(self, request: HttpRequest, item: Intervention) -> Sequence[Panel]:
        """The first touches named, as they stand now."""
        named = Touch.objects.filter(pk__in=item.touch_ids[:SHOWN]).select_related("account")
        return (
            Panel(
                title=_t("Touches"),
                headers=(_t("Touch"), _t("Account"), _t("State"), _t("Reason"), _t("Attempts")),
                rows=[
                    (
                        link(reverse("admin:campaigns_touch_change", args=[touch.pk]), touch.pk),
                        touch.account.key,
                        touch_badge(touch.state),
                        say(REASONS, touch.reason),
                        touch.attempts,
                    )
                    for touch in named.order_by("pk")
                ],
                empty=_t("None of them exists any more."),
            ),
        )


@admin.register(PoisonRow)
class PoisonRowAdmin(ReadOnlyAdmin):
    """What failed again and again, by error class; replayed by filter."""

    about = _(
        "Work that failed again and again and would have held up the rest. Once the cause is"
        " mended, choose the rows and replay them; nothing is done before you confirm it."
    )

    list_display = ("failed_at", "stage", "journey", "error_class", "message", "attempts", "over")
    list_filter = ("stage", "journey", ("replayed_at", admin.EmptyFieldListFilter))
    linked_by = ("error_class",)
    list_select_related = ("journey",)
    search_fields = ("error_class__startswith",)
    search_help_text = _("Beginning of the error class")
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        ("stage", "journey"),
        ("error_class", "attempts"),
        "message",
        "subject",
        "content",
        ("failed_at", "replayed_at", "replayed_by"),
    )
    readonly_fields = ("subject", "content")
    actions = ["confirm_replay"]

    @display(description=_("state"))
    def over(self, item: PoisonRow) -> SafeString:
        """Put aside or replayed."""
        return badge(_t("Replayed")) if item.replayed_at else badge(_t("Put aside"), Tone.WARN)

    @display(description=_("row"))
    def subject(self, item: PoisonRow) -> SafeString | str:
        """The touch, by its page, or the enrolment's number."""
        if item.touch_id:
            return link(
                reverse("admin:campaigns_touch_change", args=[item.touch_id]), item.touch_id
            )
        enrolment = _t("enrolment")
        return f"{enrolment} {item.enrolment_id}"

    @display(description=_("payload reference"))
    def content(self, item: PoisonRow) -> SafeString:
        """Which content it was."""
        return code(", ".join(f"{key}: {value}" for key, value in item.reference.items()))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """For those who may replay."""
        found: dict[str, Any] = super().get_actions(request)
        return found if request.user.has_perm("campaigns.change_poisonrow") else {}

    @admin.action(description=_("Replay"))
    def confirm_replay(
        self, request: HttpRequest, chosen: QuerySet[PoisonRow]
    ) -> HttpResponse | None:
        """Show what a replay would do."""
        try:
            plan = plan_replay(chosen)
        except REFUSALS as refusal:
            messages.error(request, str(refusal))
            return None
        count = plan.touches + plan.enrolments
        ids = list(chosen.filter(replayed_at=None).order_by("pk").values_list("pk", flat=True))
        context = {
            **admin.site.each_context(request),
            "title": _t("Replay"),
            "facts": [
                (_t("Touches"), figure(plan.touches)),
                (_t("Enrolments"), figure(plan.enrolments)),
            ],
            "shown": ids[:SHOWN],
            "more": count - len(ids[:SHOWN]),
            "action": reverse("admin:campaigns_poisonrow_replay"),
            "hidden": [("ids", ",".join(str(pk) for pk in ids))],
            "button": _t("Replay") if count else "",
            "back": reverse("admin:campaigns_poisonrow_changelist"),
        }
        return TemplateResponse(request, "campaigns/confirm.html", context)

    def get_urls(self) -> list[URLPattern]:
        """Where the confirmation posts to."""
        view = self.admin_site.admin_view(self.replay_view)
        urls: list[URLPattern] = super().get_urls()
        return [path("replay/", view, name="campaigns_poisonrow_replay"), *urls]

    def replay_view(self, request: HttpRequest) -> HttpResponse:
        """Replay exactly what the confirmation showed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        ids = _numbers(request)
        try:
            aside = PoisonRow.objects.filter(pk__in=ids)
            done = replay(aside=aside, actor=person(request), now=clock_now())
        except REFUSALS as refusal:
            messages.error(request, str(refusal))
        else:
            count, told = done.touches + done.enrolments, messages.success
            if not count:
                told = messages.warning
            rows = ngettext("Replayed %(n)s row.", "Replayed %(n)s rows.", count)
            told(request, rows % {"n": figure(count)})
        return redirect("admin:campaigns_poisonrow_changelist")


@admin.register(EmergencyStop)
class EmergencyStopAdmin(ReadOnlyAdmin):
    """Every stop that was, and who let go of it; the buttons are on the stations' page."""

    list_display = ("what", "why", "stopped_by", "stopped_at", "release_asked_by", "ended")
    list_select_related = ("account", "journey", "release_asked_by", "released_by")
    ordering = ("-id",)
    sortable_by = ()

    @display(description=_("scope"))
    def what(self, stop: EmergencyStop) -> str:
        """What was stopped."""
        return stop.scope or _t("everything")

    @display(description=_("released"))
    def ended(self, stop: EmergencyStop) -> SafeString | str:
        """By whom and when, or that it stands."""
        if stop.released_at is None:
            return badge(_t("Stands"), Tone.BAD)
        return f"{stop.released_by} · {moment(stop.released_at)}"
