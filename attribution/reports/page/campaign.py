"""The whole page: its tables, its charts, its definitions and notes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from attribution.reports import words
from attribution.reports.campaign import CampaignReport
from attribution.reports.page.credits import attribution_chart, attribution_sheet
from attribution.reports.page.experiment import ExperimentPage, experiment_page
from attribution.reports.page.roi import Tile, roi_sheet, tiles
from attribution.reports.page.sheet import Cell, Heading, Sheet, count_cell
from campaigns.labels import REASONS, TOUCH_STATES, say


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """Everything `attribution/campaign.html` shows."""

    tiles: tuple[Tile, ...]
    roi: Sheet
    attribution: Sheet
    attribution_chart: dict[str, Any]
    experiments: tuple[ExperimentPage, ...]
    enrolled: Sheet
    states: Sheet
    reasons: Sheet
    definitions: tuple[tuple[str, str], ...]
    caveat: str
    method: str
    window: str
    notes: tuple[str, ...]

    def sheets(self) -> dict[str, Sheet]:
        """Every table by the key of its export."""
        plain = [self.roi, self.attribution, self.enrolled, self.states, self.reasons]
        judged = [sheet for page in self.experiments for sheet in (page.arms, page.comparisons)]
        return {sheet.key: sheet for sheet in [*plain, *judged]}


def present(report: CampaignReport) -> ReportPage:
    """The page of a report in the active language."""
    roi = roi_sheet(report)
    return ReportPage(
        tiles=tiles(report),
        roi=roi,
        attribution=attribution_sheet(report),
        attribution_chart=attribution_chart(report),
        experiments=tuple(
            experiment_page(experiment, report.currency) for experiment in report.experiments
        ),
        enrolled=_counts(
            "enrolments", _t("Enrolments"), _t("State"), report.enrolled, words.ENROLMENTS
        ),
        states=_counts(
            "touch-states", _t("Touches by state"), _t("State"), report.touch_states, TOUCH_STATES
        ),
        reasons=_counts(
            "reasons", _t("Why not sent, or not yet"), _t("Reason"), report.reasons, REASONS
        ),
        definitions=_definitions(roi),
        caveat=str(words.CAUSAL),
        method=str(words.METHODS[report.method]),
        window=_days(report),
        notes=_notes(report),
    )


def _notes(report: CampaignReport) -> tuple[str, ...]:
    """The campaign's own notes, and what was left out of the figures."""
    notes = list(report.notes)
    if report.foreign_values:
        notes.append(_foreign_values(report))
    if report.foreign_costs:
        left_out = ngettext(
            "%(count)d cost is in another currency than %(currency)s and is left out.",
            "%(count)d costs are in another currency than %(currency)s and are left out.",
            report.foreign_costs,
        )
        notes.append(left_out % {"count": report.foreign_costs, "currency": report.currency})
    return tuple(notes)


def _foreign_values(report: CampaignReport) -> str:
    left_out = ngettext(
        "%(count)d conversion is in another currency than %(currency)s: it is counted, its amount"
        " is not.",
        "%(count)d conversions are in another currency than %(currency)s: they are counted, their"
        " amounts are not.",
        report.foreign_values,
    )
    return left_out % {"count": report.foreign_values, "currency": report.currency}


def _counts(
    key: str,
    title: str,
    heading: str,
    counted: Mapping[str, int],
    said: dict[str, str | Promise],
) -> Sheet:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return Sheet(
        key=key,
        title=title,
        headings=(Heading(label=heading, is_numeric=False), Heading(label=_t("Number"))),
        rows=tuple(
            (Cell(text=say(said, name), value=name), count_cell(number)) for name, number in ordered
        ),
        empty=_t("None."),
    )


def _definitions(roi: Sheet) -> tuple[tuple[str, str], ...]:
    judged = (
        (_t("Lift"), str(words.LIFT_ABSOLUTE)),
        (_t("Relative lift"), str(words.LIFT_RELATIVE)),
        (_t("95% interval"), str(words.INTERVAL)),
        (_t("z or t"), str(words.STATISTIC)),
        (_t("p"), str(words.P_VALUE)),
        (_t("p corrected"), str(words.P_ADJUSTED)),
        (_t("SRM"), str(words.SRM)),
    )
    methods = tuple(
        (say(words.METHODS, method), str(note)) for method, note in words.METHOD_NOTES.items()
    )
    figured = tuple((heading.label, heading.meaning) for heading in roi.headings if heading.meaning)
    return (*figured, *methods, *judged)


def _days(report: CampaignReport) -> str:
    days = report.window.days
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
