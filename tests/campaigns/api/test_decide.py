"""`POST /api/v1/decide`: every gate's word at once, with rules and values, and nothing written."""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.decisions import prune_decisions
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import Confirmation, Contact, Decision, Touch
from compliance.models import Product
from compliance.queries import clock_now
from customers.actions.merge import decide_merge, propose_merge
from customers.actions.sources import create_api_key
from customers.models import Customer
from customers.vocabulary import ConsentState, KeyScope
from tests.factories import (
    NOW,
    add_wording,
    graph_of,
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
Decide = Callable[..., dict[str, Any]]
SUITED = {
    "risk_level": "C3",
    "risk_assessed_on": "2026-01-10",
    "lowest_class": False,
    "birth_on": "1985-05-04",
    "region": "上海",
}
TEN_IN_THE_MORNING = NOW.isoformat()


@pytest.fixture
def world() -> int:
    """A customer to whom product F001 suits."""
    make_product()
    return make_people(1, channels=[Channel.SMS], columns=SUITED)[0]


def key(scope: KeyScope = KeyScope.READ) -> str:
    return create_api_key(name=scope.value, scope=scope, now=clock_now()).secret


def post(client: Client, body: object, bearer: str | None) -> Any:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return client.post(
        "/api/v1/decide", data=body, content_type="application/json", headers=headers
    )


@pytest.fixture
def ask(client: Client, world: int) -> Decide:
    secret = key()

    def send(**changes: Any) -> dict[str, Any]:
        body = {
            "customer": "P00000",
            "product": "F001",
            "channel": "sms",
            "at": TEN_IN_THE_MORNING,
            **changes,
        }
        answer = post(client, body, secret)
        assert answer.status_code == 200, answer.content
        told: dict[str, Any] = answer.json()
        return told

    return send


def test_what_suits_may_be_promoted(ask: Decide) -> None:
    told = ask()

    assert (told["decision"], told["rule_ids"], told["notices"]) == ("ALLOW", [], [])
    assert told["not_before"] is None
    assert "wording" in told["not_applied"]
    assert not Contact.objects.exists()
    assert not Touch.objects.exists()


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"risk_level": "C2"}, "S-01"),
        ({"risk_level": None}, "S-06"),
        ({"lowest_class": True}, "S-03"),
        ({"birth_on": date(2012, 1, 1)}, "S-12"),
        ({"birth_on": None}, "S-12"),
        ({"status": "restricted"}, "P-6"),
    ],
)
def test_a_rule_blocks_and_shows_what_it_read(
    ask: Decide, columns: dict[str, Any], rule: str
) -> None:
    Customer.objects.update(**columns)

    told = ask()

    assert told["decision"] == "BLOCK"
    assert rule in told["rule_ids"]
    assert {entry["rule_id"] for entry in told["evidence"]} == set(told["rule_ids"])


def test_all_that_speaks_against_it_is_told_at_once(ask: Decide, world: int) -> None:
    Customer.objects.update(risk_level="C1", birth_on=date(2012, 1, 1))
    say_consent([world], ["sms"], state=ConsentState.WITHDRAWN)

    told = ask(at="2026-03-02T23:00:00+08:00")

    assert {"P-1", "Q-01", "S-01", "S-12"} <= set(told["rule_ids"])
    assert told["not_before"] == "2026-03-03T01:00:00Z"


def test_a_hold_gives_no_ground(ask: Decide) -> None:
    Customer.objects.update(aml_hold=True, risk_level="C1")
    by_law = ask()
    Customer.objects.update(aml_hold=False, internal_hold=True, risk_level="C5")
    by_house = ask()

    assert by_law["decision"] == "BLOCK"
    for told in (by_law, by_house):
        told.pop("decided_at")
        told.pop("id")
    assert by_law == by_house
    assert "aml" not in str(by_law).lower()


def test_what_he_asks_for_himself_needs_a_warning_above_his_level(ask: Decide) -> None:
    Product.objects.update(distributor_risk=4)

    assert ask()["decision"] == "BLOCK"
    told = ask(initiator="customer", channel="web")
    assert told["decision"] == "ALLOW_WITH_NOTICE"
    assert told["rule_ids"] == ["S-04"]
    assert "written_risk_warning" in told["notices"]


def test_whom_we_led_there_did_not_ask_himself(
    ask: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_memory_account(monkeypatch, Channel.SMS)
    make_template(Channel.SMS, product="F001")
    make_segment()
    enrol(journey=make_journey(graph_of(send_node(Channel.SMS))), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    Product.objects.update(distributor_risk=4)

    assert ask(initiator="customer", at="2026-03-31T10:00:00+08:00")["decision"] == "BLOCK"
    later = ask(initiator="customer", at="2026-04-02T10:00:00+08:00")
    assert later["decision"] == "ALLOW_WITH_NOTICE"
    # And that touch used the day's cap.
    Product.objects.update(distributor_risk=3)
    assert ask()["rule_ids"] == ["F-01"]


def test_a_text_is_judged_along(ask: Decide) -> None:
    forbidden = ask(text="保本保息")
    assert forbidden["decision"] == "BLOCK"
    assert "保本保息" in str(forbidden["evidence"])
    told = ask(text="投资有风险，风险由投资者自行承担，遥遥领先")
    assert told["decision"] == "REVIEW"
    assert ask(text="基金A：投资有风险，风险由投资者自行承担")["decision"] == "ALLOW"


def test_a_term_that_officers_added_is_told_with_the_lexicon_s_version(ask: Decide) -> None:
    before = ask(text="稳稳的幸福，投资有风险，风险由投资者自行承担")
    change = add_wording("稳稳的幸福")

    told = ask(text="稳稳的幸福，投资有风险，风险由投资者自行承担")

    assert (before["decision"], told["decision"]) == ("ALLOW", "BLOCK")
    assert (told["rule_ids"], told["rules"]) == ([change.rule_id], {"lexicon": change.version})
    assert told["evidence"][0]["values"] == {"about": "稳稳的幸福 · house rule 7"}
    assert told["rules_hash"] != before["rules_hash"]


def test_a_service_needs_its_own_consent_and_no_suitability(ask: Decide, world: int) -> None:
    Customer.objects.update(risk_level="C1")

    assert ask(purpose="service", product="")["rule_ids"] == ["P-1"]
    say_consent([world], ["sms"], purpose="service")
    told = ask(purpose="service", product="", at="2026-03-02T23:00:00+08:00")
    assert (told["decision"], told["judged_as"]) == ("ALLOW", "service")
    assert "suitability" in told["not_applied"]


@pytest.mark.parametrize("purpose", ["service", "protective"])
def test_a_service_that_names_a_product_is_marketing(ask: Decide, purpose: str) -> None:
    Customer.objects.update(risk_level="C1")

    told = ask(purpose=purpose)

    assert (told["decision"], told["judged_as"]) == ("BLOCK", "marketing")
    assert "S-01" in told["rule_ids"]


def test_what_names_no_product_is_judged_by_the_person_alone(ask: Decide) -> None:
    told = ask(product="")
    Customer.objects.update(birth_on=date(2012, 1, 1))

    assert told["decision"] == "ALLOW"
    assert ask(product="")["rule_ids"] == ["S-12"]
    assert "suitability" in ask(product="", purpose="education")["not_applied"]


def test_a_text_about_a_product_that_is_not_named_is_for_a_reviewer(ask: Decide) -> None:
    told = ask(product="", text="本基金R3今日开放申购")

    assert (told["decision"], told["rule_ids"]) == ("REVIEW", ["N-01"])


def test_a_statutory_notice_may_quote_what_a_person_saw(ask: Decide) -> None:
    """The same text is blocked as anything else."""
    text = "原保本基金将于下月转型"

    told = ask(purpose="statutory", product="", text=text)

    assert (told["decision"], told["judged_as"]) == ("REVIEW", "statutory")
    assert told["rule_ids"] == ["A1-01"]
    assert ask(product="", text=text)["decision"] == "BLOCK"
    # What an advertisement must carry is not asked of it.
    plain = ask(purpose="statutory", text="基金A的托管人将变更，行业第一")
    assert (plain["decision"], plain["rule_ids"]) == ("ALLOW", [])


@pytest.mark.parametrize(
    ("changes", "status", "title"),
    [
        ({"customer": "nobody"}, 404, "unknown_customer"),
        ({"product": "nothing"}, 404, "unknown_product"),
        ({"channel": "pigeon"}, 400, "invalid"),
        ({"purpose": "fun"}, 400, "invalid"),
        ({"at": "soon"}, 400, "invalid"),
        ({"customer": ""}, 400, "invalid"),
        ({"customer": "\x00"}, 400, "invalid"),
        ({"text": "x" * 20_001}, 400, "invalid"),
    ],
)
def test_bad_questions_are_problems(
    client: Client, world: int, changes: dict[str, str], status: int, title: str
) -> None:
    body = {"customer": "P00000", "product": "F001", "channel": "sms", **changes}

    answer = post(client, body, key())

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.json()["status"], answer.json()["title"]) == (status, title)


def test_bodies_that_are_no_question_are_problems(client: Client, world: int) -> None:
    secret = key()

    for body in ("{", "[]", "null", '"x"', "1"):
        assert post(client, body, secret).status_code == 400


@pytest.mark.parametrize(
    ("scope", "status"),
    [(None, 401), (KeyScope.INGEST, 403), (KeyScope.READ, 200), (KeyScope.MANAGE, 200)],
)
def test_who_may_ask(client: Client, world: int, scope: KeyScope | None, status: int) -> None:
    body = {"customer": "P00000", "product": "F001", "channel": "sms"}

    answer = post(client, body, key(scope) if scope else None)

    assert answer.status_code == status


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-02T10:00"])
def test_far_times_break_nothing(client: Client, world: int, at: str) -> None:
    body = {"customer": "P00000", "product": "F001", "channel": "sms", "at": at}

    assert post(client, body, key()).status_code in (200, 400)


@pytest.mark.parametrize("address", ["decide", "templates/preview", "inbox/tokens"])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"channel": "\\ud800"}',
        b'{"purpose": "\\ud800"}',
        b'{"customer": "\\u0000"}',
        b'{"\\udfff": 1}',
        b"1" * 10_000,
        b"NaN",
        b"\xff\xfe",
    ],
)
def test_what_no_program_can_work_with_is_a_bad_request(
    client: Client, address: str, body: bytes
) -> None:
    answer = client.post(
        f"/api/v1/{address}",
        data=body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key(KeyScope.MANAGE)}"},
    )

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def read(client: Client, number: str, bearer: str | None) -> Any:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return client.get(f"/api/v1/decide/{number}", headers=headers)


def confirm(client: Client, number: str, bearer: str, **changes: Any) -> Any:
    body = {"warning": "您要购买的产品风险高于您的承受能力", "evidence": {"signature": "s-17"}}
    return client.post(
        f"/api/v1/decide/{number}/confirmation",
        data={**body, **changes},
        content_type="application/json",
        headers={"Authorization": f"Bearer {bearer}"},
    )


def test_an_answer_is_on_record_as_it_was_given(client: Client, ask: Decide) -> None:
    Customer.objects.update(risk_level="C2")
    told = ask(text="本周开放")
    Customer.objects.update(risk_level="C5")
    Product.objects.update(distributor_risk=1)

    kept = read(client, told["id"], key()).json()

    question, confirmation = kept.pop("question"), kept.pop("confirmation")
    assert kept == told
    assert kept["decision"] == "BLOCK"
    assert (question["customer"], question["initiator"]) == ("P00000", "institution")
    assert question["text_hash"] == hashlib.sha256("本周开放".encode()).hexdigest()
    assert confirmation is None


def test_a_record_holds_no_text(ask: Decide) -> None:
    ask(text="亲爱的张三")

    kept = Decision.objects.values().get()

    assert "张三" not in str(kept)


def test_changed_rules_have_another_hash(ask: Decide) -> None:
    before = ask()["rules_hash"]
    make_rules("suitability", {"S-12": {"elder_from": 60}})

    after = ask()

    assert after["rules_hash"] != before
    assert after["rules"] == {"suitability": 1}


@pytest.mark.parametrize(
    "statement",
    ["UPDATE campaigns_decision SET verdict = 'ALLOW'", "DELETE FROM campaigns_decision"],
)
def test_the_database_refuses_to_change_a_record(ask: Decide, statement: str) -> None:
    ask()

    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute(statement)


def test_records_go_when_nobody_must_keep_them(ask: Decide) -> None:
    ask()
    now = clock_now()

    assert prune_decisions(now=now + timedelta(days=365 * 19)) == 0
    assert Decision.objects.count() == 1
    assert prune_decisions(now=now + timedelta(days=366 * 21)) == 1


def test_how_long_records_are_kept_is_a_rule(ask: Decide) -> None:
    make_rules("records", {"K-01": {"months": 60}})
    ask()

    assert prune_decisions(now=clock_now() + timedelta(days=1900)) == 1


@pytest.mark.parametrize("number", ["6f7fde55-d6f1-4c28-a4e7-c28053297347", "17", "%00"])
def test_there_is_no_such_record(client: Client, db: None, number: str) -> None:
    assert read(client, number, key()).status_code == 404


def test_a_record_needs_a_key_that_may_read(client: Client, ask: Decide) -> None:
    number = ask()["id"]

    assert read(client, number, None).status_code == 401
    assert read(client, number, key(KeyScope.INGEST)).status_code == 403


@pytest.fixture
def warned(ask: Decide) -> str:
    """The id of an answer that asks for a written warning."""
    Product.objects.update(distributor_risk=4)
    number: str = ask(initiator="customer", channel="web")["id"]
    return number


def test_a_confirmed_warning_is_on_record_with_the_answer(client: Client, warned: str) -> None:
    made = confirm(client, warned, key(KeyScope.MANAGE))

    kept = read(client, warned, key()).json()["confirmation"]
    assert made.status_code == 201
    assert kept == made.json()
    assert kept["evidence"] == {"signature": "s-17"}


def test_a_warning_is_confirmed_once(client: Client, warned: str) -> None:
    manage = key(KeyScope.MANAGE)

    assert confirm(client, warned, manage).status_code == 201
    assert confirm(client, warned, manage, warning="another").status_code == 409


def test_what_asks_for_no_warning_cannot_be_confirmed(client: Client, ask: Decide) -> None:
    assert confirm(client, ask()["id"], key(KeyScope.MANAGE)).status_code == 409


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"evidence": {}}, 400),
        ({"evidence": []}, 400),
        ({"evidence": {f"k{number}": "v" for number in range(21)}}, 400),
        ({"warning": ""}, 400),
        ({"warning": "a\u0000b"}, 400),
        ({"evidence": {"a\u0000b": "c"}}, 400),
        ({"evidence": {"a\ud800": "c"}}, 400),
        ({"evidence": {"a": "\ud800"}}, 400),
        ({"confirmed_at": "2001-01-01T00:00:00Z"}, 409),
        ({"confirmed_at": "2999-01-01T00:00:00Z"}, 409),
    ],
)
def test_a_confirmation_that_proves_nothing_is_refused(
    client: Client, warned: str, changes: dict[str, Any], status: int
) -> None:
    assert confirm(client, warned, key(KeyScope.MANAGE), **changes).status_code == status
    assert not Confirmation.objects.exists()


def test_a_confirmation_needs_a_key_that_may_write(client: Client, warned: str) -> None:
    assert confirm(client, warned, key()).status_code == 403


def test_no_text_lacks_the_call_that_a_person_is_to_make(ask: Decide) -> None:
    Customer.objects.update(birth_on=date(1950, 1, 1), risk_level="C4")
    Product.objects.update(distributor_risk=4)

    told = ask(text="基金A，投资有风险，风险由投资者自行承担")

    assert (told["decision"], told["rule_ids"]) == ("REVIEW", ["S-12"])
    assert told["notices"] == ["human_call"]


def test_a_text_without_its_notice_is_blocked(ask: Decide) -> None:
    Product.objects.update(is_complex=True, risk_points="可能损失全部本金")

    said = ask(text="可能损失全部本金，投资者自行承担。详情 https://bank.example.com/")
    unsaid = ask(text="详情 https://bank.example.com/")

    assert "S-05" not in [e["rule_id"] for e in said["evidence"] if e["decision"] == "BLOCK"]
    assert unsaid["decision"] == "BLOCK"
    assert {"missing": "special_risk_points"} in [e["values"] for e in unsaid["evidence"]]


def test_a_text_without_what_the_customer_s_jurisdiction_wants_said_is_blocked(
    ask: Decide,
) -> None:
    Customer.objects.update(region="US", time_zone="America/New_York")

    unsaid = ask(text="Hello", at="2026-03-02T12:00:00-05:00")
    said = ask(text="Hello. Reply STOP to stop", at="2026-03-02T12:00:00-05:00")

    missing = {"missing": "opt_out"}
    assert missing in [e["values"] for e in unsaid["evidence"] if e["rule_id"] == "J-US"]
    assert missing not in [e["values"] for e in said["evidence"]]


def test_the_customer_s_region_says_by_whose_numbers(ask: Decide) -> None:
    Customer.objects.update(region="US", time_zone="America/New_York")

    told = ask(at="2026-03-02T12:00:00-05:00")

    assert told["jurisdiction"] == "J-US"
    assert "consent_not_written" in str(told["evidence"])


def test_the_values_behind_a_verdict_are_for_keys_that_may_see_risk(
    client: Client, world: int
) -> None:
    Customer.objects.update(risk_level="C1")
    narrow = create_api_key(name="n", scope=KeyScope.READ, fields=["assets"], now=NOW).secret
    body = {"customer": "P00000", "product": "F001", "channel": "sms"}

    whole, told = (post(client, body, secret).json() for secret in (key(), narrow))
    kept = client.get(
        f"/api/v1/decide/{whole['id']}", headers={"Authorization": f"Bearer {narrow}"}
    ).json()

    assert told["decision"] == whole["decision"] == "BLOCK"
    assert told["rule_ids"] == whole["rule_ids"]
    assert any(found["values"] for found in whole["evidence"])
    for narrowed in (told, kept):
        assert not any(found["values"] for found in narrowed["evidence"])


def test_an_older_number_of_a_merged_customer_asks_about_who_stays(ask: Decide) -> None:
    staff = make_staff()
    stays = Customer.objects.get(customer_no="P00000")
    (gone,) = make_people(1, channels=[Channel.SMS], columns=SUITED, prefix="Q")
    now = clock_now()
    proposal = propose_merge(customer_ids=[stays.pk, gone], maker=staff.checker, now=now)
    decide_merge(proposal=proposal, checker=staff.compliance, approve=True, now=now)

    told = ask(customer="Q00000")

    assert told["decision"] == ask()["decision"]
    assert told["rule_ids"] == ask()["rule_ids"]
    assert set(Decision.objects.values_list("customer_id", flat=True)) == {stays.pk}
