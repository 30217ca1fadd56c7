"""Rules as data: who may change them, what no change may do, and from when one counts."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from compliance.actions import propose_rules, review_rules, save_product
from compliance.errors import NotPermitted, RulebookError, SelfReview
from compliance.models import AuditEntry, Product, RulePack
from compliance.queries import check_rules, rulebook, rules_as_told
from compliance.rulebook.shipped import shipped_document
from tests.factories import NOW, Staff, make_cap, make_rules, make_staff

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)


@pytest.fixture
def staff() -> Staff:
    return make_staff()


def changed(rule_id: str, **params: Any) -> list[dict[str, Any]]:
    return [
        {**rule, "params": {**rule["params"], **params}} if rule["rule_id"] == rule_id else rule
        for rule in shipped_document("suitability")
    ]


def propose(staff: Staff, rules: Any, *, key: str = "suitability", on: date = TODAY) -> RulePack:
    return propose_rules(key=key, rules=rules, effective_from=on, maker=staff.compliance, now=NOW)


def minor_below(on: date = TODAY) -> int:
    found: int = rulebook(on).suitability["S-12"].params["minor_below"]
    return found


def test_the_shipped_rules_hold_until_others_are_approved(staff: Staff) -> None:
    assert rulebook(TODAY).packs == {}
    pack = propose(staff, changed("S-12", minor_below=21))
    assert minor_below() == 18

    review_rules(pack=pack, checker=staff.checker, approve=True, opinion="ok", now=NOW)

    assert minor_below() == 21
    assert rulebook(TODAY).packs == {"suitability": 1}
    acts = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"rules.propose", "rules.submit", "rules.approved"} <= acts


def test_a_change_counts_from_its_first_day(staff: Staff) -> None:
    make_rules("suitability", {"S-12": {"minor_below": 21}}, on=TODAY + timedelta(days=1))

    assert minor_below() == 18
    assert minor_below(TODAY + timedelta(days=1)) == 21


def test_the_newest_version_in_force_counts(staff: Staff) -> None:
    make_rules("suitability", {"S-12": {"minor_below": 21}})
    make_rules("suitability", {"S-12": {"minor_below": 20}})

    assert minor_below() == 20


def test_nobody_approves_his_own_rules(staff: Staff) -> None:
    pack = propose(staff, changed("S-12", minor_below=21))

    with pytest.raises(SelfReview):
        review_rules(pack=pack, checker=staff.compliance, approve=True, opinion="", now=NOW)
    assert minor_below() == 18


def test_returned_rules_never_count(staff: Staff) -> None:
    pack = propose(staff, changed("S-12", minor_below=21))
    review_rules(pack=pack, checker=staff.checker, approve=False, opinion="no", now=NOW)

    assert minor_below() == 18


def test_only_compliance_proposes(staff: Staff) -> None:
    with pytest.raises(NotPermitted):
        propose_rules(
            key="suitability",
            rules=changed("S-12", minor_below=21),
            effective_from=TODAY,
            maker=staff.marketer,
            now=NOW,
        )


def without(rule_id: str) -> list[dict[str, Any]]:
    return [rule for rule in shipped_document("suitability") if rule["rule_id"] != rule_id]


@pytest.mark.parametrize(
    "rules",
    [
        without("S-01"),
        [],
        {},
        None,
        changed("S-12", minor_below="eighteen"),
        changed("S-12", minor_below=-1),
        changed("S-12", minor_below=True),
        changed("S-12", something=1),
        changed("S-01", most={"C1": "five"}),
        changed("S-06", institution="a new kind"),
        [*shipped_document("suitability"), make_cap("F-99", most=1, scope="total")],
        [*shipped_document("suitability"), *without("S-01")],
        [{**rule, "status": "gone"} for rule in shipped_document("suitability")],
        [{**rule, "effective_from": "soon"} for rule in shipped_document("suitability")],
    ],
)
def test_what_is_no_change_of_numbers_is_refused(staff: Staff, rules: Any) -> None:
    with pytest.raises(RulebookError):
        propose(staff, rules)
    assert not RulePack.objects.exists()


@pytest.mark.parametrize(
    "params",
    [
        {"scope": "planet"},
        {"period": "year"},
        {"most": -1},
        {"most": 1.5},
        {"kind": "window", "channels": ["sms"], "hours": [["20:00", "09:00"]], "days": "any"},
        {"kind": "window", "channels": ["sms"], "hours": [["9", "10"]], "days": "any"},
        {"kind": "window", "channels": ["sms"], "hours": [["09:00", "24:01"]], "days": "any"},
        {"kind": "window", "channels": ["sms"], "hours": [], "days": "sundays"},
    ],
)
def test_contact_rules_that_say_nothing_are_refused(staff: Staff, params: dict[str, Any]) -> None:
    wrong = make_cap("F-99", most=1, scope="total")
    wrong["params"] = {**wrong["params"], **params}

    with pytest.raises(RulebookError):
        propose(staff, [*shipped_document("contact"), wrong], key="contact")


def test_a_change_starts_from_what_is_in_force(staff: Staff) -> None:
    make_rules("suitability", {"S-12": {"minor_below": 21}})

    told = rules_as_told("suitability", TODAY)

    assert isinstance(told, list)
    assert [r["params"]["minor_below"] for r in told if r["rule_id"] == "S-12"] == [21]


def test_the_database_keeps_rules_that_were_in_force(staff: Staff) -> None:
    pack = make_rules("suitability", {"S-12": {"minor_below": 21}})

    with pytest.raises(IntegrityError), transaction.atomic():
        RulePack.objects.filter(pk=pack.pk).update(rules=[])
    with pytest.raises(IntegrityError), transaction.atomic():
        pack.delete()


def test_products_are_kept_by_compliance_and_every_change_is_on_record(staff: Staff) -> None:
    product = Product(code="F1", name="Fund", kind="public_fund", distributor_risk=3)

    save_product(product=product, actor=staff.compliance, now=NOW)
    with pytest.raises(NotPermitted):
        save_product(product=product, actor=staff.marketer, now=NOW)
    product.kind = "lottery"
    with pytest.raises(RulebookError):
        save_product(product=product, actor=staff.compliance, now=NOW)

    entry = AuditEntry.objects.get(action="product.save")
    assert (entry.subject, entry.detail["distributor_risk"]) == ("F1", 3)


@pytest.mark.parametrize("risk", [0, 6])
def test_a_rating_is_r1_to_r5(risk: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.create(code="F1", name="x", issuer_risk=risk, updated_at=NOW)


def older(*, without: str, strips: str) -> RulePack:
    """Rules that officers approved before a release added a rule, and numbers to another."""
    rules = [
        {**rule, "params": {}} if rule["rule_id"] == strips else rule
        for rule in shipped_document("suitability")
        if rule["rule_id"] != without
    ]
    return RulePack.objects.create(
        key="suitability", status=RulePack.Status.ACTIVE, effective_from=TODAY, rules=rules
    )


def test_what_a_release_adds_counts_as_shipped_until_somebody_changes_it() -> None:
    older(without="S-13", strips="S-09")

    now = rulebook(TODAY).suitability

    assert now["S-13"].params["asks"] == ["S-03", "S-06", "S-12"]
    assert now["S-09"].params["kinds"]["professional"]["assets"] == 5_000_000


def test_a_jurisdiction_of_their_own_keeps_its_region_when_a_release_brings_one_for_it() -> None:
    model = next(r for r in shipped_document("jurisdictions") if r["rule_id"] == "J-HK")
    rules = [r for r in shipped_document("jurisdictions") if r["rule_id"] != "J-SG"]
    params = {**model["params"], "regions": ["sg"]}
    rules.append({**model, "rule_id": "J-LION-CITY", "params": params})
    RulePack.objects.create(
        key="jurisdictions", status=RulePack.Status.ACTIVE, effective_from=TODAY, rules=rules
    )

    found = rulebook(TODAY).jurisdictions

    assert found.of("SG").rule_id == "J-LION-CITY"
    assert found.of("Singapore").rule_id == "J-SG"
    check_rules("jurisdictions", rules_as_told("jurisdictions", TODAY))


def test_a_change_of_older_rules_starts_with_what_was_added(staff: Staff) -> None:
    older(without="S-13", strips="S-09")

    assert propose(staff, rules_as_told("suitability", TODAY)).version == 2


@pytest.mark.parametrize(
    ("key", "rule_id", "params"),
    [
        ("suitability", "S-13", {"asks": ["S-01"]}),
        ("jurisdictions", "J-CN", {"regions": ["CN"]}),
        ("jurisdictions", "J-US", {"suitability": {"S-12": {"minor": 18}}}),
        ("jurisdictions", "J-US", {"hours": {"sms": [["21:00", "08:00"]]}}),
        ("records", "K-01", {"months": "long"}),
    ],
)
def test_numbers_that_no_gate_could_judge_by_are_refused(
    staff: Staff, key: str, rule_id: str, params: dict[str, Any]
) -> None:
    rules = [
        {**rule, "params": {**rule["params"], **params}} if rule["rule_id"] == rule_id else rule
        for rule in shipped_document(key)
    ]

    with pytest.raises(RulebookError):
        propose(staff, rules, key=key)


def test_a_change_of_rating_is_on_record_with_the_one_before(staff: Staff) -> None:
    product = Product(code="F001", name="F", distributor_risk=3)
    save_product(product=product, actor=staff.compliance, now=NOW)
    product.distributor_risk = 5
    save_product(product=product, actor=staff.compliance, now=NOW)

    newest = AuditEntry.objects.filter(action="product.save").order_by("-seq")[0]

    assert newest.detail["ratings_before"]["distributor_risk"] == 3
    assert newest.detail["distributor_risk"] == 5
