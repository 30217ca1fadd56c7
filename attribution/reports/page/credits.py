"""Attribution by method as a table and a chart."""

from typing import Any

from django.utils.translation import gettext as _t

from attribution.reports import figures, words
from attribution.reports.campaign import CampaignReport
from attribution.reports.credits import METHODS
from attribution.reports.page.sheet import Cell, Heading, Sheet, money_cell
from campaigns.labels import CHANNELS, say


def attribution_sheet(report: CampaignReport) -> Sheet:
    """A row for each method and channel."""
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
                money_cell(row.revenue),
            )
            for row in report.attribution
        ),
        empty=_t("No conversion has been collected yet."),
    )


def attribution_chart(report: CampaignReport) -> dict[str, Any]:
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
