"""A template's way to being sent: what can be done with its newest version now."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _t

from campaigns.actions.link_check import Checked, check_links
from campaigns.actions.templates import (
    KIND,
    review_template,
    submit_template,
)
from campaigns.admin.part_boxes import (
    PART_LABELS,
)
from campaigns.models import Template, TemplateVersion
from compliance.console.acts import Act, verdicts
from compliance.models import Review, User
from compliance.queries import clock_now
from compliance.reader import say as speak

MOST_WARNINGS = 20


def newest_version(template: Template) -> TemplateVersion | None:
    """The version with the greatest number."""
    return template.versions.select_related("made_by").order_by("-number").first()


def review_of(template: Template, version: TemplateVersion) -> Review | None:
    """The newest review of exactly this version's content."""
    return (
        Review.objects.filter(
            subject_kind=KIND, subject_key=template.key, subject_hash=version.content_hash
        )
        .select_related("maker", "checker")
        .order_by("-id")
        .first()
    )


def is_mine_to_check(review: Review | None, actor: User) -> bool:
    return (
        review is not None
        and review.verdict == Review.Verdict.PENDING
        and review.maker_id != actor.pk
        and actor.has_perm("compliance.change_review")
    )


def submission(request: HttpRequest, version: TemplateVersion, maker: User) -> Act:
    def submit(_opinion: str) -> None:
        _tell_of_links(request, check_links(version=version))
        submit_template(version=version, maker=maker, now=clock_now())

    return Act(
        name="submit",
        label=_t("Submit for review"),
        question=_t("A second person checks exactly this content."),
        done=_t("Submitted. A second person has to approve it."),
        run=submit,
        is_main=True,
    )


def link_check(request: HttpRequest, version: TemplateVersion) -> Act:
    return Act(
        name="links",
        label=_t("Check links"),
        question=_t("Each constant link is asked for from here; that takes some seconds at most."),
        done=_t("The links were looked at."),
        run=lambda _opinion: _tell_of_links(request, check_links(version=version)),
    )


def _tell_of_links(request: HttpRequest, found: Checked) -> None:
    """One warning for each finding: they keep nobody from submitting."""
    for finding in found.findings[:MOST_WARNINGS]:
        part = str(PART_LABELS.get(finding.part, finding.part))
        place = f"{part} ({finding.locale})" if finding.locale else part
        messages.warning(request, f"{place}: {speak(finding.said)}")
    if (rest := len(found.findings) - MOST_WARNINGS) > 0:
        messages.warning(request, _t("And %(count)d more about links.") % {"count": rest})


def checks(version: TemplateVersion, checker: User) -> list[Act]:
    def verdict(opinion: str, *, approve: bool) -> object:
        return review_template(
            version=version, checker=checker, approve=approve, opinion=opinion, now=clock_now()
        )

    seen = f"{version.pk}:{version.content_hash}"
    return verdicts(
        verdict,
        question=_t("You approve exactly the content shown. It may then be sent."),
        seen=seen,
    )
