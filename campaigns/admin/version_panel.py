"""The panel of versions that the pages of journeys, templates and snippets share."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _t

from campaigns.models import JourneyVersion, SnippetVersion, TemplateVersion
from compliance.console.shown import Panel, code, moment, verdict_badge
from compliance.models import Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A version, its newest review, and the hash of what was reviewed."""

    version: JourneyVersion | SnippetVersion | TemplateVersion
    review: Review | None
    hash: str
    published_at: datetime | None = None


def version_panel(shown: Iterable[Shown], *, tells_publishing: bool = False) -> Panel:
    """A row a version: who made it, who said what of it, and what exactly was meant."""
    headers = [_t("Version"), _t("Review"), _t("Made by"), _t("Made at"), _t("Checker")]
    headers.append(_t("Opinion"))
    if tells_publishing:
        headers.append(_t("Published at"))
    return Panel(
        title=_t("Versions"),
        headers=(*headers, _t("Content hash")),
        rows=[_row(one, tells_publishing=tells_publishing) for one in shown],
        empty=_t("No version yet."),
    )


def _row(one: Shown, *, tells_publishing: bool) -> tuple[object, ...]:
    version, review = one.version, one.review
    return (
        f"v{version.number}",
        verdict_badge(review),
        version.made_by,
        moment(version.made_at),
        (review.checker if review and review.checker else "—"),
        (review.opinion if review and review.opinion else "—"),
        *((moment(one.published_at),) if tells_publishing else ()),
        code(one.hash[:12]),
    )
