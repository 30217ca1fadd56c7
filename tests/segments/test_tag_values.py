"""Values of a small world, each counted by hand."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from customers.actions.partitions import ensure_partitions
from customers.actions.tags import refuse_tag
from customers.models import (
    Account,
    Attribute,
    CashFlow,
    Customer,
    PositionDay,
    ProductTerms,
    Trade,
)
from customers.queries.events import POSITION_DAYS
from customers.vocabulary import ConsentState, TagSource
from segments.actions.catalogue import ship_tags
from segments.actions.refresh import refresh
from segments.actions.tags import Meaning, define_tag, end_retired_tags, retire_tag, revise_tag
from segments.catalogue.shipped import shipped_tags
from segments.errors import RuleError, TagRefused
from segments.models import Membership, Refresh, Segment, Tag, ValueWalk
from segments.queries.rules import check_rule
from segments.queries.value_sql import VALUES
from segments.queries.values import shipped_values
from segments.tasks import refresh_all
from tests.factories import (
    NOW,
    make_people,
    make_product,
    make_segment,
    make_staff,
    record_event,
    say_consent,
)
from tests.segments.wealth import DAY, TODAY, account, valued, values, walk

pytestmark = pytest.mark.django_db


def holds(of: Account, code: str, kind: str, worth: int, **terms: Any) -> None:
    ensure_partitions(months=[TODAY], table=POSITION_DAYS)
    product = make_product(code, kind=kind)
    PositionDay.objects.create(
        account_id=of.pk, held_on=TODAY, product_id=product.pk, quantity=1, price=worth,
        market_value=worth, currency="CNY", quality="ok", load_id=1,
    )  # fmt: skip
    if terms:
        ProductTerms.objects.create(
            product=product, status="open", currency="CNY", load_id=1, **terms
        )


def trades(of: Account, number: str, at: datetime, amount: int, status: str = "filled") -> None:
    Trade.objects.create(
        source=of.source, external_id=number, account=of, product=make_product(f"T{number}"),
        traded_at=at, side="buy", quantity=1, price=amount, fee=0, tax=0, currency="CNY",
        status=status, load_id=1,
    )  # fmt: skip


TOUCHED = """
    INSERT INTO campaigns_touch (key, enrolment_id, journey_id, node, visit, customer_id, channel,
        purpose, account_id, batch_id, template_version_id, state, reason, verdict, content_hash,
        fence, attempts, may_be_sent, product, due_at, provider_id, segments, cost, currency,
        queued_at, accepted_at, delivered_at, opened_at, clicked_at)
    VALUES (gen_random_uuid(), nextval('campaigns_touch_id_seq'), 1, 'n', 1, %s, %s, 'marketing',
        1, 1, 1, 'accepted', '', '{}', '', 0, 0, false, '', now(), '', 1, 0, 'CNY',
        %s, %s, %s, %s, %s)
"""


@pytest.fixture
def rich() -> int:
    """One who has and did something of everything; beside him one who did nothing."""
    customer, _other = make_people(2)
    Customer.objects.filter(pk=customer).update(
        birth_on=date(TODAY.year - 40, 1, 1), risk_valid_until=TODAY + 12 * DAY,
        horizon_months=24, objectives=["growth", "income"], permissions=["star", "options"],
    )  # fmt: skip
    first, second = account(customer, "1"), account(customer, "2")
    for back in range(25):
        # The newest twenty days: 100 000 and 500 000 on the first account, 50 000 on the second.
        valued(first, TODAY - back * DAY, cash=20_000, market=80_000 if back < 10 else 480_000)
        valued(second, TODAY - back * DAY, cash=60_000, market=0, debt=10_000)
    holds(first, "M1", "money_market", 30_000)
    holds(first, "P1", "wealth_mgmt", 20_000, matures_on=TODAY + 30 * DAY)
    holds(first, "S1", "securities", 30_000)
    trades(first, "1", NOW - 3 * DAY, 10_000)
    trades(first, "2", NOW - 29 * DAY, 20_000, "partial")
    trades(second, "3", NOW - 364 * DAY, 30_000)
    trades(second, "4", NOW - 366 * DAY, 99_000)
    trades(second, "5", NOW - 2 * DAY, 99_000, "cancelled")
    for number, (back, amount, external) in enumerate(
        [(1, 5_000, True), (29, -2_000, True), (31, 7_000, True), (2, 900, False)]
    ):
        CashFlow.objects.create(
            source=first.source, external_id=str(number), account=first, kind="transfer",
            flowed_at=NOW - back * DAY, amount=amount, currency="CNY", is_external=external,
            load_id=1,
        )  # fmt: skip
    for code, back in (("F1", 1), ("F1", 2), ("F2", 6), ("F3", 8)):
        record_event(customer, "fund_viewed", at=NOW - back * DAY, code=code)
    for query, back in (("养老", 3), ("养老", 4), ("债券", 1), ("", 1)):
        record_event(customer, "search", at=NOW - back * DAY, query=query)
    record_event(customer, "login", at=NOW - 40 * DAY)
    say_consent([customer], ["sms"], state=ConsentState.GRANTED, now=NOW - DAY)
    say_consent([customer], ["sms"], state=ConsentState.WITHDRAWN, now=NOW)
    return customer


GOLDEN: dict[str, Any] = {
    "age_band": "35-44",
    "assess_days_left": 12,
    "horizon": 24,
    "objective": "growth,income",
    "permissions": "star,options",
    "consent_sms": "withdrawn",
    "personalize_off": False,
    # (10 × 150 000 + 10 × 550 000) / 20
    "avg20_asset": 350_000,
    "aum_product": 50_000,
    # (20 000 + 60 000) / (80 000 + 80 000)
    "cash_ratio": 0.5,
    # 10 000 / 160 000
    "margin_ratio": 0.0625,
    "asset_tier": "10-50",
    "net_inflow_30d": 3_000,
    "last_trade_days": 3,
    "trades_30d": 2,
    "trades_1y": 3,
    # 60 000 / ((10 × 150 000 + 15 × 550 000) / 25) / 2
    "turnover_1y": 0.0769,
    # 30 000 / 80 000
    "top1_conc": 0.375,
    # one of three orders in 30 days
    "cancel_rate": 0.3333,
    "holds_mmf": True,
    "maturity_30d": 20_000,
    "fund_browse_7d": 2,
    # days −1, −2, −3, −4, −6, −8
    "active_days_30": 6,
    "last_login_days": 40,
    "top_query": "养老",
}


def test_each_value_is_as_counted_by_hand(rich: int) -> None:
    walk()

    found = values(rich)
    assert {key: found.get(key) for key in GOLDEN} == GOLDEN


def test_who_did_nothing_has_no_value_of_what_was_done(rich: int) -> None:
    walk()

    quiet = Customer.objects.exclude(pk=rich).get()
    told = set(quiet.attributes) & set(VALUES)
    assert told <= {"age_band", "assess_days_left", "horizon", "objective", "permissions"} | {
        "personalize_off", "consent_email", "consent_sms", "consent_push", "consent_call",
    }  # fmt: skip


def test_origin_is_the_first_campaign_and_stays(rich: int) -> None:
    with connection.cursor() as cursor:
        for back, source in ((5, "baidu"), (20, "weibo")):
            record_event(rich, "page", at=NOW - back * DAY, message_id=source)
            cursor.execute(
                "UPDATE customers_event SET context = jsonb_build_object('campaign',"
                " jsonb_build_object('source', %s::text, 'name', 'spring')) WHERE message_id = %s",
                [source, source],
            )

    walk()

    found = values(rich)
    assert (found["src_channel"], found["src_campaign"]) == ("weibo", "spring")


def test_answers_to_messages_are_shares_of_those_delivered(rich: int) -> None:
    with connection.cursor() as cursor:
        # Days since: accepted, delivered, opened, clicked. Its journey and batch are not read.
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for channel, accepted, delivered, opened, clicked in (
            ("sms", 0, 0, None, 0),
            ("sms", 7, 7, None, None),
            ("email", 14, 14, 13, None),
            ("email", 14, None, None, None),
            ("email", 95, 95, 95, 95),
        ):
            at = [
                None if back is None else NOW - back * DAY
                for back in (accepted, accepted, delivered, opened, clicked)
            ]
            cursor.execute(TOUCHED, [rich, channel, *at])

        walk()
        found = values(rich)
        cursor.execute("DELETE FROM campaigns_touch")

    assert (found["open_rate_90d"], found["sms_resp_90d"]) == (0.3333, 0.5)
    # 0.5⁰ + 0.5¹ + 0.5² + 0.5²; the fifth is older than four weeks.
    assert found["fatigue"] == 2


def test_several_currencies_make_no_sum(rich: int) -> None:
    other = account(rich, "3")
    valued(other, TODAY, cash=5, market=5)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_assetday SET currency = 'USD' WHERE account_id = %s",
                       [other.pk])  # fmt: skip

    walk()

    assert not {"cash_ratio", "margin_ratio", "asset_tier"} & set(values(rich))


def test_a_rule_may_ask_for_a_value_and_the_change_is_followed(rich: int) -> None:
    walk()

    assert check_rule({"field": "trades_1y", "op": "gte", "value": 3})
    assert Segment.objects.get(tag__key="novice").is_live


def test_what_is_no_longer_true_is_taken_out(rich: int) -> None:
    walk()
    Customer.objects.filter(pk=rich).update(risk_valid_until=None)

    walk(NOW + DAY)

    assert "assess_days_left" not in values(rich)
    assert values(rich)["last_trade_days"] == 4


def test_a_walk_begins_anew_when_its_time_has_come_and_not_before(rich: int) -> None:
    walk()
    Customer.objects.update(horizon_months=36)

    walk(NOW + DAY - timedelta(seconds=1))
    assert values(rich)["horizon"] == 24
    walk(NOW + DAY)
    assert values(rich)["horizon"] == 36
    daily = ValueWalk.objects.get(refresh=Refresh.DAILY)
    assert (daily.next_at, daily.after_id) == (NOW + 2 * DAY, 0)


def test_conclusions_are_not_drawn_about_who_refuses_them_and_facts_stay(rich: int) -> None:
    walk()
    Customer.objects.filter(pk=rich).update(personalise_off=True)

    at_once = set(values(rich)) & set(VALUES)
    walk(NOW + DAY)

    derived = {key for key, value in VALUES.items() if value.is_derived}
    assert not at_once & derived
    assert not set(values(rich)) & derived
    assert values(rich)["horizon"] == 24


def test_a_value_he_had_deleted_is_not_computed_again(rich: int) -> None:
    walk()
    number = Customer.objects.get(pk=rich).customer_no

    refuse_tag(customer_no=number, tag="top_query", actor="eve", why="he called", now=NOW)
    assert "top_query" not in values(rich)
    walk(NOW + DAY)

    assert "top_query" not in values(rich)


def test_a_value_that_is_retired_goes_and_rules_that_name_it_hold(rich: int) -> None:
    walk()
    keen = make_segment("keen", {"field": "trades_1y", "op": "gte", "value": 3})
    refresh(segment=keen, now=NOW)
    author = make_staff().marketer
    retire_tag(key="trades_1y", author=author, now=NOW)

    end_retired_tags(now=NOW + 30 * DAY)
    walk(NOW + 30 * DAY)
    refresh_all()

    keen.refresh_from_db()
    assert keen.held_why["code"] == "rule"
    assert Membership.objects.filter(segment=keen, left_at=None).count() == 1
    assert "trades_1y" not in values(rich)
    assert values(rich)["trades_30d"] == 0
    with pytest.raises(TagRefused, match="by itself"):
        retire_tag(key="risk_level", author=author, now=NOW)


class TestCatalogue:
    def test_all_of_it_is_shipped_once(self) -> None:
        assert ship_tags(now=NOW) == len(shipped_tags()) == 103
        assert ship_tags(now=NOW) == 0
        states = Tag.objects.values_list("state", flat=True)
        assert sorted(set(states)) == ["active", "missing"]

    def test_what_lacks_its_source_says_which(self) -> None:
        ship_tags(now=NOW)

        for tag in Tag.objects.filter(state="missing"):
            assert tag.newest.missing, tag

    def test_every_value_is_in_the_catalogue_and_every_computed_tag_has_a_value(self) -> None:
        assert {tag.key for tag in shipped_tags() if tag.is_value} == set(VALUES)
        assert {tag.refresh for tag in shipped_tags() if tag.is_value} == {
            value.refresh.value for value in VALUES.values()
        }

    def test_what_has_a_value_cannot_be_asked_for_as_if_it_were_carried(self) -> None:
        ship_tags(now=NOW)

        assert check_rule({"tag": "pension_need"})
        for key in ("trades_1y", "risk_level"):
            with pytest.raises(RuleError, match="no tag"):
                check_rule({"tag": key})

    def test_a_field_that_a_file_brought_is_not_written_over(self) -> None:
        Attribute.objects.create(key="trades_30d", type="text", label_en="theirs")

        (customer,) = make_people(1, attributes={"trades_30d": "theirs"})

        walk()

        assert not Tag.objects.filter(key="trades_30d").exists()
        assert values(customer)["trades_30d"] == "theirs"

    def test_a_tag_that_is_there_stays_its_owners(self) -> None:
        ship_tags(now=NOW)
        retired = Tag.objects.get(key="novice")
        Tag.objects.filter(pk=retired.pk).update(state="retired")

        ship_tags(now=NOW)

        assert Tag.objects.get(key="novice").state == "retired"

    @pytest.mark.parametrize("is_touched", [False, True])
    def test_a_tag_that_waited_for_its_source_gets_it_unless_somebody_gave_it_another(
        self, is_touched: bool
    ) -> None:
        meaning = Meaning(
            owner="advisory desk", scene="s", purpose="p", definition="d", ttl_days=7,
            source=TagSource.STATISTIC, missing="no lots",
        )  # fmt: skip
        define_tag(
            key="win_rate", namespace="performance", name_en="Wins", name_zh="胜", meaning=meaning,
            author=None, now=NOW,
        )  # fmt: skip
        if is_touched:
            theirs = replace(meaning, source=TagSource.API, missing="")
            revise_tag(key="win_rate", meaning=theirs, author=make_staff().marketer, now=NOW)

        ship_tags(now=NOW)
        ship_tags(now=NOW)

        tag = Tag.objects.get(key="win_rate")
        assert (tag.state, tag.newest.number) == ("active", 2)
        assert Attribute.objects.filter(key="win_rate").exists() is not is_touched
        assert ("win_rate" in shipped_values()) is not is_touched
