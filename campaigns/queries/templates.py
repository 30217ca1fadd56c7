"""Templates by their newest versions."""

from django.db.models import Case, Exists, OuterRef, Subquery, When

from campaigns.models import TemplateVersion
from compliance.models import Review


def newest_versions(*, kind: str, after: int = 0, most: int) -> list[TemplateVersion]:
    """Of each template the newest version, by the template's id, with ``is_approved``: the newest
    verdict on exactly this content is an approval.

    Parameters
    ----------
    kind : what reviews of templates are called
    after : the template's id where the page before ended

    Cost: a page of templates by their key, and of each its newest version and verdict by theirs.
    """
    newer = TemplateVersion.objects.filter(
        template=OuterRef("template"), number__gt=OuterRef("number")
    )
    decided = Review.objects.exclude(verdict=Review.Verdict.PENDING).filter(
        subject_kind=kind,
        subject_key=OuterRef("template__key"),
        subject_hash=OuterRef("content_hash"),
    )
    newest = Subquery(decided.order_by("-id").values("verdict")[:1])
    return list(
        TemplateVersion.objects.filter(template__gt=after)
        .exclude(Exists(newer))
        .select_related("template")
        .annotate(verdict=newest)
        .annotate(is_approved=Case(When(verdict=Review.Verdict.APPROVED, then=True), default=False))
        .order_by("template")[:most]
    )
