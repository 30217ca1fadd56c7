"""The console's pages of the lexicon: looked through, tried, changed by two persons."""

import csv
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.channels.base import Channel
from campaigns.errors import TemplateError
from compliance.admin.lexicon_forms import PRODUCT_KINDS
from compliance.lexicon_versions import lexicon_in_force
from compliance.models import LexiconChange, User
from compliance.rulebook.shipped import shipped_context
from compliance.scan import scan_wording
from tests.factories import Staff, add_wording, make_staff, make_template

pytestmark = pytest.mark.django_db
LIST = "admin:compliance_lexicon"
EXPORT = "admin:compliance_lexicon_csv"
PROPOSE = "admin:compliance_lexiconchange_add"
END = "admin:compliance_lexicon_end"


@pytest.fixture
def staff() -> Staff:
    return make_staff()


@pytest.fixture
def today() -> date:
    return timezone.localdate()


def page(user: User, *, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def filled(today: date, **told: Any) -> dict[str, Any]:
    return {
        "kind": "term",
        "text": "稳稳的幸福",
        "category": "A1 保本保收益 guaranteed principal/return",
        "verdict": "block",
        "severity": "orange",
        "basis": "house rule 7",
        "effective_from": today.isoformat(),
        "explanation_en": "It promises what nobody can keep.",
        "explanation_zh": "承诺无法兑现。",
        **told,
    }


def act(user: User, change: LexiconChange, name: str) -> None:
    url = reverse("admin:compliance_lexiconchange_change", args=[change.pk])
    shown = page(user).get(url)
    seen = next((one.seen for one in shown.context["acts"] if one.name == name), "")
    body = {"act": name, "seen": seen, "opinion": "read"}
    page(user).post(reverse("admin:compliance_lexiconchange_act", args=[change.pk]), body)


def hits(text: str, today: date) -> set[str]:
    scan = scan_wording(text=text, on=today, lexicon=lexicon_in_force())
    return {hit.rule_id for hit in scan.hits}


def test_a_term_is_tried_before_anything_is_stored(staff: Staff, today: date) -> None:
    make_template(Channel.SMS, key="met", parts={"text": "这是稳稳的幸福"})
    body = filled(today, samples="稳 稳 的 幸福！\n不承诺稳稳的幸福", **{"try": "1"})

    answer = page(staff.compliance).post(reverse(PROPOSE), body)

    samples, templates = answer.context["panels"]
    assert [("Forbidden" in row[2], row[0]) for row in samples.rows] == [
        (True, "稳 稳 的 幸福！"),
        (False, "不承诺稳稳的幸福"),
    ]
    assert "Allowed" in samples.rows[0][1]
    ((template, version, forbidden, _review, _silent),) = templates.rows
    assert ("Hello" in template, version) == (True, "v1")
    assert "W-?" in forbidden
    assert not LexiconChange.objects.exists()


def test_a_term_goes_from_the_officer_to_the_checker_into_force(staff: Staff, today: date) -> None:
    page(staff.compliance).post(reverse(PROPOSE), filled(today, neutral="稳稳的幸福社区"))
    change = LexiconChange.objects.get()
    url = reverse("admin:compliance_lexiconchange_change", args=[change.pk])
    shown = page(staff.checker).get(url).content.decode()
    assert "稳稳的幸福社区" in shown

    act(staff.compliance, change, "approve")
    assert not hits("稳稳的幸福", today)
    act(staff.checker, change, "approve")

    assert hits("稳稳的幸福", today) == {change.rule_id}
    assert not hits("稳稳的幸福社区", today)
    listed = page(staff.marketer, language="zh-hans").get(f"{reverse(LIST)}?words=稳稳的")
    assert "承诺无法兑现。" in listed.content.decode()
    changes = page(staff.compliance).get(reverse("admin:compliance_lexiconchange_changelist"))
    assert change.rule_id in changes.content.decode()


def test_a_shipped_rule_is_ended_by_a_date(staff: Staff, today: date) -> None:
    (rule_id,) = hits("手慢无", today)
    form = page(staff.compliance).get(f"{reverse(END)}?rule={rule_id}").content.decode()
    assert f'value="{rule_id}"' in form
    body = {
        "rule_id": rule_id,
        "effective_to": today.isoformat(),
        "explanation_en": "Repealed.",
        "explanation_zh": "已废止。",
    }
    tried = page(staff.compliance).post(reverse(END), {**body, "try": "1"})
    assert "Forbidden" not in tried.context["panels"][0].rows[0][2]

    page(staff.compliance).post(reverse(END), body)
    act(staff.checker, LexiconChange.objects.get(), "approve")

    assert hits("手慢无", today)
    assert not hits("手慢无", today + timedelta(days=1))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"text": "保本"}, "text"),
        ({"text": "(a+)+$"}, "text"),
        ({"kind": "pattern", "text": "测评[答案"}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"kind": "end"}, "kind"),
        ({"category": "Z9"}, "category"),
        ({"effective_from": "soon"}, "effective_from"),
        ({"effective_from": "2020-01-01"}, "effective_from"),
        ({"explanation_zh": ""}, "explanation_zh"),
        ({"neutral": "别的\n" * 30}, "neutral"),
        ({"products": ["lottery"]}, "products"),
    ],
)
def test_what_cannot_be_stays_on_the_form_with_its_place(
    staff: Staff, today: date, wrong: dict[str, Any], field: str
) -> None:
    answer = page(staff.compliance).post(reverse(PROPOSE), filled(today, **wrong))

    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert not LexiconChange.objects.exists()


@pytest.mark.parametrize(
    ("query", "rules"),
    [
        ("words=稳稳的", {"own"}),
        ("words=保%20本%20保息", {"A1-03"}),
        ("origin=own", {"own", "later"}),
        ("standing=future", {"later"}),
        ("standing=ended", set()),
        ("words=nothing-like-it", set()),
    ],
)
def test_the_lexicon_is_searched_and_filtered(
    staff: Staff, today: date, query: str, rules: set[str]
) -> None:
    now = timezone.now()
    own = add_wording("稳稳的幸福", now=now, effective_from=today)
    later = add_wording("明天更赚", now=now, effective_from=today + timedelta(days=9))
    names = {"own": own.rule_id, "later": later.rule_id}

    answer = page(staff.marketer).get(f"{reverse(EXPORT)}?{query}")

    table = list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))
    assert {row["rule_id"] for row in table} == {names.get(rule, rule) for rule in rules}
    shown = page(staff.marketer).get(f"{reverse(LIST)}?{query}")
    assert len(shown.context["panels"][0].rows) == len(rules)


def test_the_export_holds_all_rules_and_runs_no_formula(staff: Staff, today: date) -> None:
    add_wording("=1+1就赚", now=timezone.now(), effective_from=today)

    answer = page(staff.compliance).get(reverse(EXPORT))

    table = list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))
    assert len(table) > 240
    assert table[0]["text"] == "'=1+1就赚"
    assert table[0]["explanation_zh"] == "承诺无法兑现。"


def test_who_keeps_no_rules_looks_on(staff: Staff, today: date) -> None:
    looker = page(staff.marketer)

    assert looker.get(reverse(LIST)).status_code == 200
    assert looker.get(reverse(PROPOSE)).status_code == 403
    assert looker.post(reverse(PROPOSE), filled(today)).status_code == 403
    assert looker.post(reverse(END), {"rule_id": "A1-01"}).status_code == 403
    assert page(staff.operator).get(reverse(LIST)).status_code == 403
    assert page(staff.operator).get(reverse(EXPORT)).status_code == 403
    assert not LexiconChange.objects.exists()


def test_who_reviews_a_template_is_told_why_the_term_is_listed(staff: Staff, today: date) -> None:
    add_wording("稳稳的幸福", now=timezone.now(), effective_from=today, verdict="review")
    version = make_template(Channel.SMS, parts={"text": "稳稳的幸福"}, is_approved=False)
    url = reverse("admin:campaigns_template_change", args=[version.template_id])

    assert "承诺无法兑现。" in page(staff.checker, language="zh-hans").get(url).content.decode()
    assert "nobody can keep" in page(staff.checker).get(url).content.decode()


def test_braces_and_percents_are_text_like_any_other(staff: Staff, today: date) -> None:
    odd = "{x} {0.__class__} 100% %s <b>"
    add_wording(
        odd + "稳稳的幸福",
        now=timezone.now(),
        effective_from=today,
        verdict="review",
        basis=odd,
        explanation_en=odd,
        explanation_zh=odd,
    )
    add_wording("周末{4}翻身", is_pattern=True, now=timezone.now(), effective_from=today)
    version = make_template(Channel.SMS, parts={"text": odd + "稳稳的幸福"}, is_approved=False)
    url = reverse("admin:campaigns_template_change", args=[version.template_id])

    for shown in (url, reverse(LIST)):
        told = page(staff.compliance).get(shown).content.decode()
        assert "{x} {0.__class__} 100% %s &lt;b&gt;" in told
    with pytest.raises(TemplateError, match="周末"):
        make_template(Channel.SMS, parts={"text": "周末就能翻身"}, now=timezone.now())


@pytest.mark.parametrize("day", ["9999-12-31", "9999-12-30"])
def test_a_last_day_at_the_end_of_time_is_tried_too(staff: Staff, day: str) -> None:
    body = {
        "rule_id": "A1-01",
        "effective_to": day,
        "explanation_en": "x",
        "explanation_zh": "x",
        "try": "1",
    }

    assert page(staff.compliance).post(reverse(END), body).status_code == 200


def test_every_product_kind_has_a_word() -> None:
    assert PRODUCT_KINDS.keys() == shipped_context().products.keys()


def test_categories_are_told_in_the_reader_s_language(staff: Staff, today: date) -> None:
    add_wording("稳稳的幸福")
    change = reverse("admin:compliance_lexiconchange_change", args=[LexiconChange.objects.get().pk])

    for address in (reverse(LIST), reverse(PROPOSE), change):
        english = page(staff.compliance).get(address).content.decode()
        chinese = page(staff.compliance, language="zh-hans").get(address).content.decode()
        assert "A1 Guaranteed principal or return" in english
        assert "A1 保本保收益<" in chinese
        assert "guaranteed principal/return<" not in english + chinese
    # A term of the lexicon, not one of validity.
    assert "有效期" not in page(staff.compliance, language="zh-hans").get(change).content.decode()
