"""The wording lexicon as officers change it: four eyes, dates, and what an old version said."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from compliance.errors import NothingToReview, NotPermitted, RulesRefused, SelfReview
from compliance.lexicon_changes import OWN, propose_last_day, propose_wording, review_change
from compliance.lexicon_versions import lexicon_in_force
from compliance.models import AuditEntry, LexiconChange
from compliance.queries import rulebook
from compliance.scan import rule_words, scan_wording
from compliance.wording.amend import SHIPPED, Lexicon
from tests.factories import (
    NOW,
    Staff,
    add_wording,
    approve_wording,
    end_wording,
    make_last_day,
    make_staff,
    make_wording,
)

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
NEXT_WEEK = TODAY + timedelta(days=7)


@pytest.fixture
def staff() -> Staff:
    return make_staff()


def hits(text: str, *, on: date = TODAY, lexicon: Lexicon | None = None, **told: Any) -> list[str]:
    scan = scan_wording(text=text, on=on, lexicon=lexicon or lexicon_in_force(), **told)
    return [f"{hit.rule_id} {hit.verdict}" for hit in scan.hits]


def propose(staff: Staff, text: str, **told: Any) -> LexiconChange:
    wording = make_wording(text, **told)
    return propose_wording(wording=wording, maker=staff.compliance, now=NOW)


def test_a_term_counts_once_a_second_person_approved_it(staff: Staff) -> None:
    change = propose(staff, "稳稳的幸福")
    assert hits("这是稳稳的幸福") == []

    review_change(change=change, checker=staff.checker, approve=True, opinion="ok", now=NOW)

    assert hits("这是穩穩 的 幸福！") == [f"{change.rule_id} block"]
    acts = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"lexicon.propose", "lexicon.submit", "lexicon.approved"} <= acts


def test_a_pattern_counts_too_and_over_a_full_stop_asks_a_person() -> None:
    change = add_wording("周末{4}翻身", is_pattern=True)

    assert hits("周末就能翻身") == [f"{change.rule_id} block"]
    assert hits("到了周末。翻身的时候") == [f"{change.rule_id} review"]
    assert hits("我们绝不承诺周末就能翻身") == []
    assert hits("周末一起去爬山再翻身") == []


def test_no_shipped_rule_is_numbered_like_the_institution_s_own() -> None:
    assert len(rule_words(SHIPPED)) > 250
    assert not [rule for rule in rule_words(SHIPPED) if rule.startswith(OWN)]


def test_a_returned_change_never_counts(staff: Staff) -> None:
    change = propose(staff, "稳稳的幸福")
    review_change(change=change, checker=staff.checker, approve=False, opinion="no", now=NOW)

    assert hits("稳稳的幸福") == []
    assert lexicon_in_force() == SHIPPED


def test_nobody_approves_his_own_term(staff: Staff) -> None:
    change = propose(staff, "稳稳的幸福")

    with pytest.raises(SelfReview):
        review_change(change=change, checker=staff.compliance, approve=True, opinion="", now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        LexiconChange.objects.filter(pk=change.pk).update(
            status="approved", version=99, checked_by=staff.compliance, decided_at=NOW
        )
    assert hits("稳稳的幸福") == []


def test_only_compliance_proposes(staff: Staff) -> None:
    for person in (staff.marketer, staff.checker):
        with pytest.raises(NotPermitted):
            propose_wording(wording=make_wording("稳稳的幸福"), maker=person, now=NOW)
    with pytest.raises(NotPermitted):
        propose_last_day(ending=make_last_day("A1-01", TODAY), maker=staff.marketer, now=NOW)


def test_the_database_keeps_every_change_as_it_was_read(staff: Staff) -> None:
    pending, approved = propose(staff, "稳稳的幸福"), add_wording("天天向上赚")

    for change in (pending, approved):
        rows = LexiconChange.objects.filter(pk=change.pk)
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(text="另一个词")
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        LexiconChange.objects.filter(pk=approved.pk).update(status="returned", version=None)


def test_a_term_counts_between_its_days() -> None:
    change = add_wording(
        "稳稳的幸福", effective_from=NEXT_WEEK, effective_to=NEXT_WEEK + timedelta(days=1)
    )
    days = [NEXT_WEEK + timedelta(days=offset) for offset in (-1, 0, 1, 2)]

    told = [hits("稳稳的幸福", on=day) for day in days]

    said = [f"{change.rule_id} block"]
    assert told == [[], said, said, []]


def test_a_shipped_term_ends_by_a_date_and_an_old_version_still_says_it() -> None:
    before = lexicon_in_force()
    assert hits("手慢无", on=NEXT_WEEK)

    end_wording(rule_of("手慢无"), TODAY)

    assert hits("手慢无", on=TODAY)
    assert hits("手慢无", on=NEXT_WEEK) == []
    assert hits("手慢无", on=NEXT_WEEK, lexicon=before) != []


def rule_of(text: str) -> str:
    (hit,) = scan_wording(text=text, on=TODAY).hits
    return hit.rule_id


def test_what_was_read_at_a_moment_can_be_read_again() -> None:
    first = add_wording("稳稳的幸福", now=NOW)
    later = NOW + timedelta(hours=1)
    add_wording("天天向上赚", now=later)
    end_wording(first.rule_id, TODAY, now=later)
    text = "稳稳的幸福，天天向上赚"

    now = lexicon_in_force()

    assert hits(text, lexicon=now.as_of(NOW - timedelta(minutes=1))) == []
    assert hits(text, lexicon=now.as_of(NOW)) == [f"{first.rule_id} block"]
    assert len(hits(text, lexicon=now)) == 2
    assert len(hits(text, on=NEXT_WEEK, lexicon=now)) == 1
    assert len(hits(text, on=NEXT_WEEK, lexicon=now.as_of(NOW))) == 1


def test_the_version_is_in_the_rulebook_and_in_its_digest() -> None:
    before = rulebook(TODAY)

    change = add_wording("稳稳的幸福")

    after = rulebook(TODAY)
    assert (before.packs, after.packs) == ({}, {"lexicon": change.version})
    assert before.digest != after.digest
    assert after.lexicon.version == change.version


def test_an_exclusion_silences_its_own_term_and_no_other() -> None:
    change = add_wording("幸福", verdict="notice", neutral=["幸福社区", "保本保息的幸福"])

    assert hits("幸福社区活动") == []
    assert hits("保本保息的幸福") == [f"{rule_of('保本保息')} block"]
    assert hits("幸福来了") == [f"{change.rule_id} notice"]


def test_a_longer_term_that_weighs_less_hides_nothing() -> None:
    shipped = rule_of("保本保息")

    change = add_wording("保本保息说明", verdict="notice")

    assert set(hits("见保本保息说明")) == {f"{shipped} block", f"{change.rule_id} notice"}


def test_a_term_of_one_product_kind_counts_for_it_alone() -> None:
    change = add_wording("稳稳的幸福", products=["private_fund"])

    assert hits("稳稳的幸福", product="private_fund") == [f"{change.rule_id} block"]
    assert hits("稳稳的幸福", product="public_fund") == []
    assert hits("稳稳的幸福") == [f"{change.rule_id} block"]


@pytest.mark.parametrize(
    ("told", "field", "code"),
    [
        ({"text": ""}, "text", "empty"),
        ({"text": "稳"}, "text", "pattern_short"),
        ({"text": "。！"}, "text", "pattern_blank"),
        ({"text": "长" * 61}, "text", "pattern_long"),
        ({"text": "保本"}, "text", "listed"),
        ({"text": "保 本！"}, "text", "listed"),
        ({"text": "测评[答案", "is_pattern": True}, "text", "pattern_sign"),
        ({"basis": " "}, "basis", "empty"),
        ({"explanation_en": ""}, "explanation_en", "empty"),
        ({"explanation_zh": ""}, "explanation_zh", "empty"),
        ({"category": "Z9"}, "category", "category"),
        ({"products": ["lottery"]}, "products", "product"),
        ({"effective_from": TODAY - timedelta(days=1)}, "effective_from", "past"),
        ({"effective_to": TODAY - timedelta(days=1)}, "effective_to", "order"),
        ({"neutral": ["没有它"]}, "neutral", "no_hit"),
        ({"neutral": ["稳 稳的幸福"]}, "neutral", "all_out"),
        ({"neutral": ["稳稳的幸福社区"] * 21}, "neutral", "many"),
        ({"samples": ["长" * 501]}, "samples", "many"),
    ],
)
def test_what_nobody_could_judge_by_is_refused_with_its_field(
    staff: Staff, told: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(RulesRefused) as refusal:
        propose(staff, **{"text": "稳稳的幸福", **told})

    assert (refusal.value.path, refusal.value.code) == (field, code)
    assert not LexiconChange.objects.exists()


@pytest.mark.parametrize(
    ("rule_id", "day", "code"),
    [
        ("Z9-99", TODAY, "unknown"),
        ("A1-01", TODAY - timedelta(days=1), "past"),
    ],
)
def test_a_last_day_that_cannot_be_is_refused(
    staff: Staff, rule_id: str, day: date, code: str
) -> None:
    with pytest.raises(RulesRefused) as refusal:
        end_wording(rule_id, day)

    assert refusal.value.code == code


def test_a_last_day_comes_earlier_and_never_later() -> None:
    change = add_wording("稳稳的幸福", effective_to=NEXT_WEEK)
    end_wording(change.rule_id, TODAY + timedelta(days=2))

    with pytest.raises(RulesRefused) as refusal:
        end_wording(change.rule_id, NEXT_WEEK)
    assert refusal.value.code == "over"
    again = add_wording("稳稳的幸福", effective_from=TODAY + timedelta(days=3))
    assert hits("稳稳的幸福", on=NEXT_WEEK) == [f"{again.rule_id} block"]


def test_of_two_proposals_of_one_term_the_second_is_not_approved(staff: Staff) -> None:
    one, other = propose(staff, "稳稳的幸福"), propose(staff, "稳稳的幸福")
    approve_wording(one, NOW)

    with pytest.raises(RulesRefused) as refusal, transaction.atomic():
        review_change(change=other, checker=staff.checker, approve=True, opinion="", now=NOW)
    assert refusal.value.code == "listed"
    review_change(change=other, checker=staff.checker, approve=False, opinion="", now=NOW)
    with pytest.raises(NothingToReview), transaction.atomic():
        review_change(change=other, checker=staff.checker, approve=True, opinion="", now=NOW)


@pytest.mark.django_db(transaction=True)
def test_approvals_wait_for_each_other_so_that_no_version_lacks_an_earlier_one() -> None:
    staff = make_staff()
    first, second = propose(staff, "稳稳的幸福"), propose(staff, "天天向上赚")

    def approve(change: LexiconChange) -> None:
        review_change(change=change, checker=staff.checker, approve=True, opinion="", now=NOW)

    def approve_apart(change: LexiconChange) -> None:
        """By a connection of its own."""
        try:
            approve(change)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        with transaction.atomic():
            approve(first)
            waiting = pool.submit(approve_apart, second)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=1)
        waiting.result(timeout=60)

    assert len(hits("稳稳的幸福，天天向上赚")) == 2
