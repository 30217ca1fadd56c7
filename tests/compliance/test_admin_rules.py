"""The console's pages of rules and products: proposed by one, approved by another."""

import json
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from compliance.labels import rule_named
from compliance.models import AuditEntry, Product, RulePack, User
from compliance.queries import PACKS, rulebook
from compliance.rulebook.shipped import shipped_document
from tests.factories import Staff, make_product, make_rules, make_staff

pytestmark = pytest.mark.django_db
LIST = "admin:compliance_rulepack_changelist"
ADD = "admin:compliance_rulepack_add"
TODAY = date(2026, 3, 2)


@pytest.fixture
def staff() -> Staff:
    return make_staff()


def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def change(**params: object) -> str:
    rules = shipped_document("suitability")
    next(r for r in rules if r["rule_id"] == "S-12")["params"].update(params)
    return json.dumps(rules, ensure_ascii=False)


def propose(user: User, rules: str, *, key: str = "suitability") -> object:
    body = {"key": key, "effective_from": "2020-01-01", "rules": rules}
    return page(user).post(f"{reverse(ADD)}?key={key}", body)


def act(user: User, pack: RulePack, name: str) -> None:
    shown = page(user).get(reverse("admin:compliance_rulepack_change", args=[pack.pk]))
    seen = next((a.seen for a in shown.context["acts"] if a.name == name), "")
    url = reverse("admin:compliance_rulepack_act", args=[pack.pk])
    page(user).post(url, {"act": name, "seen": seen, "opinion": "read"})


def test_a_change_begins_with_the_rules_of_today(staff: Staff) -> None:
    for key in ("suitability", "contact", "calendar"):
        shown = page(staff.compliance).get(f"{reverse(ADD)}?key={key}")
        assert shown.status_code == 200
        assert shipped_document(key)[0]["rule_id"] in shown.content.decode()
    assert page(staff.compliance).get(reverse(LIST)).status_code == 200


def test_rules_go_from_the_officer_to_the_checker_into_force(staff: Staff) -> None:
    propose(staff.compliance, change(minor_below=21))
    pack = RulePack.objects.get()
    assert rulebook(TODAY).suitability["S-12"].params["minor_below"] == 18

    shown = page(staff.checker).get(reverse("admin:compliance_rulepack_change", args=[pack.pk]))
    assert "minor_below" in shown.content.decode()
    act(staff.compliance, pack, "approve")
    assert rulebook(TODAY).suitability["S-12"].params["minor_below"] == 18
    act(staff.checker, pack, "approve")

    assert rulebook(TODAY).suitability["S-12"].params["minor_below"] == 21
    assert page(staff.compliance).get(reverse(LIST)).status_code == 200


@pytest.mark.parametrize(
    "hours",
    [[], [["09:00", "12:00"], ["11:00", "20:00"]], [["22:00", "06:00"]], [["09:00", "24:30"]]],
    ids=["none", "overlapping", "past midnight", "past the end"],
)
def test_hours_that_nobody_means_are_refused_in_words(staff: Staff, hours: list[object]) -> None:
    rules = shipped_document("contact")
    rules[0]["params"]["hours"] = hours

    answer = propose(staff.compliance, json.dumps(rules), key="contact")

    assert "Q-01" in str(answer.context["adminform"].form.errors["rules"])  # type: ignore[attr-defined]
    assert "none may overlap" in answer.content.decode()  # type: ignore[attr-defined]
    assert not RulePack.objects.filter(key="contact").exists()


def test_a_returned_change_is_over(staff: Staff) -> None:
    propose(staff.compliance, change(minor_below=21))
    pack = RulePack.objects.get()

    act(staff.checker, pack, "return")

    pack.refresh_from_db()
    assert pack.status == "deprecated"
    assert rulebook(TODAY).packs == {}


@pytest.mark.parametrize("rules", ["[]", "{", "null", '"x"', change(minor_below="x")])
def test_rules_that_say_nothing_stay_on_the_form(staff: Staff, rules: str) -> None:
    answer = propose(staff.compliance, rules)

    assert answer.status_code == 200  # type: ignore[attr-defined]
    assert not RulePack.objects.exists()


def test_who_may_not_keep_rules_sees_no_form(staff: Staff) -> None:
    assert page(staff.marketer).get(reverse(LIST)).status_code == 403
    assert propose(staff.checker, change(minor_below=21)).status_code == 403  # type: ignore[attr-defined]
    assert not RulePack.objects.exists()


def test_a_version_is_neither_changed_nor_deleted(staff: Staff) -> None:
    pack = make_rules("suitability", {"S-12": {"minor_below": 21}})
    url = reverse("admin:compliance_rulepack_change", args=[pack.pk])

    page(staff.compliance).post(url, {"key": "suitability", "rules": "[]"})
    page(staff.compliance).post(
        reverse("admin:compliance_rulepack_delete", args=[pack.pk]), {"post": "yes"}
    )

    assert rulebook(TODAY).suitability["S-12"].params["minor_below"] == 21


def product_form(**changes: str) -> dict[str, str]:
    return {
        "code": "F9",
        "name": "Fund nine",
        "kind": "public_fund",
        "distributor_risk": "3",
        "regions": '["上海"]',
        "is_public": "on",
        **changes,
    }


def test_products_are_kept_here(staff: Staff) -> None:
    add = reverse("admin:compliance_product_add")

    page(staff.compliance).post(add, product_form())

    product = Product.objects.get()
    assert (product.code, product.distributor_risk, product.regions) == ("F9", 3, ["上海"])
    assert AuditEntry.objects.filter(action="product.save", subject="F9").exists()
    shown = page(staff.marketer).get(reverse("admin:compliance_product_changelist"))
    assert "R3" in shown.content.decode()
    assert page(staff.marketer).post(add, product_form(code="F10")).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "lottery"}, {"regions": "上海"}, {"regions": "[1]"}, {"distributor_risk": "6"}],
)
def test_a_product_that_cannot_be_is_refused(staff: Staff, wrong: dict[str, str]) -> None:
    answer = page(staff.compliance).post(
        reverse("admin:compliance_product_add"), product_form(**wrong)
    )

    assert answer.status_code == 200
    assert not Product.objects.exists()


def test_a_rating_is_raised_in_the_console(staff: Staff) -> None:
    product = make_product("F9")
    url = reverse("admin:compliance_product_change", args=[product.pk])

    page(staff.compliance).post(url, product_form(issuer_risk="5"))

    product.refresh_from_db()
    assert product.issuer_risk == 5


def test_every_shipped_rule_is_named_in_the_reader_s_language(staff: Staff) -> None:
    """An officer's own name for a rule stays as he wrote it."""
    for key in PACKS:
        for rule in shipped_document(key):
            with override("zh-hans"):
                assert rule_named(rule["name"]) != rule["name"], rule["rule_id"]
            with override("en"):
                assert rule_named(rule["name"]) == rule["name"]
    propose(staff.compliance, change(minor_below=21))
    url = reverse("admin:compliance_rulepack_change", args=[RulePack.objects.get().pk])

    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(staff.checker)
    assert "投资目标与期限" in client.get(url).content.decode()
    assert "objective and horizon" in page(staff.checker).get(url).content.decode()
    assert rule_named("our own words") == "our own words"


def test_a_version_is_called_by_the_reader_s_word_also_in_the_way_that_leads_to_it(
    staff: Staff,
) -> None:
    pack = make_rules("suitability", {"S-12": {"minor_below": 21}})
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(staff.checker)

    page_of = client.get(reverse("admin:compliance_rulepack_change", args=[pack.pk]))

    shown = page_of.content.decode()
    assert f"适当性，版本 {pack.version}" in shown
    assert "uitability v" not in shown
