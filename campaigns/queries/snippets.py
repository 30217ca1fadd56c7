"""Snippets as templates get them, and where they stand."""

from django.db.models import Exists, Max, OuterRef, QuerySet

from campaigns.content import snippets as content
from campaigns.content.locales import DEFAULT
from campaigns.models import Snippet, SnippetVersion, TemplateVersion
from compliance.models import Review

KIND = "snippet"


def library() -> content.Library:
    """Every snippet's newest approved version. Two statements."""
    ready = {
        version.snippet.key: content.Snippet(
            key=version.snippet.key,
            version_id=version.pk,
            forms={DEFAULT: version.forms, **version.variants},
        )
        for version in approved_versions().select_related("snippet")
    }
    keys = Snippet.objects.values_list("key", flat=True)
    return content.Library(ready=ready, waiting=frozenset(keys) - ready.keys())


def approved_versions() -> QuerySet[SnippetVersion]:
    """The newest approved version of each snippet that has one."""
    approval = Review.objects.filter(
        subject_kind=KIND,
        subject_key=OuterRef("snippet__key"),
        subject_hash=OuterRef("content_hash"),
        verdict=Review.Verdict.APPROVED,
    )
    versions = SnippetVersion.objects.filter(Exists(approval))
    return versions.order_by("snippet_id", "-number").distinct("snippet_id")


def current_version(snippet: Snippet) -> int | None:
    """The id of the version that templates get, if there is one."""
    return approved_versions().filter(snippet=snippet).values_list("pk", flat=True).first()


def is_outdated(version: TemplateVersion, current: int | None) -> bool:
    """Whether another version of the snippet stands in the template than it would get now."""
    standing = {use.used_id for use in version.snippet_uses.all()}
    return current is not None and current not in standing


def templates_using(snippet: Snippet) -> QuerySet[TemplateVersion]:
    """The newest version of each template in which some version of the snippet stands."""
    newest = TemplateVersion.objects.values("template_id").annotate(n=Max("pk")).values_list("n")
    return (
        TemplateVersion.objects.filter(pk__in=newest, snippet_uses__used__snippet=snippet)
        .select_related("template")
        .prefetch_related("snippet_uses__used")
        .order_by("template__name")
        .distinct()
    )


def snippets_using(snippet: Snippet) -> QuerySet[SnippetVersion]:
    """The newest version of each other snippet that names this one."""
    newest = SnippetVersion.objects.values("snippet_id").annotate(n=Max("pk")).values_list("n")
    return (
        SnippetVersion.objects.filter(pk__in=newest, snippet_uses__used__snippet=snippet)
        .select_related("snippet")
        .order_by("snippet__name")
        .distinct()
    )
