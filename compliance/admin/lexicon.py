"""The wording lexicon: looked through, tried, and changed by two persons."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.admin.lexicon_forms import LastDayForm, WordingForm
from compliance.admin.lexicon_rules import rules_as_csv, rules_page, verdict_badge
from compliance.console.acts import Act, ActingAdmin, person, verdicts
from compliance.console.shown import Panel, Tone, badge, code
from compliance.errors import ComplianceError, RulesRefused
from compliance.lexicon_changes import (
    drafted,
    drafted_last_day,
    propose_last_day,
    propose_wording,
    review_change,
)
from compliance.lexicon_trial import Trial, trial_of
from compliance.lexicon_versions import change_hash
from compliance.models import LexiconChange
from compliance.queries import clock_now
from compliance.reader import language, say
from compliance.scan import Scan
from compliance.wording.categories import category_named

ADDS = "compliance.add_lexiconchange"
REVIEWS = "compliance.change_review"
STATUS_TONES = {
    LexiconChange.Status.PENDING: Tone.BUSY,
    LexiconChange.Status.APPROVED: Tone.GOOD,
    LexiconChange.Status.RETURNED: Tone.WARN,
}


class LexiconChangeAdmin(ActingAdmin):
    """Changes of the lexicon, and on a page of its own the lexicon as it stands today.

    Registered by the roof, which knows the templates that a change meets.
    """

    about = _(
        "Proposals to change the wording lexicon. An approved one counts from its first day on, in"
        " every process; none is ever changed or deleted."
    )
    refusals = (ComplianceError,)
    list_display = (
        *("rule_id", "text", "what", "judged", "state"),
        *("effective_from", "effective_to", "made_by", "made_at"),
    )
    list_filter = ("status", "kind")
    list_select_related = ("made_by",)
    search_fields = ("text__icontains", "rule_id")
    ordering = ("-pk",)
    facts = (
        *(("rule_id", "what"), "text", ("kind_of_words", "basis"), ("judged", "severity")),
        *(("effective_from", "effective_to"), "kinds", "silent_in"),
        *("explanation_en", "explanation_zh", ("state", "version")),
        *(("made_by", "made_at"), ("checked_by", "decided_at")),
    )
    templates_met: Callable[[Trial], Panel] | None = None
    """Which templates a change meets: the floor of the messages tells."""

    def has_change_permission(self, request: HttpRequest, obj: LexiconChange | None = None) -> bool:
        """What was proposed stays as it was read."""
        return False

    def get_fields(self, request: HttpRequest, obj: LexiconChange | None = None) -> Sequence[Any]:
        """All that was filled in."""
        return self.facts

    def get_urls(self) -> list[URLPattern]:
        """With the lexicon, as a page and as a table, and the form of a last day."""
        wrap = self.admin_site.admin_view
        return [
            path("rules/", wrap(self._seen(rules_page)), name="compliance_lexicon"),
            path("rules.csv", wrap(self._seen(rules_as_csv)), name="compliance_lexicon_csv"),
            path("end/", wrap(self.end_view), name="compliance_lexicon_end"),
            *super().get_urls(),
        ]

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A term or a pattern: tried, then proposed."""
        maker, now = person(request), clock_now()
        initial = {"effective_from": timezone.localtime(now).date()}
        form = WordingForm(request.POST or None, initial=initial)
        return self._form_page(
            request,
            form,
            title=_t("Propose a term or a pattern"),
            draft=lambda: drafted(form.wording(), maker=maker, now=now),
            propose=lambda: propose_wording(wording=form.wording(), maker=maker, now=now),
        )

    def end_view(self, request: HttpRequest) -> HttpResponse:
        """The last day of a rule: tried, then proposed."""
        maker, now = person(request), clock_now()
        today = timezone.localtime(now).date()
        initial = {"rule_id": request.GET.get("rule", ""), "effective_to": today}
        form = LastDayForm(request.POST or None, initial=initial)
        return self._form_page(
            request,
            form,
            title=_t("Propose the last day of a rule"),
            draft=lambda: drafted_last_day(form.ending(), maker=maker, now=now),
            propose=lambda: propose_last_day(ending=form.ending(), maker=maker, now=now),
        )

    def acts(self, request: HttpRequest, item: LexiconChange) -> Sequence[Act]:
        """The second person's verdict."""
        actor = person(request)
        is_open = item.status == LexiconChange.Status.PENDING
        if not is_open or item.made_by_id == actor.pk or not actor.has_perm(REVIEWS):
            return ()

        def verdict(opinion: str, *, approve: bool) -> object:
            return review_change(
                change=item, checker=actor, approve=approve, opinion=opinion, now=clock_now()
            )

        question = _t("Every message is held against it, from its first day on.")
        return verdicts(verdict, question=question, seen=change_hash(item))

    def panels(self, request: HttpRequest, item: LexiconChange) -> Sequence[Panel]:
        """While it is open: what it would do to the samples and to templates."""
        return self._trial(item) if item.status == LexiconChange.Status.PENDING else ()

    @display(description=_("kind"), ordering="kind")
    def what(self, change: LexiconChange) -> str:
        """What is changed."""
        return str(LexiconChange.Kind(change.kind).label)

    @display(description=_("category"), ordering="category")
    def kind_of_words(self, change: LexiconChange) -> str:
        """What its words do, in the reader's language."""
        return category_named(change.category, language())

    @display(description=_("verdict"))
    def judged(self, change: LexiconChange) -> SafeString | str:
        """What happens to a text that says it."""
        return verdict_badge(change.verdict) if change.verdict else "—"

    @display(description=_("status"), ordering="status")
    def state(self, change: LexiconChange) -> SafeString:
        """How far it is."""
        status = LexiconChange.Status(change.status)
        return badge(status.label, STATUS_TONES[status])

    @display(description=_("product kinds"))
    def kinds(self, change: LexiconChange) -> str:
        """What it is about."""
        return ", ".join(change.products) or "—"

    @display(description=_("exclusions"))
    def silent_in(self, change: LexiconChange) -> str:
        """The texts in which it is no hit."""
        return " · ".join(change.neutral) or "—"

    def _seen(
        self, page: Callable[[HttpRequest], HttpResponse]
    ) -> Callable[[HttpRequest], HttpResponse]:
        def guarded(request: HttpRequest) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            return page(request)

        return guarded

    def _form_page(
        self,
        request: HttpRequest,
        form: WordingForm | LastDayForm,
        *,
        title: str,
        draft: Callable[[], LexiconChange],
        propose: Callable[[], LexiconChange],
    ) -> HttpResponse:
        if not person(request).has_perm(ADDS):
            raise PermissionDenied
        panels: Sequence[Panel] = ()
        if request.method == "POST" and form.is_valid():
            try:
                if "try" in request.POST:
                    panels = self._trial(draft())
                else:
                    change = propose()
                    messages.success(request, _t("Proposed. A second person reviews it."))
                    return redirect("admin:compliance_lexiconchange_change", change.pk)
            except RulesRefused as refusal:
                field = refusal.path if refusal.path in form.fields else None
                form.add_error(field, say(refusal))
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "form": form,
            "panels": panels,
            "back": reverse("admin:compliance_lexicon"),
        }
        return TemplateResponse(request, "compliance/lexicon_change.html", context)

    def _trial(self, change: LexiconChange) -> Sequence[Panel]:
        trial = trial_of(change, today=timezone.localtime(clock_now()).date())
        panels = [_samples(trial, change.samples or [change.text])]
        if self.templates_met is not None:
            panels.append(self.templates_met(trial))
        return panels


def _samples(trial: Trial, samples: Sequence[str]) -> Panel:
    return Panel(
        title=_t("On the sample texts"),
        headers=(_t("text"), _t("without the change"), _t("with it"), _t("rules that speak")),
        rows=[
            (text, verdict_badge(was.verdict), verdict_badge(will.verdict), code(_speaking(will)))
            for text, was, will in trial.told(samples)
        ],
        empty=_t("No sample texts."),
        note=_t("As messages by no channel in particular about no product in particular."),
    )


def _speaking(scan: Scan) -> str:
    return ", ".join(dict.fromkeys(hit.rule_id for hit in scan.hits)) or "—"
