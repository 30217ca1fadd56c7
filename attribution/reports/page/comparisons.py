"""The arms beside control: a table of tests, and a chart of lifts with their intervals."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _t

from attribution.inference.comparison import Comparison, Kind
from attribution.reports import figures, words
from attribution.reports.experiment import ExperimentReport
from attribution.reports.page.sheet import Cell, Heading, Sheet
from attribution.reports.verdicts import Verdict, difference
from campaigns.labels import say

WIDEST = 3.0
"""Intervals are drawn up to so many times the largest estimate; beyond it stands an arrow."""


def comparisons_sheet(
    experiment: ExperimentReport, judged: Sequence[Verdict], currency: str
) -> Sheet:
    """A row for each metric and arm; ``judged`` are their verdicts, in the same order."""
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


def lift_chart(comparisons: Sequence[Comparison]) -> dict[str, Any]:
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
