"""Rule tags: given live, ended on time, never against the customer's will."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from compliance.models import AuditEntry
from customers.actions.personalisation import refuse_personalisation
from customers.actions.rights import export_customer, set_personalisation
from customers.actions.tags import allow_tag, give_tag, refuse_tag
from customers.errors import RightRefused
from customers.models import Customer, Tagging, TagRefusal
from customers.vocabulary import TagSource
from segments.actions.follow import follow
from segments.actions.refresh import refresh
from segments.actions.tags import Meaning, define_tag, end_retired_tags, keep_tag, retire_tag
from segments.errors import RuleError
from segments.models import Membership, Segment, Tag
from segments.queries.rules import check_rule
from segments.tasks import refresh_all
from tests.factories import NOW, make_people, make_segment, make_staff, record_event

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TERM = 60 * DAY
PENSION = {
    "event": "search",
    "count": {"op": "gte", "value": 3},
    "within_days": 7,
    "where": [{"property": "query", "op": "contains", "value": "养老基金"}],
}


def pension_tag(rule: object = PENSION, *, key: str = "pension_need", days: int = 60) -> Segment:
    """The tag in the dictionary, its rule run over everybody once."""
    define_tag(
        key=key,
        namespace="needs",
        name_en=key,
        name_zh=key,
        meaning=Meaning(
            owner="wealth desk",
            scene="pension campaign",
            purpose="offer pension funds",
            definition="three searches in seven days",
            source=TagSource.RULE,
            rule=rule,
            ttl_days=days,
        ),
        author=make_staff().marketer,
        now=NOW,
    )
    segment = Segment.objects.get(tag__key=key)
    refresh(segment=segment, now=NOW)
    follow(now=NOW)
    return segment


def search(customer: int, times: int = 1, *, at: datetime = NOW) -> None:
    for _ in range(times):
        record_event(customer, "search", at=at, query="买养老基金")


def tagged(tag: str = "pension_need") -> dict[int, datetime | None]:
    return dict(Tagging.objects.filter(tag=tag).values_list("customer_id", "valid_until"))


def number(customer: int) -> str:
    return Customer.objects.get(pk=customer).customer_no


class TestGiven:
    def test_the_third_search_tags_its_customer_and_no_other(self) -> None:
        first, second = make_people(2)
        pension_tag()
        search(first, 3)
        search(second, 2)
        record_event(second, "search", at=NOW, query="股票")

        follow(now=NOW)

        assert tagged() == {first: NOW + TERM}

    def test_a_segment_that_names_the_tag_follows_in_the_next_pass(self) -> None:
        (customer,) = make_people(1)
        pension_tag()
        offer = make_segment("offer", {"tag": "pension_need"})
        refresh(segment=offer, now=NOW)
        search(customer, 3)

        follow(now=NOW)
        follow(now=NOW)

        assert Membership.objects.filter(segment=offer, left_at=None).exists()

    def test_who_met_the_rule_before_it_was_said_is_tagged_by_its_first_run(self) -> None:
        (customer,) = make_people(1)
        search(customer, 3)

        pension_tag()

        assert tagged() == {customer: NOW + TERM}


class TestTerm:
    def test_it_ends_on_time_without_an_event(self) -> None:
        (customer,) = make_people(1)
        pension_tag()
        search(customer, 3)
        follow(now=NOW)

        follow(now=NOW + 8 * DAY)
        follow(now=NOW + TERM - timedelta(seconds=1))
        assert tagged() == {customer: NOW + TERM}
        follow(now=NOW + TERM)
        assert tagged() == {}

    def test_it_begins_anew_when_the_rule_is_met_again(self) -> None:
        (customer,) = make_people(1)
        pension_tag()
        search(customer, 3)
        follow(now=NOW)
        later = NOW + 5 * DAY
        search(customer, at=later)

        follow(now=later)

        assert tagged() == {customer: later + TERM}

    def test_a_single_search_later_does_not_lengthen_it(self) -> None:
        (customer,) = make_people(1)
        pension_tag()
        search(customer, 3)
        follow(now=NOW)
        later = NOW + 20 * DAY
        search(customer, at=later)

        follow(now=later)

        assert tagged() == {customer: NOW + TERM}

    def test_it_does_not_end_while_the_rule_is_met(self) -> None:
        (customer,) = make_people(1, columns={"city": "上海"})
        pension_tag({"field": "city", "op": "eq", "value": "上海"}, key="local", days=10)
        offer = make_segment("offer", {"tag": "local"})
        refresh(segment=offer, now=NOW)

        for day in (9, 10, 11, 20):
            follow(now=NOW + day * DAY)
            assert customer in tagged("local"), day

        assert Membership.objects.filter(segment=offer).count() == 1

    def test_it_is_not_renewed_by_a_rule_that_cannot_be_run(self) -> None:
        make_people(1, columns={"city": "上海"})
        segment = pension_tag({"field": "city", "op": "eq", "value": "上海"}, key="local", days=10)
        Segment.objects.filter(pk=segment.pk).update(held_at=NOW)

        follow(now=NOW + 10 * DAY)

        assert tagged("local") == {}


class TestWill:
    def test_who_refuses_personalisation_is_never_tagged(self) -> None:
        (customer,) = make_people(1)
        Customer.objects.update(personalise_off=True)
        pension_tag()
        search(customer, 3)

        follow(now=NOW)
        refresh(segment=Segment.objects.get(), now=NOW)

        assert tagged() == {}

    @pytest.mark.parametrize("way", ["page", "api", "restriction"])
    def test_it_ends_at_once_with_an_opt_out(self, way: str) -> None:
        (customer,) = make_people(1)
        pension_tag()
        search(customer, 3)
        follow(now=NOW)
        given = {"customer_ids": [customer], "until": None, "now": NOW}
        give_tag(tag="vip", source=TagSource.FILE, **given)

        match way:
            case "page":
                refuse_personalisation(customer_id=customer, how="page", now=NOW)
            case "api":
                set_personalisation(customer_no=number(customer), is_off=True, actor="api", now=NOW)
            case _:
                Customer.objects.filter(pk=customer).update(status="restricted")

        assert tagged() == {}
        # Of what others know of him an opt-out ends all, a restriction nothing.
        assert set(tagged("vip")) == ({customer} if way == "restriction" else set())

    def test_a_tag_he_deleted_is_not_given_again_until_he_allows_it(self) -> None:
        (customer,) = make_people(1)
        segment = pension_tag()
        search(customer, 3)
        follow(now=NOW)
        asked = {
            "customer_no": number(customer), "tag": "pension_need", "actor": "eve", "now": NOW,
            "why": "he called",
        }  # fmt: skip

        refuse_tag(**asked)
        search(customer, 3)
        follow(now=NOW)
        refresh(segment=segment, now=NOW)
        assert tagged() == {}

        allow_tag(**asked)
        refresh(segment=segment, now=NOW)
        assert set(tagged()) == {customer}
        acts = list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))
        assert [act for act in acts if act in ("tag.refuse", "tag.allow")] == [
            "tag.refuse",
            "tag.allow",
        ]

    def test_deleting_needs_a_reason_and_a_tag(self) -> None:
        (customer,) = make_people(1)
        asked: dict[str, Any] = {"customer_no": number(customer), "actor": "eve", "now": NOW}

        with pytest.raises(RightRefused, match="no such tag"):
            refuse_tag(tag="pension_need", why="he called", **asked)
        with pytest.raises(RightRefused, match="reason"):
            refuse_tag(tag="pension_need", why="", **asked)
        assert not TagRefusal.objects.exists()

    def test_his_copy_tells_what_he_refused(self) -> None:
        (customer,) = make_people(1)
        pension_tag()
        search(customer, 3)
        follow(now=NOW)
        who = {"customer_no": number(customer), "actor": "eve", "now": NOW}
        refuse_tag(tag="pension_need", why="he called", **who)

        copy = export_customer(why="he asked", **who)

        assert [row["tag"] for row in copy["refused_tags"]] == ["pension_need"]


class TestRetired:
    def test_rules_hold_after_thirty_days_and_nobody_is_moved(self) -> None:
        (customer,) = make_people(1)
        pension_tag()
        search(customer, 3)
        offer = make_segment("offer", {"tag": "pension_need"})
        follow(now=NOW)
        refresh(segment=offer, now=NOW)
        retire_tag(key="pension_need", author=make_staff().marketer, now=NOW)

        end_retired_tags(now=NOW + 30 * DAY - timedelta(seconds=1))
        assert set(tagged()) == {customer}
        end_retired_tags(now=NOW + 30 * DAY)
        follow(now=NOW + 30 * DAY)
        refresh_all()

        offer.refresh_from_db()
        assert offer.held_why == {"code": "rule"}
        assert Membership.objects.filter(segment=offer, left_at=None).count() == 1
        assert tagged() == {}
        with pytest.raises(RuleError, match="no tag"):
            check_rule({"tag": "pension_need"})

    def test_an_announcement_taken_back_ends_nothing(self) -> None:
        pension_tag()
        staff = make_staff()
        retire_tag(key="pension_need", author=staff.marketer, now=NOW)
        keep_tag(key="pension_need", author=staff.marketer, now=NOW)

        assert end_retired_tags(now=NOW + 31 * DAY) == 0
        assert Tag.objects.get().state == "active"
