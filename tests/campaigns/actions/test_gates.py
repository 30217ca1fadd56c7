"""Queued touches meet what changed meanwhile; caps and hours hold over journeys (G8, G9, G10)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.templates import review_template, submit_template, to_review
from campaigns.channels.base import Accepted, Channel, Limits, Outgoing, Unavailable, Unknown
from campaigns.channels.memory import MemoryProvider
from campaigns.errors import TemplateError
from campaigns.models import Contact, DispatchBatch, RestrictedVerdict, TemplateVersion, Touch
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
    make_staff,
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
    make_template(Channel.SMS, key="notice")
    start_service("service", template="notice")

    dispatch(at=NIGHT)

    assert len(provider.sent) == 2
    assert Contact.objects.count() == 1


@pytest.mark.parametrize("priority", ["service", "protective"])
def test_a_service_that_markets_a_product_is_marketing(queued: Build, priority: str) -> None:
    provider = queued()
    dispatch()
    people = list(Customer.objects.values_list("pk", flat=True))
    say_consent(people, ["sms"], purpose="service")
    start_service(priority)

    dispatch(at=NIGHT)
    at_night = Touch.objects.get(journey__key=priority)
    Customer.objects.update(risk_level="C1", lowest_class=None)
    dispatch(at=NIGHT + timedelta(days=1, hours=11))

    assert (at_night.purpose, at_night.reason) == ("marketing", "quiet_hours")
    assert Touch.objects.get(journey__key=priority).reason == "unsuitable"
    assert len(provider.sent) == 1


def test_a_statutory_notice_about_a_product_is_owed_to_everybody(queued: Build) -> None:
    provider = queued()
    dispatch()
    Customer.objects.update(risk_level="C1")
    start_service("statutory")

    dispatch(at=NIGHT)

    assert len(provider.sent) == 2


def start_service(priority: str, **node: str) -> None:
    """A journey of that priority and key, at night."""
    graph = graph_of({**send_node(Channel.SMS), **node}, priority=priority)
    enrol(journey=make_journey(graph, key=priority, now=NIGHT), now=NIGHT)
    advance(owner="w", now=NIGHT)


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


POINTS = "本产品可能损失全部本金，且不能随时赎回"


def risky(monkeypatch: pytest.MonkeyPatch, text: str, *, points: str = POINTS) -> MemoryProvider:
    """A touch about a complex product is queued with this text."""
    provider = make_memory_account(monkeypatch, Channel.SMS)
    make_product(is_complex=True, risk_points=points)
    make_template(Channel.SMS, parts={"text": text}, product="F001", is_approved=False)
    approve_as_it_is()
    make_people(1, channels=[Channel.SMS], columns=SUITED)
    make_segment()
    start()
    return provider


def approve_as_it_is() -> None:
    """As a template that was approved before its product was found to be complex."""
    product = Product.objects.get()
    Product.objects.update(is_complex=False)
    staff = make_staff()
    version = TemplateVersion.objects.get()
    submit_template(version=version, maker=staff.marketer, now=NOW)
    review_template(version=version, checker=staff.checker, approve=True, opinion="", now=NOW)
    Product.objects.update(is_complex=product.is_complex)


def test_a_complex_product_goes_out_with_its_risk_points(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = risky(monkeypatch, f"{POINTS}。详情 https://bank.example.com/f001")

    dispatch()

    assert POINTS in provider.sent[0].content["text"]
    read = Touch.objects.get().verdict["read"]
    assert read["notices_by"] == "S-05"
    assert "special_risk_points" in read["notices"]


@pytest.mark.parametrize(
    ("text", "points", "missing"),
    [
        ("详情 https://bank.example.com/f001", POINTS, "special_risk_points"),
        ("详情 https://bank.example.com/f001", "", "special_risk_points"),
        (f"{POINTS}。", POINTS, "extra_information"),
    ],
)
def test_without_them_it_is_refused_with_a_reason_of_its_own(
    monkeypatch: pytest.MonkeyPatch, text: str, points: str, missing: str
) -> None:
    provider = risky(monkeypatch, text, points=points)

    dispatch()

    assert provider.sent == []
    touch = Touch.objects.get()
    assert (touch.state, touch.reason) == ("refused", "notice_missing")
    assert (touch.verdict["gate"], touch.verdict["detail"]) == ("notices", missing)
    assert not Contact.objects.exists()


def test_an_author_is_told_what_must_go_with_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    make_product(is_complex=True, risk_points=POINTS)

    with pytest.raises(TemplateError, match=POINTS):
        make_template(Channel.SMS, product="F001")


@pytest.mark.parametrize("column", ["risk_level", "birth_on"])
def test_marketing_about_no_product_does_not_reach_whom_nobody_assessed(
    monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    provider = make_memory_account(monkeypatch, Channel.SMS)
    make_template(Channel.SMS)
    make_people(1, channels=[Channel.SMS], columns={**SUITED, column: None})
    make_segment()
    start()

    dispatch()

    assert provider.sent == []
    assert outcomes() == {("refused", "marketing_barred")}


def test_a_template_that_speaks_of_products_without_naming_one_needs_a_reviewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = make_memory_account(monkeypatch, Channel.SMS)
    text = "{{ customer.offer }} https://bank.example.com/"
    version = make_template(Channel.SMS, parts={"text": text})
    make_people(
        1, channels=[Channel.SMS], columns=SUITED, attributes={"offer": "R4级混合基金本周开放"}
    )
    make_segment()
    start()

    dispatch()

    assert to_review(version, on=NOW.date()) == ()
    assert provider.sent == []
    assert outcomes() == {("refused", "wording_unreviewed")}


def test_the_reviewer_of_a_template_is_shown_that_it_names_no_product() -> None:
    version = make_template(Channel.SMS, parts={"text": "混合基金（R4）本周开放"})

    assert to_review(version, on=NOW.date()) == ("N-01",)


def test_in_europe_one_withdrawal_stops_every_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_memory_account(monkeypatch, Channel.SMS)
    make_template(Channel.SMS)
    there, here = (
        make_people(1, channels=[Channel.SMS], columns={**SUITED, "region": region}, prefix=region)[
            0
        ]
        for region in ("FR", "CN")
    )
    say_consent([there, here], ["email"], state=ConsentState.WITHDRAWN)
    make_segment()
    start()

    dispatch()

    assert len(provider.sent) == 1
    assert Touch.objects.get(customer_id=there).reason == "objected"


def test_in_europe_a_later_word_for_the_channel_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_memory_account(monkeypatch, Channel.SMS)
    make_template(Channel.SMS)
    people = make_people(1, channels=[Channel.SMS], columns={**SUITED, "region": "FR"})
    say_consent(people, ["email"], state=ConsentState.WITHDRAWN)
    say_consent(people, ["sms"])
    make_segment()
    start()

    dispatch()

    assert len(provider.sent) == 1


def test_a_rating_that_rises_stops_what_is_still_queued(queued: Build) -> None:
    """S-08: well within five minutes, for every touch is judged as it is handed over."""
    provider = queued(people=3)
    start("autumn")
    dispatch_batch(owner="w", now=NOW)
    assert len(provider.sent) == 3

    Product.objects.update(issuer_risk=4)
    dispatch(NOW + timedelta(seconds=1))

    assert len(provider.sent) == 3
    stopped = Touch.objects.filter(journey__key="autumn")
    assert set(stopped.values_list("state", "reason")) == {("refused", "unsuitable")}
    assert {touch.verdict["read"]["risk"] for touch in stopped} == {4}


@pytest.mark.parametrize(
    ("rule", "arrives"),
    [
        ({"everyone": True}, True),
        ({"sample": 100}, True),
        ({"all": [{"everyone": True}, {"sample": 100}]}, True),
        ({"field": "risk_level", "op": "eq", "value": "C3"}, False),
        ({"all": [{"everyone": True}, {"field": "risk_level", "op": "exists"}]}, False),
        ({"not": {"field": "risk_level", "op": "eq", "value": "C1"}}, False),
    ],
)
def test_who_refuses_personalisation_gets_what_his_data_did_not_choose_him_for(
    monkeypatch: pytest.MonkeyPatch, rule: dict[str, Any], arrives: bool
) -> None:
    provider = make_memory_account(monkeypatch, Channel.SMS)
    make_template(Channel.SMS)
    make_people(1, channels=[Channel.SMS], columns=SUITED)
    Customer.objects.update(personalise_off=True)
    make_segment(rule=rule)
    start()

    dispatch()

    assert bool(provider.sent) is arrives
    assert outcomes() == ({("accepted", "")} if arrives else {("refused", "personalisation_off")})


def test_a_branch_by_his_data_chooses_too(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_memory_account(monkeypatch, Channel.SMS)
    make_template(Channel.SMS)
    make_people(1, channels=[Channel.SMS], columns=SUITED)
    Customer.objects.update(personalise_off=True)
    make_segment()
    case = {"label": "yes", "rule": {"field": "risk_level", "op": "eq", "value": "C3"}}
    graph = {
        "nodes": [
            {"id": "in", "type": "entry", "segment": "all"},
            {"id": "if", "type": "branch", "cases": [case]},
            send_node(Channel.SMS, key="go"),
            {"id": "out", "type": "exit"},
        ],
        "edges": [["in", "if"], ["if", "go", "yes"], ["if", "out", "else"], ["go", "out"]],
    }
    enrol(journey=make_journey(graph), now=NOW)
    advance(owner="w", now=NOW)

    dispatch()

    assert provider.sent == []
    assert outcomes() == {("refused", "personalisation_off")}


def test_an_attempt_repeated_after_midnight_counts_for_the_new_day(queued: Build) -> None:
    """Its first try may have reached nobody: then it is today's message, and today has only one."""
    replies = iter(["unknown"])

    def script(message: Outgoing) -> Any:
        if next(replies, ""):
            return Unknown(key=message.key, code="reset", message="")
        return Accepted(key=message.key, provider_id="p")

    limits = Limits(
        batch_max=500, concurrency=1, honours_key=True, can_find=False, settle=timedelta()
    )
    provider = queued(script=script, limits=limits)
    make_rules("contact", {"Q-01": {"hours": [["00:00", "24:00"]]}})
    late = datetime(2026, 3, 2, 15, 50, tzinfo=UTC)  # 23:50 in Shanghai
    dispatch_batch(owner="w", now=late)
    dispatch_batch(owner="w", now=late + timedelta(minutes=20))
    assert len(provider.sent) == 2

    start("summer", at=late + timedelta(minutes=30))
    dispatch(at=late + timedelta(minutes=30))

    assert len(provider.sent) == 2
    assert Touch.objects.get(journey__key="summer").reason == "capped"
