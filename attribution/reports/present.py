"""A campaign's report as a page: every number formatted, every heading with its definition.

Templates hold no arithmetic, so whatever they show is made here; the same tables, unformatted,
are what the CSV export writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from attribution.inference.balance import Flag
from attribution.inference.comparison import Comparison, Kind
from attribution.reports import figures, words
from attribution.reports.campaign import (
    METHODS,
    CampaignReport,
    ExperimentReport,
    RoiRow,
)
from attribution.reports.verdicts import Verdict, difference, verdict
from campaigns.labels import CHANNELS, REASONS, TOUCH_STATES, say
from compliance.spreadsheet import Value

WIDEST = 3.0
"""Intervals are drawn up to so many times the largest estimate; beyond it stands an arrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column: its name, what it means, whether it holds numbers."""

    label: str
    meaning: str = ""
    is_numeric: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One figure: as shown, as exported, and a remark where one is due."""

    text: str
    value: Value
    note: str = ""

    @property
    def is_numeric(self) -> bool:
        """Whether it is set flush right."""
        return not isinstance(self.value, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table of the page. ``key`` names its CSV; ``foot`` is the row of totals."""

    key: str
    title: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str
    foot: tuple[Cell, ...] = ()

    def header_texts(self) -> list[str]:
        """The first line of the export."""
        return [heading.label for heading in self.headings]

    def values(self) -> list[list[Value]]:
        """The other lines of the export."""
        lines = [*self.rows, self.foot] if self.foot else self.rows
        return [[cell.value for cell in line] for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A headline figure."""

    label: str
    figure: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentPage:
    """One experiment: its verdicts in words, its tables, its chart."""

    key: str
    name: str
    balance: str
    balance_tone: str
    is_blocked: bool
    verdicts: tuple[Verdict, ...]
    arms: Sheet
    comparisons: Sheet
    cautions: tuple[str, ...]
    chart: dict[str, Any]


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
    roi = _roi(report)
    return ReportPage(
        tiles=_tiles(report),
        roi=roi,
        attribution=_attribution(report),
        attribution_chart=_attribution_chart(report),
        experiments=tuple(
            _experiment(experiment, report.currency) for experiment in report.experiments
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


# --- Channel ROI ----------------------------------------------------------------------------------
def _roi(report: CampaignReport) -> Sheet:
    unit = {"currency": report.currency}
    return Sheet(
        key="roi",
        title=_t("Channel ROI"),
        headings=(
            Heading(label=_t("Channel"), is_numeric=False),
            Heading(label=_t("Touches"), meaning=str(words.TOUCHES)),
            Heading(label=_t("Delivered"), meaning=str(words.DELIVERED)),
            Heading(label=_t("Clicks"), meaning=str(words.CLICKS)),
            Heading(label=_t("Conversions"), meaning=str(words.CONVERSIONS)),
            Heading(label=_t("Revenue (%(currency)s)") % unit, meaning=str(words.REVENUE)),
            Heading(label=_t("Cost (%(currency)s)") % unit, meaning=str(words.COST)),
            Heading(label=_t("ROI"), meaning=str(words.ROI)),
            Heading(label=_t("CPA (%(currency)s)") % unit, meaning=str(words.CPA)),
        ),
        rows=tuple(_roi_row(row, say(CHANNELS, row.channel)) for row in report.roi),
        foot=_roi_row(report.total, _t("Total")) if report.roi else (),
        empty=_t("No message has been decided yet."),
    )


def _roi_row(row: RoiRow, name: str) -> tuple[Cell, ...]:
    return (
        Cell(text=name, value=name),
        _count(row.touches),
        _count(row.delivered, _rate(row.delivered, row.touches)),
        _count(row.clicks, _rate(row.clicks, row.delivered)),
        Cell(text=figures.count(row.conversions), value=row.conversions),
        Cell(text=figures.money(row.revenue), value=row.revenue),
        Cell(text=figures.money(row.cost), value=row.cost),
        _roi_cell(row),
        Cell(
            text=figures.NOTHING if row.cpa is None else figures.money(row.cpa),
            value=row.cpa,
            note=_t("No conversion") if row.cpa is None else "",
        ),
    )


def _roi_cell(row: RoiRow) -> Cell:
    if row.roi is None:
        why = say(words.WHY_NO_ROI, row.why_no_roi)
        return Cell(text=figures.NOTHING, value=None, note=why)
    return Cell(text=figures.signed_percent(row.roi, _digits(row.roi)), value=row.roi)


def _digits(roi: float) -> int:
    """Tenths of a percent say nothing beside thousands of percent."""
    return 0 if abs(roi) >= 10 else 1


def _count(value: int, note: str = "") -> Cell:
    return Cell(text=figures.count(value), value=value, note=note)


def _rate(part: int, whole: int) -> str:
    return figures.percent(part / whole) if whole else ""


def _tiles(report: CampaignReport) -> tuple[Tile, ...]:
    total = report.total
    why = say(words.WHY_NO_ROI, total.why_no_roi) if total.roi is None else ""
    return (
        Tile(label=_t("Enrolled"), figure=figures.count(sum(report.enrolled.values()))),
        Tile(label=_t("Touches"), figure=figures.count(total.touches)),
        Tile(
            label=_t("Delivered"),
            figure=figures.count(total.delivered),
            note=_rate(total.delivered, total.touches),
        ),
        Tile(
            label=_t("Conversions"),
            figure=figures.count(total.conversions),
            note=_t("after a touch, within the window"),
        ),
        Tile(
            label=_t("Revenue (%(currency)s)") % {"currency": report.currency},
            figure=figures.money(total.revenue),
        ),
        Tile(
            label=_t("Cost (%(currency)s)") % {"currency": report.currency},
            figure=figures.money(total.cost),
        ),
        Tile(
            label=_t("ROI"),
            figure=_roi_cell(total).text,
            note=why,
        ),
    )


# --- Attribution ----------------------------------------------------------------------------------
def _attribution(report: CampaignReport) -> Sheet:
    return Sheet(
        key="attribution",
        title=_t("Attribution by method"),
        headings=(
            Heading(label=_t("Method"), is_numeric=False),
            Heading(label=_t("Channel"), is_numeric=False),
            Heading(label=_t("Conversions"), meaning=str(words.CONVERSIONS)),
            Heading(
                label=_t("Revenue (%(currency)s)") % {"currency": report.currency},
                meaning=str(words.REVENUE),
            ),
        ),
        rows=tuple(
            (
                Cell(text=say(words.METHODS, row.method), value=row.method),
                Cell(text=say(CHANNELS, row.channel), value=row.channel),
                Cell(text=figures.count(row.conversions), value=row.conversions),
                Cell(text=figures.money(row.revenue), value=row.revenue),
            )
            for row in report.attribution
        ),
        empty=_t("No conversion has been collected yet."),
    )


def _attribution_chart(report: CampaignReport) -> dict[str, Any]:
    """Conversions by channel, one series for each method; nothing to draw: an empty mapping."""
    if not report.attribution:
        return {}
    channels = list(dict.fromkeys(row.channel for row in report.attribution))
    given = {(row.method, row.channel): row.conversions for row in report.attribution}
    return {
        "kind": "bars",
        "unit": _t("Conversions"),
        "digits": 1,
        "categories": [say(CHANNELS, channel) for channel in channels],
        "series": [
            {
                "name": say(words.METHODS, method),
                "values": [given.get((method, channel), 0.0) for channel in channels],
            }
            for method in METHODS
        ],
    }


# --- Experiments ----------------------------------------------------------------------------------
BALANCE_TONES = {Flag.OK: "good", Flag.WARN: "warn", Flag.BLOCK: "bad", Flag.UNDECIDED: "plain"}


def _experiment(experiment: ExperimentReport, currency: str) -> ExperimentPage:
    flag = experiment.srm.flag
    comparisons = experiment.comparisons
    judged = [verdict(one, balance=flag, currency=currency) for one in comparisons]
    return ExperimentPage(
        key=experiment.key,
        name=experiment.name,
        balance=_balance(experiment),
        balance_tone=BALANCE_TONES[flag],
        is_blocked=flag is Flag.BLOCK,
        verdicts=tuple(judged),
        arms=_arms(experiment, currency),
        comparisons=_comparisons(experiment, judged, currency),
        cautions=tuple(_cautions(comparisons)),
        chart=_lift_chart(comparisons),
    )


def _balance(experiment: ExperimentReport) -> str:
    said = str(words.BALANCE[experiment.srm.flag.value])
    if experiment.srm.chi2 is None or experiment.srm.p is None:
        return said
    return _t("%(sentence)s χ² %(chi2)s, p %(p)s.") % {
        "sentence": said,
        "chi2": f"{experiment.srm.chi2:.3f}",
        "p": figures.probability(experiment.srm.p),
    }


def _arms(experiment: ExperimentReport, currency: str) -> Sheet:
    rows = []
    for arm in experiment.arms:
        name = arm.arm if arm.arm != experiment.control else _t("%s (control)") % arm.arm
        rows.append(
            (
                Cell(text=name, value=arm.arm),
                _count(arm.n),
                _count(arm.delivered),
                _count(arm.visits, _rate(arm.visits, arm.n)),
                _count(arm.conversions, _rate_fine(arm.conversions, arm.n)),
                Cell(
                    text=figures.money(arm.revenue),
                    value=arm.revenue,
                    note=_t("%(amount)s per customer")
                    % {"amount": figures.money(arm.revenue / arm.n, 3)}
                    if arm.n
                    else "",
                ),
            )
        )
    return Sheet(
        key=f"arms-{experiment.key}",
        title=_t("Arms"),
        headings=(
            Heading(label=_t("Arm"), is_numeric=False),
            Heading(label=_t("Customers")),
            Heading(label=_t("Delivered"), meaning=str(words.DELIVERED)),
            Heading(label=_t("Visits")),
            Heading(label=_t("Conversions")),
            Heading(label=_t("Revenue (%(currency)s)") % {"currency": currency}),
        ),
        rows=tuple(rows),
        empty=_t("Nobody has come to the experiment yet."),
    )


def _rate_fine(part: int, whole: int) -> str:
    return figures.percent(part / whole, 2) if whole else ""


def _comparisons(experiment: ExperimentReport, judged: Sequence[Verdict], currency: str) -> Sheet:
    return Sheet(
        key=f"comparisons-{experiment.key}",
        title=_t("Comparisons with the control arm “%s”") % experiment.control,
        headings=(
            Heading(label=_t("Metric"), is_numeric=False),
            Heading(label=_t("Arm"), is_numeric=False),
            Heading(label=_t("Lift"), meaning=str(words.LIFT_ABSOLUTE)),
            Heading(label=_t("95% from"), meaning=str(words.INTERVAL)),
            Heading(label=_t("95% to"), meaning=str(words.INTERVAL)),
            Heading(label=_t("Relative"), meaning=str(words.LIFT_RELATIVE)),
            Heading(label=_t("z or t"), meaning=str(words.STATISTIC)),
            Heading(label=_t("p"), meaning=str(words.P_VALUE)),
            Heading(label=_t("p corrected"), meaning=str(words.P_ADJUSTED)),
            Heading(label=_t("Verdict"), is_numeric=False),
        ),
        rows=tuple(
            _comparison(one, told, currency)
            for one, told in zip(experiment.comparisons, judged, strict=True)
        ),
        empty=_t("There is nothing to compare yet: it takes a control arm and another one."),
    )


def _comparison(one: Comparison, told: Verdict, currency: str) -> tuple[Cell, ...]:
    low, high = one.ci95 or (None, None)
    statistic = one.z if one.z is not None else one.t
    name = "z" if one.z is not None else "t"
    return (
        Cell(text=say(words.METRICS, one.metric), value=one.metric),
        Cell(text=one.arm, value=one.arm),
        _difference(one, one.absolute, currency),
        _bound(one, low),
        _bound(one, high),
        _relative(one),
        Cell(
            text=figures.NOTHING if statistic is None else f"{name} {statistic:.3f}",
            value=statistic,
            note=_t("%(df)s degrees of freedom") % {"df": f"{one.df:,.0f}"} if one.df else "",
        ),
        _probability(one.p),
        _probability(one.p_adjusted),
        Cell(text=told.word, value=told.word),
    )


def _difference(one: Comparison, value: float | None, currency: str) -> Cell:
    text = figures.NOTHING if value is None else difference(one, value, currency)
    return Cell(text=text, value=value)


def _bound(one: Comparison, value: float | None) -> Cell:
    """An end of the interval; its unit is the lift's beside it."""
    if value is None:
        return Cell(text=figures.NOTHING, value=None)
    is_share = one.kind is Kind.BINARY
    text = figures.signed(value * 100, 2) if is_share else figures.signed(value, 3)
    return Cell(text=text, value=value)


def _relative(one: Comparison) -> Cell:
    if one.relative is None:
        return Cell(text=figures.NOTHING, value=None)
    note = ""
    if one.ci95_relative is not None:
        low, high = (figures.signed_percent(bound) for bound in one.ci95_relative)
        note = _t("%(low)s to %(high)s") % {"low": low, "high": high}
    elif one.relative_declined is not None:
        note = say(words.DECLINED, one.relative_declined.value)
    return Cell(text=figures.signed_percent(one.relative), value=one.relative, note=note)


def _probability(value: float | None) -> Cell:
    return Cell(text=figures.NOTHING if value is None else figures.probability(value), value=value)


def _cautions(comparisons: Iterable[Comparison]) -> Iterable[str]:
    """Each warning once for each metric and arm, in words."""
    for one in comparisons:
        for caution in one.warnings:
            yield _t("%(metric)s, %(arm)s: %(caution)s") % {
                "metric": say(words.METRICS, one.metric),
                "arm": one.arm,
                "caution": say(words.CAUTIONS, caution.code.value),
            }


def _lift_chart(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Relative lifts with their intervals: the one scale on which all metrics can stand."""
    rows = [
        {
            "label": f"{say(words.METRICS, one.metric)} · {one.arm}",
            "low": one.ci95_relative[0],
            "estimate": one.relative,
            "high": one.ci95_relative[1],
        }
        for one in comparisons
        if one.ci95_relative is not None and one.relative is not None
    ]
    if not rows:
        return {}
    return {
        "kind": "intervals",
        "unit": _t("Relative lift with its 95% interval"),
        "percent": True,
        "rows": rows,
        "span": _span([row["estimate"] for row in rows if isinstance(row["estimate"], float)]),
    }


def _span(estimates: Sequence[float]) -> tuple[float, float]:
    """The part of the axis that is drawn: one runaway interval must not flatten the others."""
    reach = WIDEST * max((abs(estimate) for estimate in estimates), default=0.0)
    return max(-1.0, -reach), max(reach, 0.1)


# --- The rest -------------------------------------------------------------------------------------
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
            (Cell(text=say(said, name), value=name), _count(number)) for name, number in ordered
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
