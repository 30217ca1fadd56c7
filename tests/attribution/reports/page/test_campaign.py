"""The page made from a report: nulls carry their reason, exports carry unformatted values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils.translation import override

from attribution.inference.balance import srm
from attribution.inference.compare import compare
from attribution.inference.summary import Binary
from attribution.reports.campaign import CampaignReport
from attribution.reports.credits import AttributionRow
from attribution.reports.experiment import ArmRow, ExperimentReport
from attribution.reports.page.campaign import present
from attribution.reports.roi import RoiRow

ROW = RoiRow(
    campaign="spring",
    channel="email",
    touches=1000,
    delivered=900,
    clicks=90,
    conversions=Decimal("9.5"),
    revenue=Decimal("1234.5"),
    cost=Decimal("100"),
    roi=11.345,
    cpa=Decimal("10.5263"),
    why_no_roi="",
)
EXPERIMENT = ExperimentReport(
    key="test",
    name="Test",
    control="none",
    arms=(
        ArmRow(arm="none", n=1000, delivered=0, visits=1, conversions=20, revenue=Decimal(0)),
        ArmRow(arm="mail", n=1000, delivered=990, visits=9, conversions=60, revenue=Decimal("3.5")),
    ),
    comparisons=tuple(
        compare(
            arms={
                "none": Binary(n=1000, successes=20),
                "mail": Binary(n=1000, successes=60),
            },
            control="none",
            metric="conversion",
        )
    ),
    srm=srm(counts={"none": 1000, "mail": 1000}),
)
REPORT = CampaignReport(
    journey_key="spring",
    journey_name="Spring",
    description="",
    as_of=datetime(2026, 11, 22, tzinfo=UTC),
    currency="CNY",
    window=timedelta(days=7),
    method="last",
    roi=(ROW,),
    total=replace(ROW, channel=""),
    attribution=(
        AttributionRow(
            campaign="spring", method="last", channel="email", conversions=9.5, revenue=1234.5
        ),
    ),
    experiments=(EXPERIMENT,),
    enrolled={"done": 1000},
    touch_states={"delivered": 900, "refused": 100},
    reasons={"no_consent": 100},
    notes=(),
    foreign_values=0,
    rows_read={},
)


def test_figures_are_formatted_and_exported_as_they_are() -> None:
    page = present(REPORT)

    row = page.roi.rows[0]
    assert [cell.text for cell in row] == [
        "E-mail",
        "1,000",
        "900",
        "90",
        "9.5",
        "1,234.50",
        "100.00",
        "+1,134%",
        "10.53",
    ]
    assert page.roi.values()[0][5:] == [Decimal("1234.5"), Decimal("100"), 11.345, ROW.cpa]


def test_missing_roi_carries_its_reason() -> None:
    bare = replace(ROW, roi=None, cpa=None, why_no_roi="no_cost")

    page = present(replace(REPORT, roi=(bare,), total=bare))

    roi = page.roi.rows[0][7]
    assert roi.text == "—"
    assert roi.note == "No cost is recorded, so a return cannot be computed."
    assert roi.value is None


def test_experiment_is_told_charted_and_exported_under_its_key() -> None:
    page = present(REPORT)

    experiment = page.experiments[0]
    assert [verdict.word for verdict in experiment.verdicts] == ["Better"]
    assert experiment.chart["rows"][0]["estimate"] == EXPERIMENT.comparisons[0].relative
    assert {"arms-test", "comparisons-test", "roi", "attribution"} <= page.sheets().keys()


def test_runaway_interval_does_not_set_the_axis() -> None:
    wild = replace(EXPERIMENT.comparisons[0], relative=0.5, ci95_relative=(-0.2, 400.0))

    page = present(replace(REPORT, experiments=(replace(EXPERIMENT, comparisons=(wild,)),)))

    assert page.experiments[0].chart["span"] == (-1.0, 1.5)


def test_empty_campaign_is_a_page_of_sentences() -> None:
    nothing = replace(
        REPORT, roi=(), attribution=(), experiments=(), enrolled={}, touch_states={}, reasons={}
    )

    page = present(nothing)

    assert page.attribution_chart == {}
    assert all(not sheet.rows and sheet.empty for sheet in page.sheets().values())
    assert page.roi.foot == ()


def test_page_speaks_chinese() -> None:
    with override("zh-hans"):
        page = present(REPORT)

    assert page.roi.title == "渠道 ROI"
    assert page.roi.rows[0][0].text == "邮件"
    assert page.window == "7 天"
    assert page.experiments[0].verdicts[0].word == "更好"
