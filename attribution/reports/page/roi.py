"""Channel ROI as a table, and the headline figures above it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _t

from attribution.reports import figures, words
from attribution.reports.campaign import CampaignReport
from attribution.reports.page.sheet import Cell, Heading, Sheet, count_cell, money_cell, rate_of
from attribution.reports.roi import RoiRow
from campaigns.labels import CHANNELS, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A headline figure."""

    label: str
    figure: str
    note: str = ""


def roi_sheet(report: CampaignReport) -> Sheet:
    """A row for each channel, each column with its definition."""
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
        count_cell(row.touches),
        count_cell(row.delivered, rate_of(row.delivered, row.touches)),
        count_cell(row.clicks, rate_of(row.clicks, row.delivered)),
        Cell(text=figures.count(row.conversions), value=row.conversions),
        money_cell(row.revenue),
        money_cell(row.cost),
        _roi_cell(row),
        money_cell(row.cpa, _t("No conversion") if row.cpa is None else ""),
    )


def _roi_cell(row: RoiRow) -> Cell:
    if row.roi is None:
        why = say(words.WHY_NO_ROI, row.why_no_roi)
        return Cell(text=figures.NOTHING, value=None, note=why)
    return Cell(text=figures.signed_percent(row.roi, _digits(row.roi)), value=row.roi)


def _digits(roi: float) -> int:
    """Tenths of a percent say nothing beside thousands of percent."""
    return 0 if abs(roi) >= 10 else 1


def tiles(report: CampaignReport) -> tuple[Tile, ...]:
    """The campaign's sums."""
    total = report.total
    roi = _roi_cell(total)
    unit = {"currency": report.currency}
    return (
        Tile(label=_t("Enrolled"), figure=figures.count(sum(report.enrolled.values()))),
        Tile(label=_t("Touches"), figure=figures.count(total.touches)),
        Tile(
            label=_t("Delivered"),
            figure=figures.count(total.delivered),
            note=rate_of(total.delivered, total.touches),
        ),
        Tile(
            label=_t("Conversions"),
            figure=figures.count(total.conversions),
            note=_t("after a touch, within the window"),
        ),
        Tile(label=_t("Revenue (%(currency)s)") % unit, figure=figures.money(total.revenue)),
        Tile(label=_t("Cost (%(currency)s)") % unit, figure=figures.money(total.cost)),
        Tile(label=_t("ROI"), figure=roi.text, note=roi.note),
    )
