"""The page of clusters and the comparison of two segments, in both languages and empty."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from customers.actions.derived import Derived, put_derived
from customers.models import Customer
from customers.vocabulary import AttributeType
from segments.actions.refresh import refresh
from segments.actions.score_value import score_value
from segments.models import Segment
from segments.queries.profile import distribution, may_be_compared
from segments.queries.rules import catalog
from tests.factories import NOW, make_people, make_segment, make_staff
from tests.segments.lifecycle.histories import make_months, store
from tests.segments.test_score_value import crowd

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def console() -> Client:
    client = Client()
    client.force_login(make_staff().marketer)
    return client


def score_crowd() -> None:
    make_months()
    stories = crowd()
    for customer, history in zip(
        make_people(len(stories), has_consent=False), stories, strict=True
    ):
        store(customer, history)
    score_value(now=NOW)


def two_segments(**more: Any) -> tuple[Segment, Segment]:
    """60 of C3, of whom 40 are in the first; 40 of C5, of whom 12 are, and 8 in the second."""
    for level, count, prefix in (("C3", 60, "A"), ("C5", 40, "B")):
        ids = make_people(
            count, prefix=prefix, columns={"risk_level": level}, has_consent=False, **more
        )
        fields = [Derived(key="worth", type=AttributeType.NUMBER, label_en="", label_zh="")]
        put_derived(
            fields=fields, values=[(one, {"worth": at}) for at, one in enumerate(ids)], now=NOW
        )
    for key, rule in (
        ("first", {"any": [_beginning("A000", 40), _beginning("B000", 12)]}),
        ("second", {"any": [_beginning("A000", 60), _beginning("B000", 8)]}),
    ):
        refresh(segment=make_segment(key, rule), now=NOW)
    first, second = Segment.objects.order_by("key")
    return first, second


def _beginning(prefix: str, count: int) -> dict[str, Any]:
    numbers = [f"{prefix}{number:0{6 - len(prefix)}d}" for number in range(count)]
    return {"field": "customer_no", "op": "in", "value": numbers}


class TestClusters:
    def test_sizes_and_centroids_stand_beside_the_drawing(self, console: Client) -> None:
        score_crowd()

        page = console.get("/admin/value/").content.decode()

        for name in ("high value", "promising", "long tail", "active with little"):
            assert f"<td>{name}</td>" in page
        assert 'data-chart="clusters"' in page
        assert "800,004" in page or "800,005" in page
        console.cookies["django_language"] = "zh-hans"
        chinese = console.get("/admin/value/").content.decode()
        assert "800,004" in chinese or "800,005" in chinese
        assert "25.0 %" in page
        assert "40 customers, scored" in page

    def test_before_the_first_run_it_says_when_there_will_be_one(self, console: Client) -> None:
        assert "Nobody was scored yet" in console.get("/admin/value/").content.decode()

    def test_with_too_few_customers_it_says_so(self, console: Client) -> None:
        score_value(now=NOW)

        assert "too few customers to cluster" in console.get("/admin/value/").content.decode()

    def test_it_speaks_chinese(self, console: Client) -> None:
        score_crowd()

        page = console.get("/admin/value/", headers={"accept-language": "zh-hans"}).content

        assert "价值分群" in page.decode()

    def test_who_may_not_see_segments_sees_nothing(self) -> None:
        client = Client()
        client.force_login(make_staff().operator)

        assert client.get("/admin/value/").status_code == 403
        assert client.get("/admin/value/compare/").status_code == 403


class TestComparison:
    def asked(self, console: Client, **query: str) -> str:
        told = {"first": "first", "second": "second", **query}
        return console.get("/admin/value/compare/", told).content.decode()

    def test_counts_shares_and_tgi_stand_side_by_side(self, console: Client) -> None:
        two_segments()

        page = " ".join(self.asked(console, field="risk_level").split())

        # C5: 12 of 52 are 23.1 %, against 40 %: TGI 58. C3: 40 of 52 against 60 %: TGI 128.
        assert '<td class="ts-num">12</td><td class="ts-num">23.1 %</td>' in page
        assert '<td class="ts-num">23.1 %</td><td class="ts-num">58</td>' in page
        assert '<td class="ts-num">76.9 %</td><td class="ts-num">128</td>' in page

    def test_a_cell_of_eight_is_hidden_with_the_one_that_would_tell_it(
        self, console: Client
    ) -> None:
        two_segments()

        page = self.asked(console, field="risk_level")

        assert page.count(">hidden</td>") == 2

    def test_the_page_marks_estimates(self, console: Client) -> None:
        two_segments()
        assert "≈" not in self.asked(console, field="risk_level")
        Segment.objects.filter(key="first").update(size=100_000)

        page = self.asked(console, field="risk_level")

        assert "≈ 200" in page  # 40 of the first are C3, of one hundred out of five
        assert "≈ is estimated from some 20,000 customers." in page

    def test_numbers_are_told_by_the_fifths_of_everybody(self) -> None:
        segments = two_segments()

        found = distribution(catalog().fields["worth"], *segments, today=NOW.date())

        # 0…39 twice and 40…59 once: fifths of 20 end at 9, 19, 29 and 39.
        assert list(found.values) == ["< 9", "≥ 9 < 19", "≥ 19 < 29", "≥ 29 < 39", "≥ 39"]
        assert list(found.base) == [18, 20, 20, 20, 22]

    def test_what_rules_read_as_a_number_is_compared_as_one(self) -> None:
        segments = two_segments()
        ids = sorted(Customer.objects.values_list("pk", flat=True))
        told: list[tuple[int, object]] = [(ids[0], "20"), (ids[1], 30), (ids[2], 40.5)]
        Customer.objects.update(birth_on=None)
        for one, age in told:
            Customer.objects.filter(pk=one).update(attributes={"age": age})

        found = distribution(catalog().fields["age"], *segments, today=NOW.date())

        assert list(found.values) == ["≥ 20 < 30", "≥ 30 < 40.5", "≥ 40.5", None]
        assert list(found.base) == [1, 1, 1, 97]

    def test_amounts_are_told_without_the_zeros_of_their_column(self) -> None:
        segments = two_segments()
        for at, one in enumerate(Customer.objects.order_by("pk")):
            Customer.objects.filter(pk=one.pk).update(total_asset=at * 1_000)

        found = distribution(catalog().fields["total_asset"], *segments, today=NOW.date())

        assert found.values[0] == "< 19,000"

    def test_levels_stand_from_low_to_high_and_the_missing_last(self) -> None:
        segments = two_segments()
        Customer.objects.filter(customer_no__endswith="7").update(risk_level="C1")
        Customer.objects.filter(customer_no__endswith="8").update(risk_level=None)

        found = distribution(catalog().fields["risk_level"], *segments, today=NOW.date())

        assert list(found.values) == ["C1", "C3", "C5", None]

    def test_an_empty_text_is_not_told_as_a_missing_one(self, console: Client) -> None:
        two_segments()
        Customer.objects.filter(customer_no__endswith="7").update(city="")
        Customer.objects.filter(customer_no__endswith="8").update(city="Wuxi")

        page = self.asked(console, field="city")

        assert page.count("<td>missing</td>") == 1
        assert page.count("<td>empty text</td>") == 1

    def test_of_many_customers_some_hundreds_stand_for_all(self) -> None:
        ids = make_people(2_000, columns={"risk_level": "C3"}, has_consent=False)
        Customer.objects.filter(pk__in=ids[::4]).update(risk_level="C5")
        first, second = make_segment("first"), make_segment("second", _beginning("P0000", 10))
        for one in (first, second):
            refresh(segment=one, now=NOW)
            one.refresh_from_db()

        found = distribution(
            catalog().fields["risk_level"], first, second, today=NOW.date(), most=500
        )

        assert found.every == (4, 4, 1)
        assert list(found.values) == ["C3", "C5"]
        for counts in (found.base, found.first):
            assert [4 * one for one in counts] == pytest.approx([1_500, 500], rel=0.1)
        assert list(found.second) == [7, 3]

    def test_every_field_of_the_catalogue_that_may_be_compared_can_be(self) -> None:
        segments = two_segments()
        fields = [one for one in catalog().fields.values() if may_be_compared(one)]

        told = {one.name: distribution(one, *segments, today=NOW.date()) for one in fields}

        assert {"age", "assess_days_left", "risk_level", "worth"} <= told.keys()
        # A number that nobody has has no fifths.
        assert {sum(one.base) for one in told.values()} == {0, 100}

    @pytest.mark.parametrize(
        "query",
        [
            {"first": "", "second": ""},
            {"field": "name"},
            {"field": "customer_no"},
            {"field": "'; drop table"},
            {"first": "\x00"},
        ],
    )
    def test_what_cannot_be_compared_is_not(self, console: Client, query: dict[str, str]) -> None:
        two_segments()

        assert "ts-num" not in self.asked(console, **query)


def test_both_pages_are_said_completely_in_chinese() -> None:
    with translation.override("zh-hans"):
        client = Client(headers={"accept-language": "zh-hans"})
        client.force_login(make_staff().marketer)
        two_segments()

        page = client.get(
            "/admin/value/compare/", {"first": "first", "second": "second", "field": "risk_level"}
        ).content.decode()

    assert "占比" in page
    assert "已隐藏" in page
