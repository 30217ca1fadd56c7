"""An experiment in words: its balance, its arms, its verdicts and what to mind."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _t

from attribution.inference.balance import Flag
from attribution.inference.comparison import Comparison
from attribution.reports import figures, words
from attribution.reports.experiment import ArmRow, ExperimentReport
from attribution.reports.page.comparisons import comparisons_sheet, lift_chart
from attribution.reports.page.sheet import Cell, Heading, Sheet, count_cell, money_cell, rate_of
from attribution.reports.verdicts import Verdict, verdict
from campaigns.labels import say

BALANCE_TONES = {Flag.OK: "good", Flag.WARN: "warn", Flag.BLOCK: "bad", Flag.UNDECIDED: "plain"}


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


def experiment_page(experiment: ExperimentReport, currency: str) -> ExperimentPage:
    """The experiment in the active language."""
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
        comparisons=comparisons_sheet(experiment, judged, currency),
        cautions=tuple(_cautions(comparisons)),
        chart=lift_chart(comparisons),
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
        rows=tuple(_arm(arm, is_control=arm.arm == experiment.control) for arm in experiment.arms),
        empty=_t("Nobody has come to the experiment yet."),
    )


def _arm(arm: ArmRow, *, is_control: bool) -> tuple[Cell, ...]:
    each = figures.money(arm.revenue / arm.n, 3) if arm.n else ""
    return (
        Cell(text=_t("%s (control)") % arm.arm if is_control else arm.arm, value=arm.arm),
        count_cell(arm.n),
        count_cell(arm.delivered),
        count_cell(arm.visits, rate_of(arm.visits, arm.n)),
        count_cell(arm.conversions, rate_of(arm.conversions, arm.n, 2)),
        money_cell(arm.revenue, _t("%(amount)s per customer") % {"amount": each} if each else ""),
    )


def _cautions(comparisons: Iterable[Comparison]) -> Iterable[str]:
    """Each warning once for each metric and arm, in words."""
    for one in comparisons:
        for caution in one.warnings:
            yield _t("%(metric)s, %(arm)s: %(caution)s") % {
                "metric": say(words.METRICS, one.metric),
                "arm": one.arm,
                "caution": say(words.CAUTIONS, caution.code.value),
            }
