"""Queued touches meet what changed meanwhile; caps and hours hold over journeys (G8, G9, G10)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Accepted, Channel, Limits, Outgoing, Unavailable, Unknown
from campaigns.channels.memory import MemoryProvider
from campaigns.models import Contact, DispatchBatch, RestrictedVerdict, Touch
from compliance.models import Product
from customers.models import Customer
from customers.vocabulary import ConsentState
from tests.factories import (
    NOW,
    graph_of,
    lift_contact_rules,
    make_cap,
    make_journey,
    make_memory_account,
    make_people,
    make_product,
    make_rules,
    make_segment,
    make_template,
    say_consent,
    send_node,
)

pytestmark = pytest.mark.django_db
SUITED = {
    "risk_level": "C3",
    "risk_assessed_on": "2026-01-10",
    "lowest_class": False,
    "birth_on": "1985-05-04",
    "region": "上海",
    "time_zone": "Asia/Shanghai",
}
NIGHT = datetime(2026, 3, 2, 15, tzinfo=UTC)  # 23:00 in Shanghai
Build = Callable[..., MemoryProvider]


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Build:
    """Queue a touch about the product F001 to each of some customers to whom it suits."""

    def build(
        people: int = 1, *, columns: dict[str, Any] | None = None, **told: Any
    ) -> MemoryProvider:
        provider = make_memory_account(monkeypatch, Channel.SMS, **told)
        make_product()
        make_template(Channel.SMS, product="F001")
        make_people(people, channels=[Channel.SMS], columns={**SUITED, **(columns or {})})
        make_segment()
        start()
        return provider

    return build


def start(key: str = "spring", at: datetime = NOW, **node: str) -> None:
    journey = make_journey(graph_of({**send_node(Channel.SMS), **node}), key=key)
    enrol(journey=journey, now=at)
    advance(owner="w", now=at)


def dispatch(at: datetime = NOW) -> None:
    while dispatch_batch(owner="w", now=at):
        pass


def outcomes() -> set[tuple[str, str]]:
    return set(Touch.objects.values_list("state", "reason"))


def test_a_product_goes_to_whom_it_suits_and_the_touch_says_by_which_values(queued: Build) -> None:
    provider = queued()

    dispatch()

    assert len(provider.sent) == 1
    touch = Touch.objects.get()
    assert touch.product == "F001"
    assert touch.verdict["read"] == {
        "consent": "granted",
        "product": "F001",
        "risk": 3,
        "level": "C3",
        "F-01": 0,
        "F-02": 0,
        "F-06": 0,
        "wording": "L-01",  # no risk warning: the template lacks it, and was approved so
    }


CHANGES: dict[str, tuple[Callable[[], Any], str]] = {
    "the level fell": (lambda: Customer.objects.update(risk_level="C2"), "unsuitable"),
    "nobody knows the level any more": (
        lambda: Customer.objects.update(risk_level=None),
        "unsuitable",
    ),
    "the assessment ran out": (
        lambda: Customer.objects.update(risk_valid_until=date(2026, 3, 1)),
        "unsuitable",
    ),
    "the product was rated higher": (
        lambda: Product.objects.update(issuer_risk=5),
        "unsuitable",
    ),
    "the product is gone": (lambda: Product.objects.all().delete(), "product_unknown"),
    "consent was withdrawn": (
        lambda: say_consent(
            list(Customer.objects.values_list("pk", flat=True)),
            ["sms"],
            state=ConsentState.WITHDRAWN,
        ),
        "consent_withdrawn",
    ),
    "he is suppressed": (
        lambda: Customer.objects.update(internal_hold=True),
        "not_eligible",
    ),
    "a hold under AML law": (lambda: Customer.objects.update(aml_hold=True), "not_eligible"),
    "the cap was lowered": (
        lambda: make_rules("contact", {"F-06": {"most": 0}}),
        "capped",
    ),
    "he is a minor after all": (
        lambda: Customer.objects.update(birth_on=date(2010, 1, 1)),
        "unsuitable",
    ),
}


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES.keys())
def test_what_changed_while_the_touches_were_queued_counts(
    queued: Build, change: Callable[[], Any], reason: str
) -> None:
    provider = queued(people=50)

    change()
    dispatch()

    assert provider.sent == []
    assert outcomes() == {("refused", reason)}
    assert not Contact.objects.exists()


def test_hours_changed_while_queued_defer(queued: Build) -> None:
    provider = queued(people=50)

    make_rules("contact", {"Q-01": {"hours": [["18:00", "20:30"]]}})
    dispatch()

    assert provider.sent == []
    assert outcomes() == {("deferred", "quiet_hours")}
    assert set(Touch.objects.values_list("due_at", flat=True)) == {
        datetime(2026, 3, 2, 10, tzinfo=UTC)
    }


def test_the_true_ground_of_a_hold_stands_apart(queued: Build) -> None:
    queued(people=2)
    held = Customer.objects.order_by("pk").first()
    assert held is not None
    Customer.objects.filter(pk=held.pk).update(aml_hold=True)
    Customer.objects.exclude(pk=held.pk).update(internal_hold=True)

    dispatch()

    by_law, by_house = Touch.objects.order_by("customer_id")
    assert by_law.verdict == by_house.verdict
    assert "aml" not in str(by_law.verdict)
    kept = dict(RestrictedVerdict.objects.values_list("touch_id", "grounds"))
    assert kept == {by_law.pk: "aml_hold", by_house.pk: "internal_hold"}


def test_a_rule_that_cannot_be_read_stops_every_product(
    queued: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An officer cannot save such a rule; should one stand there anyway, nothing goes out."""
    provider = queued()
    pack = make_rules("suitability", {})
    broken = [{**rule, "params": {"most": "all"}} for rule in pack.rules]
    type(pack).objects.create(
        key="suitability",
        version=9,
        status="active",
        effective_from=date(2020, 1, 1),
        rules=broken,
    )

    dispatch()

    assert provider.sent == []
    assert outcomes() == {("refused", "gate_error")}


def test_a_touch_deferred_past_its_hours_is_judged_anew(queued: Build) -> None:
    provider = queued(people=2)

    dispatch(at=NIGHT)
    assert outcomes() == {("deferred", "quiet_hours")}
    Customer.objects.filter(customer_no="P00000").update(risk_level="C1")
    morning = datetime(2026, 3, 3, 1, tzinfo=UTC)
    dispatch(at=morning - timedelta(seconds=1))
    assert provider.sent == []
    dispatch(at=morning)

    assert len(provider.sent) == 1
    assert outcomes() == {("accepted", ""), ("refused", "unsuitable")}


def test_a_retry_after_the_hours_closed_waits_for_the_morning(queued: Build) -> None:
    """TM-037: queued 20:25 with a provider that is down until 20:40."""

    def script(message: Outgoing) -> Any:
        return Unavailable(
            key=message.key, code="down", message="", retry_after=timedelta(minutes=15)
        )

    provider = queued(script=script)
    evening = datetime(2026, 3, 2, 12, 25, tzinfo=UTC)
    dispatch(at=evening)
    assert len(provider.sent) == 1

    dispatch(at=evening + timedelta(minutes=16))

    assert len(provider.sent) == 1
    assert outcomes() == {("deferred", "quiet_hours")}


def test_a_year_without_trading_days_defers_and_alerts(
    queued: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """TM-053: nobody entered the next year's calendar."""
    make_rules("contact", {"Q-01": {"days": "trading"}})
    provider = queued(people=3)
    touches = Touch.objects.all()
    january = datetime(2027, 1, 4, 2, tzinfo=UTC)
    touches.update(expires_at=january + timedelta(days=3), due_at=january)

    dispatch(at=january)

    assert provider.sent == []
    assert outcomes() == {("deferred", "no_calendar")}
    assert caplog.text.count("trading days of 2027") == 1


def test_each_customer_has_the_hours_of_his_own_zone(queued: Build) -> None:
    provider = queued(people=3)
    for number, zone in enumerate(("Europe/Berlin", "Mars/Phobos", "")):
        Customer.objects.filter(customer_no=f"P{number:05d}").update(time_zone=zone)

    dispatch(at=NOW)  # 10:00 in Shanghai, 03:00 in Berlin; what is no zone is the institution's

    assert len(provider.sent) == 2
    waiting = Touch.objects.get(state="deferred")
    assert waiting.customer.customer_no == "P00000"
    assert waiting.due_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_the_daily_cap_spans_journeys_and_ends_with_the_day(queued: Build) -> None:
    provider = queued()
    dispatch()
    start("summer")
    dispatch()
    assert len(provider.sent) == 1
    assert outcomes() == {("accepted", ""), ("refused", "capped")}

    start("autumn", at=NOW + timedelta(days=1))
    dispatch(at=NOW + timedelta(days=1))

    assert len(provider.sent) == 2


def test_whoever_crosses_the_date_line_has_each_day_once(queued: Build) -> None:
    """TM-039: 2 March in Tokyo, and 18 hours later it is 2 March again in Honolulu."""
    provider = queued(columns={"time_zone": "Asia/Tokyo"})
    dispatch(at=datetime(2026, 3, 2, 2, 30, tzinfo=UTC))
    assert len(provider.sent) == 1
    Customer.objects.update(time_zone="Pacific/Honolulu")

    again = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)
    start("summer", at=again)
    dispatch(at=again)
    assert len(provider.sent) == 1

    next_day = again + timedelta(days=1)
    start("autumn", at=next_day)
    dispatch(at=next_day)
    assert len(provider.sent) == 2


@pytest.mark.parametrize(
    ("cap", "other", "is_sent"),
    [
        (make_cap("F-11", most=1, scope="journey"), {"key": "summer"}, True),
        (make_cap("F-11", most=1, scope="product"), {"key": "summer"}, False),
        (
            make_cap("F-11", most=1, scope="product"),
            {"key": "summer", "product": "F002"},
            True,
        ),
        (make_cap("F-11", most=1, scope="product", of="F002"), {"key": "summer"}, True),
        (make_cap("F-11", most=1, scope="journey", of="summer"), {"key": "summer"}, True),
        (make_cap("F-11", most=0, scope="journey", of="summer"), {"key": "summer"}, False),
        (make_cap("F-11", most=1, scope="total", period="week"), {"key": "summer"}, False),
        (make_cap("F-11", most=1, scope="channel", of="push"), {"key": "summer"}, True),
    ],
)
def test_a_cap_counts_its_own_scope(
    queued: Build, cap: Any, other: dict[str, str], is_sent: bool
) -> None:
    make_rules("contact", {"F-01": {"most": 9}}, more=[cap])
    make_product("F002")
    provider = queued()
    dispatch()

    start(**other)
    dispatch()

    assert len(provider.sent) == 1 + is_sent


def test_a_touch_proved_unsent_gives_its_slot_back(queued: Build) -> None:
    replies = iter(["down"])

    def script(message: Outgoing) -> Any:
        if next(replies, ""):
            return Unavailable(key=message.key, code="down", message="", retry_after=timedelta())
        return Accepted(key=message.key, provider_id="1", segments=1)

    provider = queued(script=script)
    dispatch_batch(owner="w", now=NOW)
    assert not Contact.objects.exists()

    dispatch_batch(owner="w", now=NOW + timedelta(minutes=1))

    assert len(provider.sent) == 2
    assert outcomes() == {("accepted", "")}
    assert Contact.objects.count() == 1


def test_a_touch_that_may_have_been_sent_keeps_its_slot(queued: Build) -> None:
    replies = iter(["unknown", "down"])

    def script(message: Outgoing) -> Any:
        match next(replies, ""):
            case "unknown":
                return Unknown(key=message.key, code="reset", message="")
            case _:
                return Unavailable(
                    key=message.key, code="down", message="", retry_after=timedelta(hours=1)
                )

    limits = Limits(
        batch_max=500, concurrency=1, honours_key=True, can_find=False, settle=timedelta()
    )
    provider = queued(script=script, limits=limits)
    dispatch_batch(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW + timedelta(minutes=5))
    assert len(provider.sent) == 2
    assert Contact.objects.count() == 1

    start("summer", at=NOW + timedelta(minutes=6))
    dispatch(at=NOW + timedelta(minutes=6))

    assert len(provider.sent) == 2
    assert Touch.objects.filter(reason="capped").count() == 1


def test_a_touch_queued_again_is_not_capped_by_itself(queued: Build) -> None:
    """As a replay out of quarantine leaves it: queued, and its slot still taken."""
    provider = queued()
    dispatch_batch(owner="w", now=NOW)
    assert Contact.objects.count() == 1
    Touch.objects.update(state="queued", reason="", accepted_at=None)
    DispatchBatch.objects.update(due_at=NOW)

    dispatch_batch(owner="w", now=NOW + timedelta(minutes=1))

    assert outcomes() == {("accepted", "")}
    assert len(provider.sent) == 2


def test_service_messages_are_neither_capped_nor_held_at_night(queued: Build) -> None:
    provider = queued()
    dispatch()
    people = list(Customer.objects.values_list("pk", flat=True))
    say_consent(people, ["sms"], purpose="service")
    journey = make_journey(
        graph_of(send_node(Channel.SMS), priority="service"), key="service", now=NIGHT
    )
    enrol(journey=journey, now=NIGHT)
    advance(owner="w", now=NIGHT)

    dispatch(at=NIGHT)

    assert len(provider.sent) == 2
    assert Contact.objects.count() == 1


def test_two_touches_of_one_batch_do_not_share_a_slot(queued: Build) -> None:
    provider = queued()
    dispatch()
    Contact.objects.all().delete()
    twice = graph_of(send_node(Channel.SMS, key="one"), send_node(Channel.SMS, key="two"))
    journey = make_journey(twice, key="twice")
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)

    dispatch()

    assert len(provider.sent) == 2
    assert Touch.objects.filter(journey=journey, reason="capped").count() == 1


def test_without_hours_and_caps_everything_goes(queued: Build) -> None:
    lift_contact_rules()
    provider = queued()
    start("summer")

    dispatch(at=NIGHT)

    assert len(provider.sent) == 2
