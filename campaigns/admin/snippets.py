"""Snippets: the texts by form and language, the versions, the approval, and where each stands."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from campaigns.actions.snippets import (
    checked_snippet,
    delete_snippet,
    rebuild_templates,
    review_snippet,
    save_snippet,
    submit_snippet,
)
from campaigns.admin.part_boxes import (
    PART_LABELS,
    PREFIX,
    VARIANT,
    PartsForm,
    part_fields,
    shown_locales,
    variant_fieldset,
)
from campaigns.admin.version_panel import Shown, version_panel
from campaigns.content.snippets import FORMS
from campaigns.errors import CampaignError, StateConflict, TemplateError
from campaigns.models import Snippet, SnippetVersion
from campaigns.queries.snippets import (
    KIND,
    current_version,
    is_outdated,
    snippets_using,
    templates_using,
)
from compliance.console.acts import Act, ActingAdmin, person, verdicts
from compliance.console.seen import SEEN
from compliance.console.shown import Panel, Tone, badge, code, link, verdict_badge
from compliance.errors import ComplianceError
from compliance.models import Review, User
from compliance.queries import clock_now
from compliance.reader import say as speak


class SnippetForm(PartsForm):
    """Key and name; the boxes are added by language (`_form_for`)."""

    class Meta:
        model = Snippet
        fields = ("key", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = self.newest()
        self.show(version.forms if version else {}, version.variants if version else {})

    def newest(self) -> SnippetVersion | None:
        """None for a snippet that is being made."""
        return newest_version(self.instance) if self.instance.pk else None

    def clean(self) -> dict[str, Any]:
        """Check the texts as the verb will; the error stands at the box it names."""
        values = super().clean() or self.cleaned_data
        key = self.instance.key or values.get("key", "")
        if not self.errors:
            self._check(key, PREFIX, {})
        for locale, own in ({} if self.errors else self.variants()).items():
            self._check(key, VARIANT.format(locale=locale), {locale: own})
        return values

    def _check(self, key: str, prefix: str, variants: dict[str, dict[str, str]]) -> None:
        try:
            checked_snippet(key=key, forms=self.parts(), variants=variants)
        except TemplateError as error:
            field = prefix + error.path
            self.add_error(field if field in self.fields else None, speak(error))


def _form_for(locales: Sequence[str]) -> type[SnippetForm]:
    fields = part_fields(dict.fromkeys(FORMS, False), locales)
    made: type[SnippetForm] = type("LocalisedSnippetForm", (SnippetForm,), dict(fields))
    made.locales = tuple(locales)
    return made


@admin.register(Snippet)
class SnippetAdmin(ActingAdmin):
    """Pieces of content by name; templates get the newest approved version of each."""

    about = format_lazy(
        "{said} {example}",
        said=_(
            "Pieces of content that several templates share, such as a risk warning or a signature."
            " A template names one and gets its approved text when it is saved; nothing changes"
            " under an approved template. Example:"
        ),
        example='{% snippet "risk-warning" %}',
    )
    refusals = (CampaignError, ComplianceError)
    list_display = ("name", "key", "newest", "status")
    search_fields = ("name__icontains", "key__startswith")
    ordering = ("name",)
    change_form_outer_before_template = "campaigns/_template.html"

    def get_form(
        self, request: HttpRequest, obj: Snippet | None = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Snippet]]":
        """With the boxes of each language."""
        kwargs["form"] = _form_for(_locales(request, obj))
        form: type[forms.ModelForm[Snippet]] = super().get_form(request, obj, change, **kwargs)
        return form

    def get_fieldsets(
        self, request: HttpRequest, obj: Snippet | None = None
    ) -> list[tuple[str | None, dict[str, Any]]]:
        """The texts are boxes to type in for those who may; others read them below."""
        if obj and not self.has_change_permission(request, obj):
            return [(None, {"fields": ["key", "name"]})]
        seen = [SEEN] if obj else []
        own = (None, {"fields": ["key", "name", *(PREFIX + form for form in FORMS), *seen]})
        return [own, *(variant_fieldset(locale, FORMS) for locale in _locales(request, obj))]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Snippet | None = None
    ) -> Sequence[str]:
        """The key is for life: templates name it."""
        return ("key", "name") if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Snippet]:
        """With the number of the newest version."""
        snippets: QuerySet[Snippet] = super().get_queryset(request)
        return snippets.annotate(newest_number=Max("versions__number"))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Each may get another language."""
        may = self.has_change_permission if object_id else self.has_add_permission
        context = {**(extra_context or {}), "adds_languages": may(request)}
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(
        self, request: HttpRequest, obj: Snippet, form: SnippetForm, change: bool
    ) -> None:
        """By the verb: texts that differ from the newest version become a new one."""
        version = save_snippet(
            key=obj.key,
            name=obj.name,
            forms=form.parts(),
            variants=form.variants(),
            maker=person(request),
            now=clock_now(),
        )
        obj.pk = version.snippet_id

    @display(description=_("newest version"))
    def newest(self, snippet: Any) -> str:
        """Its number."""
        return f"v{snippet.newest_number}" if snippet.newest_number else "—"

    @display(description=_("review"))
    def status(self, snippet: Snippet) -> SafeString:
        """The verdict on the newest version."""
        version = newest_version(snippet)
        return verdict_badge(_review_of(version) if version else None)

    def acts(self, request: HttpRequest, item: Snippet) -> Sequence[Act]:
        """Submit, approve, return; put it into its templates; take it away."""
        version = newest_version(item)
        if version is None:
            return ()
        review, actor = _review_of(version), person(request)
        is_pending = review is not None and review.verdict == Review.Verdict.PENDING
        found: list[Act] = []
        if (
            is_pending
            and actor.pk not in {version.made_by_id, review and review.maker_id}
            and actor.has_perm("compliance.change_review")
        ):
            found += _checks(version, actor)
        if self.has_change_permission(request, item):
            is_open = review is None or review.verdict == Review.Verdict.RETURNED
            found += [_submission(version, actor)] if is_open else []
            current = current_version(item)
            outdated = [each for each in templates_using(item) if is_outdated(each, current)]
            found += [_rebuilding(item, actor, len(outdated))] if outdated else []
            is_free = not SnippetVersion.objects.filter(snippet=item, uses__isnull=False).exists()
            found += [_deletion(item, actor)] if is_free and not is_pending else []
        return found

    def panels(self, request: HttpRequest, item: Snippet) -> Sequence[Panel]:
        """The newest version's texts, where it stands, all versions."""
        version = newest_version(item)
        return (*([_texts(version)] if version else []), _uses(item), _versions(item))


def newest_version(snippet: Snippet) -> SnippetVersion | None:
    """The version with the greatest number."""
    versions = snippet.versions.select_related("made_by", "snippet")
    return versions.order_by("-number").first()


def _review_of(version: SnippetVersion) -> Review | None:
    """The newest review of exactly this content."""
    return (
        Review.objects.filter(
            subject_kind=KIND,
            subject_key=version.snippet.key,
            subject_hash=version.content_hash,
        )
        .select_related("maker", "checker")
        .order_by("-id")
        .first()
    )


def _locales(request: HttpRequest, snippet: Snippet | None) -> list[str]:
    version = newest_version(snippet) if snippet else None
    return shown_locales(request, version.variants if version else ())


def _submission(version: SnippetVersion, maker: User) -> Act:
    return Act(
        name="submit",
        label=_t("Submit for review"),
        question=_t("A second person checks exactly this content."),
        done=_t("Submitted. A second person has to approve it."),
        run=lambda _opinion: submit_snippet(version=version, maker=maker, now=clock_now()),
        is_main=True,
    )


def _checks(version: SnippetVersion, checker: User) -> list[Act]:
    def verdict(opinion: str, *, approve: bool) -> object:
        return review_snippet(
            version=version, checker=checker, approve=approve, opinion=opinion, now=clock_now()
        )

    seen = f"{version.pk}:{version.content_hash}"
    return verdicts(
        verdict,
        question=_t("Templates that are saved from now on get exactly the content shown."),
        seen=seen,
    )


def _rebuilding(snippet: Snippet, maker: User, count: int) -> Act:
    def rebuild(_opinion: str) -> None:
        rebuilt = rebuild_templates(snippet=snippet, maker=maker, now=clock_now())
        if rebuilt.refused:
            raise StateConflict(
                _t("%(count)d templates have a new draft; these have not: %(refused)s")
                % {"count": len(rebuilt.drafts), "refused": " ".join(rebuilt.refused)}
            )

    return Act(
        name="rebuild",
        label=ngettext("Put it into %(count)d template", "Put it into %(count)d templates", count)
        % {"count": count},
        question=_t(
            "Each gets a new draft with the approved text, to be reviewed as any. What is approved"
            " stays as it is until then."
        ),
        done=_t("The templates have new drafts."),
        run=rebuild,
        is_main=True,
    )


def _deletion(snippet: Snippet, actor: User) -> Act:
    def delete(_opinion: str) -> None:
        delete_snippet(snippet=snippet, actor=actor, now=clock_now())

    return Act(
        name="delete",
        label=_t("Delete"),
        question=_t("It stands in no template. Its versions are deleted with it."),
        done=_t("Deleted."),
        run=delete,
    )


def _texts(version: SnippetVersion) -> Panel:
    rows: list[tuple[object, ...]] = [
        (PART_LABELS[form], code(text)) for form, text in version.forms.items()
    ]
    for locale, own in version.variants.items():
        rows += [(f"{PART_LABELS[form]} ({locale})", code(text)) for form, text in own.items()]
    return Panel(
        title=_t("Content of version %(number)d") % {"number": version.number},
        headers=(_t("Part"), _t("Source")),
        rows=rows,
        empty=_t("No version yet."),
    )


def _uses(snippet: Snippet) -> Panel:
    rows: list[tuple[object, ...]] = []
    current = current_version(snippet)
    for version in templates_using(snippet):
        page = reverse("admin:campaigns_template_change", args=[version.template_id])
        is_old = is_outdated(version, current)
        state = badge(_t("Older text"), Tone.WARN) if is_old else badge(_t("Current text"))
        name = link(page, version.template.name)
        rows.append((_t("Template"), name, f"v{version.number}", state))
    for used in snippets_using(snippet):
        page = reverse("admin:campaigns_snippet_change", args=[used.snippet_id])
        name = link(page, used.snippet.name)
        rows.append((_t("Snippet"), name, f"v{used.number}", "—"))
    return Panel(
        title=_t("Where it stands"),
        headers=(_t("Kind"), _t("Name"), _t("Version"), _t("State")),
        rows=rows,
        empty=_t("In no template and no other snippet."),
        note=_t("Newest versions only."),
    )


def _versions(snippet: Snippet) -> Panel:
    made = snippet.versions.select_related("made_by", "snippet").order_by("-number")
    return version_panel(
        Shown(version=one, review=_review_of(one), hash=one.content_hash) for one in made
    )
