"""The run's result: one JSON document, or tables for the terminal."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from attribution.inference.comparison import Comparison
from attribution.reports.campaign import CampaignReport
from attribution.reports.experiment import ExperimentReport
from attribution.reports.roi import RoiRow
from config.replay.stage import Played


def document(played: Played, reports: Sequence[CampaignReport], seconds: float) -> dict[str, Any]:
    """The result in the shape that programs rely on."""
    ledger = played.ledger
    accepted = ledger["accepted"] + played.tasks
    distinct = ledger["distinct_keys"] + played.distinct_tasks
    return {
        "seconds": round(seconds, 2),
        "touches": {
            "queued": played.queued,
            "accepted": played.accepted,
            "duplicates": accepted - distinct,
            "per_second": round(played.accepted / played.dispatch_seconds, 1)
            if played.dispatch_seconds
            else None,
        },
        "experiments": [
            _experiment(experiment) for report in reports for experiment in report.experiments
        ],
        "roi": [_roi(row) for report in reports for row in report.roi],
        "attribution": [
            {
                "campaign": row.campaign,
                "method": row.method,
                "channel": row.channel,
                "conversions": round(row.conversions, 9),
                "revenue": round(row.revenue, 6),
            }
            for report in reports
            for row in report.attribution
        ],
        "ledger": {
            "accepted": accepted,
            "distinct_keys": distinct,
            "by_channel": {
                **{name: book["accepted"] for name, book in ledger["by_channel"].items()},
                "task": played.tasks,
            },
            "faults": ledger["faults"],
        },
        "currency": reports[0].currency if reports else None,
        "result_hashes": {report.journey_key: report.result_hash for report in reports},
    }


def _experiment(experiment: ExperimentReport) -> dict[str, Any]:
    return {
        "key": experiment.key,
        "control": experiment.control,
        "arms": [
            {
                "arm": arm.arm,
                "n": arm.n,
                "delivered": arm.delivered,
                "visits": arm.visits,
                "conversions": arm.conversions,
                "revenue": float(arm.revenue),
            }
            for arm in experiment.arms
        ],
        "comparisons": [_comparison(comparison) for comparison in experiment.comparisons],
        "srm": {
            "chi2": experiment.srm.chi2,
            "p": experiment.srm.p,
            "flag": experiment.srm.flag.value,
        },
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "arm": one.arm,
        "control": one.control,
        "metric": one.metric,
        "n": list(one.n),
        "mean": list(one.mean),
        "absolute": one.absolute,
        "relative": one.relative,
        "ci95": list(one.ci95) if one.ci95 else None,
        "ci95_relative": list(one.ci95_relative) if one.ci95_relative else None,
        # The statistic of the metric's test: a z for shares, Welch's t for revenue.
        "z": one.statistic,
        "t": one.t,
        "df": one.df,
        "p": one.p,
        "p_adjusted": one.p_adjusted,
        "method": one.method,
        "declined": one.declined.value if one.declined else None,
    }


def _roi(row: RoiRow) -> dict[str, Any]:
    return {
        "campaign": row.campaign,
        "channel": row.channel,
        "touches": row.touches,
        "delivered": row.delivered,
        "clicks": row.clicks,
        "conversions": float(row.conversions),
        "revenue": float(row.revenue),
        "cost": float(row.cost),
        "roi": row.roi,
        "cpa": float(row.cpa) if row.cpa is not None else None,
        "why_no_roi": row.why_no_roi,
    }


def print_tables(console: Console, played: Played, reports: Sequence[CampaignReport]) -> None:
    """The same figures for people."""
    for report in reports:
        console.print(_roi_table(report))
        for experiment in report.experiments:
            console.print(_arms_table(experiment, report.currency))
            console.print(_comparisons_table(experiment))


def _roi_table(report: CampaignReport) -> Table:
    table = Table(title=f"{report.journey_name}: channel ROI ({report.currency})")
    for heading in ("Channel", "Touches", "Delivered", "Clicks", "Conversions", "Revenue", "Cost"):
        table.add_column(heading, justify="left" if heading == "Channel" else "right")
    table.add_column("ROI", justify="right")
    table.add_column("CPA", justify="right")
    for row in report.roi:
        table.add_row(
            row.channel,
            f"{row.touches:,}",
            f"{row.delivered:,}",
            f"{row.clicks:,}",
            f"{row.conversions:,.0f}",
            f"{row.revenue:,.2f}",
            f"{row.cost:,.2f}",
            "—" if row.roi is None else f"{row.roi:,.2f}",
            "—" if row.cpa is None else f"{row.cpa:,.4f}",
        )
    return table


def _arms_table(experiment: ExperimentReport, currency: str) -> Table:
    table = Table(title=f"{experiment.name}: arms")
    for heading in ("Arm", "n", "Delivered", "Visits", "Conversions", f"Revenue ({currency})"):
        table.add_column(heading, justify="left" if heading == "Arm" else "right")
    for arm in experiment.arms:
        table.add_row(
            arm.arm,
            f"{arm.n:,}",
            f"{arm.delivered:,}",
            f"{arm.visits:,}",
            f"{arm.conversions:,}",
            f"{arm.revenue:,.2f}",
        )
    return table


def _comparisons_table(experiment: ExperimentReport) -> Table:
    srm = experiment.srm
    balance = f"SRM χ²={srm.chi2:.3f}, p={srm.p:.3f}" if srm.p is not None and srm.chi2 else "SRM —"
    table = Table(title=f"{experiment.name}: against {experiment.control} ({balance})")
    for heading in ("Metric", "Arm", "Difference", "95 % interval", "Relative", "z / t", "p"):
        table.add_column(heading, justify="left" if heading in {"Metric", "Arm"} else "right")
    for one in experiment.comparisons:
        interval = f"{one.ci95[0]:+.5f} … {one.ci95[1]:+.5f}" if one.ci95 else "—"
        table.add_row(
            one.metric,
            one.arm,
            "—" if one.absolute is None else f"{one.absolute:+.5f}",
            interval,
            "—" if one.relative is None else f"{one.relative:+.1%}",
            "—" if one.statistic is None else f"{one.statistic:.3f}",
            "—" if one.p is None else ("<1e-16" if one.p < 1e-16 else f"{one.p:.3g}"),
        )
    return table
