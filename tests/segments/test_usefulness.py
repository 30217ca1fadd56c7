"""Figures of usefulness against hand counts, and the list of what had better go."""

import math
from datetime import date, timedelta

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from compliance.models import AuditEntry
from compliance.queries import clock_now
from customers.actions.tags import give_tag
from customers.models import Customer, Tagging
from customers.reports.portrait import ranked_tags
from customers.vocabulary import TagSource
from segments.actions.catalogue import ship_tags
from segments.actions.measure_tags import measure_tags
from segments.actions.tag_views import count_tag_views
from segments.actions.tags import Meaning, define_tag
from segments.errors import TagRefused
from segments.models import Tag, TagScore, TagView
from segments.queries.tag_views import views_since
from segments.usefulness import Sunset, as_levels, cramers_v, information_value, scores
from tests.factories import NOW, make_people, make_segment, make_staff, record_event


def levels(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int16)


def goal(*values: int) -> np.ndarray:
    return np.array(values, dtype=bool)


def test_information_value_is_the_sum_by_hand() -> None:
    own = levels(1, 1, 1, 0, 0, 0, 0, 1)
    reached = goal(1, 1, 1, 0, 0, 0, 0, 0)

    # Carried: 3 of 3 who reach it, 1 of 5 who do not; each level half a customer more.
    good, bad = (3.5 / 4, 0.5 / 4), (1.5 / 6, 4.5 / 6)
    by_hand = sum((g - b) * math.log(g / b) for g, b in zip(good, bad, strict=True))
    assert information_value(own, reached) == pytest.approx(by_hand)


def test_no_information_value_where_everybody_or_nobody_reaches_the_goal() -> None:
    assert information_value(levels(0, 1), goal(1, 1)) is None
    assert information_value(levels(0, 1), goal(0, 0)) is None


def test_cramers_v_of_two_yes_or_no_tags_is_phi() -> None:
    first, second = levels(1, 1, 1, 0, 0, 0), levels(1, 1, 0, 0, 0, 1)

    phi = (2 * 2 - 1 * 1) / math.sqrt(3 * 3 * 3 * 3)
    assert cramers_v(first, second) == pytest.approx(phi)
    assert cramers_v(first, 1 - first) == pytest.approx(1)
    assert cramers_v(first, levels(1, 1, 1, 1, 1, 1)) == 0


def test_numbers_are_cut_into_fifths_and_words_by_frequency() -> None:
    fifths = as_levels([*range(10), None])
    words = as_levels(["a", None, "b", "a"])

    assert list(fifths) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 0]
    assert list(words) == [1, 0, 2, 1]
    assert list(as_levels([])) == []
    assert list(as_levels([7, 7, 7])) == [2, 2, 2]


def test_usefulness_is_the_product_and_only_more_used_tags_make_redundant() -> None:
    own = levels(1, 1, 0, 0)
    reached = goal(1, 0, 0, 0)

    first, second = scores(
        {"used": own, "twin": own}, reached, uses={"used": 4, "twin": 1}, views={}
    )

    power = information_value(own, reached)
    assert power is not None
    assert (first.tag, first.redundancy) == ("used", 0.0)
    assert first.usefulness == pytest.approx(0.5 * 1 * power)
    assert (second.redundant_to, second.redundancy) == ("used", pytest.approx(1))
    assert second.usefulness == pytest.approx(0)
    assert second.sunset == (Sunset.REDUNDANT,)


def test_what_is_unused_rare_and_weak_is_on_the_list() -> None:
    rare = np.zeros(1_000, dtype=np.int16)
    rare[0] = 1
    reached = np.arange(1_000) % 2 == 0

    (only,) = scores({"rare": rare}, reached, uses={}, views={})

    assert only.sunset == (Sunset.UNUSED, Sunset.RARE, Sunset.WEAK)


def test_views_weigh_as_much_as_uses_and_keep_a_tag_from_the_list() -> None:
    own, other = levels(1, 1, 0, 0), levels(1, 0, 1, 0)
    reached = goal(1, 0, 0, 0)

    found = {
        one.tag: one
        for one in scores(
            {"asked": own, "looked_at": other}, reached, uses={"asked": 3}, views={"looked_at": 40}
        )
    }

    power = information_value(own, reached)
    assert power is not None
    assert found["asked"].usefulness == pytest.approx(0.5 * 0.5 * power)
    assert Sunset.UNUSED not in found["looked_at"].sunset
    assert (found["looked_at"].views, found["looked_at"].uses) == (40, 0)


class TestViews:
    @pytest.fixture
    def looks(self) -> Client:
        client = Client()
        client.force_login(make_staff().marketer)
        return client

    @pytest.mark.django_db
    def test_pages_that_show_a_tag_count_and_lists_do_not(self, looks: Client) -> None:
        (customer,) = make_people(1)
        ship_tags(now=NOW)
        until = clock_now() + timedelta(days=1)
        give_tag(
            customer_ids=[customer], tag="pension_need", source=TagSource.FILE, until=until, now=NOW
        )
        first, second = make_segment("a"), make_segment("b")
        tag = Tag.objects.get(key="pension_need")
        compare = {"first": first.key, "second": second.key, "field": "trades_1y"}

        looks.get(reverse("admin:segments_tag_changelist"))
        assert not TagView.objects.exists()
        looks.get(reverse("admin:segments_tag_change", args=[tag.pk]))
        looks.get(reverse("admin:customers_customer_change", args=[customer]))
        looks.get(reverse("value:compare"), compare)
        looks.post(reverse("admin:segments_tag_change", args=[tag.pk]), {})

        assert views_since(date.min) == {"pension_need": 2, "trades_1y": 1}
        assert TagView.objects.count() == 2

    @pytest.mark.django_db
    def test_only_those_of_ninety_days_count(self) -> None:
        ship_tags(now=NOW)
        record_event(make_people(1)[0], "order_filled", at=NOW)
        for back in (0, 90, 91):
            count_tag_views(tags=["pension_need", "gone"], now=NOW - timedelta(days=back))

        measure_tags(goal="order_filled", uses={}, author=make_staff().marketer, now=NOW)

        assert TagScore.objects.get(tag__key="pension_need").views == 2


@pytest.mark.django_db
def test_measuring_reads_tags_segments_and_the_goal() -> None:
    people = make_people(10)
    for key in ("seen", "unseen"):
        define_tag(
            key=key, namespace="needs", name_en=key, name_zh=key, author=make_staff().marketer,
            now=NOW,
            meaning=Meaning(owner="desk", scene="s", purpose="p", definition="d",
                            source=TagSource.FILE, ttl_days=30),
        )  # fmt: skip
        give_tag(customer_ids=people[:5], tag=key, source=TagSource.FILE, until=None, now=NOW)
    make_segment("offer", {"tag": "seen"})
    for customer in people[:4]:
        record_event(customer, "order_filled", at=NOW)
    told = {"author": make_staff().marketer, "now": NOW}

    assert measure_tags(goal="order_filled", uses={"seen": 1}, **told) == 2

    seen, unseen = TagScore.objects.order_by("tag__key")
    assert (seen.coverage, seen.uses, seen.sunset) == (0.5, 2, [])
    assert seen.usefulness > 0
    assert (unseen.uses, unseen.redundant_to) == (0, "seen")
    assert unseen.sunset == ["unused", "redundant"]
    # The less useful one is newer, and comes second all the same.
    Tagging.objects.filter(tag="unseen").update(since=NOW + timedelta(hours=1))
    customer = Customer.objects.get(pk=people[0])
    assert [one.tag for one in ranked_tags(customer, now=NOW)] == ["seen", "unseen"]
    assert AuditEntry.objects.filter(action="tag.measure").exists()
    client = Client()
    client.force_login(told["author"])
    address = reverse("admin:segments_tag_usefulness")
    assert len(client.get(address).context["panels"][0].rows) == 2
    (row,) = client.get(address, {"only": "sunset"}).context["panels"][0].rows
    assert ">unseen<" in row[0]
    assert "(seen)" in row[5]
    with pytest.raises(TagRefused, match="goal"):
        measure_tags(goal=" ", uses={}, **told)
    with pytest.raises(TagRefused, match="did you mean order_filled"):
        measure_tags(goal="order_fill", uses={}, **told)
    assert TagScore.objects.count() == 2


@pytest.mark.django_db
def test_a_goal_nobody_reached_stays_in_its_box() -> None:
    client = Client()
    client.force_login(make_staff().marketer)

    told = client.post(
        reverse("admin:segments_tag_usefulness"), {"goal": "order_fild"}, follow=True
    )

    assert told.context["goal"] == "order_fild"
