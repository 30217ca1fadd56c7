"""A product's rating from a file counts once a second person has said yes, and not before."""

from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from compliance.errors import NotPermitted, SelfReview
from compliance.models import AuditEntry, Product
from customers.actions.load_file import load_file
from customers.actions.ratings import claim_ratings, decide_ratings
from customers.errors import RatingsRefused
from customers.models import ProductTerms, RatingReview
from customers.vocabulary import RatingState
from tests.factories import NOW, Staff, make_product, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Staff:
    return make_staff()


def load(folder: Path, rating: str = "R4", *, by: str = "operator", source: str = "core") -> None:
    path = folder / "products.csv"
    path.write_text(f"code,name,dist_r,status\nF1,New name,{rating},open\n", encoding="utf-8")
    load_file(kind_key="products", path=path, source_key=source, started_by=by, now=NOW)


def rating() -> int | None:
    return Product.objects.get(code="F1").distributor_risk


def decide(staff: Staff, *, approve: bool = True) -> None:
    decide_ratings(
        review=RatingReview.objects.latest("pk"),
        checker=staff.checker,
        approve=approve,
        opinion="as the committee said",
        now=NOW,
    )


def test_a_file_changes_all_but_the_rating(staff: Staff, tmp_path: Path) -> None:
    make_product("F1", distributor_risk=2)

    load(tmp_path)

    review = RatingReview.objects.get()
    assert Product.objects.get(code="F1").name == "New name"
    assert ProductTerms.objects.get().status == "open"
    assert rating() == 2
    assert (review.state, review.maker) == (RatingState.PENDING, staff.operator)
    assert review.changes == {
        "F1": {
            "before": {"issuer_risk": None, "distributor_risk": 2},
            "after": {"distributor_risk": 4},
        }
    }


def test_a_new_product_has_no_rating_before_the_yes(staff: Staff, tmp_path: Path) -> None:
    load(tmp_path)
    before = rating()

    decide(staff)

    assert (before, rating()) == (None, 4)


def test_a_yes_is_audited_with_both_persons_and_what_it_was(staff: Staff, tmp_path: Path) -> None:
    make_product("F1", distributor_risk=2)
    load(tmp_path)

    decide(staff)

    saved, approved = AuditEntry.objects.order_by("seq")
    assert (saved.action, saved.actor, saved.subject) == ("product.save", "checker", "F1")
    assert saved.detail["made_by"] == "operator"
    assert saved.detail["distributor_risk"] == 4
    assert saved.detail["ratings_before"]["distributor_risk"] == 2
    assert (approved.action, approved.detail["products"]) == ("ratings.approved", 1)


def test_returned_ratings_never_count(staff: Staff, tmp_path: Path) -> None:
    make_product("F1", distributor_risk=2)
    load(tmp_path)

    decide(staff, approve=False)

    assert rating() == 2
    with pytest.raises(RatingsRefused):
        decide(staff)


def test_who_brought_the_file_cannot_approve_it(staff: Staff, tmp_path: Path) -> None:
    load(tmp_path, by="checker")

    with pytest.raises(SelfReview):
        decide(staff)

    assert rating() is None


def test_the_database_refuses_one_person_as_both(staff: Staff, tmp_path: Path) -> None:
    load(tmp_path)
    review = RatingReview.objects.filter(state=RatingState.PENDING)

    with pytest.raises(IntegrityError), transaction.atomic():
        review.update(state=RatingState.APPROVED, checker=staff.operator, decided_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        review.update(state=RatingState.APPROVED, decided_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        review.update(state=RatingState.APPROVED, maker=None, checker=staff.checker, decided_at=NOW)


def test_a_role_without_the_right_cannot_decide(staff: Staff, tmp_path: Path) -> None:
    load(tmp_path)

    with pytest.raises(NotPermitted):
        decide_ratings(
            review=RatingReview.objects.get(),
            checker=staff.marketer,
            approve=True,
            opinion="",
            now=NOW,
        )


def test_a_file_by_the_command_line_needs_two_persons(staff: Staff, tmp_path: Path) -> None:
    load(tmp_path, by="")
    review = RatingReview.objects.get()
    with pytest.raises(RatingsRefused):
        decide(staff)

    claim_ratings(review=review, maker=staff.operator, now=NOW)
    decide(staff)

    assert rating() == 4


def test_a_newer_file_of_the_source_replaces_what_waits(staff: Staff, tmp_path: Path) -> None:
    load(tmp_path, "R4")
    load(tmp_path, "R5", source="other")
    load(tmp_path, "R3")

    states = list(RatingReview.objects.order_by("pk").values_list("state", flat=True))

    assert states == [RatingState.REPLACED, RatingState.PENDING, RatingState.PENDING]


def test_a_product_rated_otherwise_meanwhile_is_not_overwritten(
    staff: Staff, tmp_path: Path
) -> None:
    make_product("F1", distributor_risk=2)
    load(tmp_path, "R1")
    Product.objects.filter(code="F1").update(distributor_risk=5)

    with pytest.raises(RatingsRefused) as refused:
        decide(staff)

    assert refused.value.code == "ratings_moved"
    assert rating() == 5
    assert RatingReview.objects.get().state == RatingState.PENDING


def test_the_same_ratings_again_wait_for_nobody(staff: Staff, tmp_path: Path) -> None:
    make_product("F1", distributor_risk=4)

    load(tmp_path, "R4")

    assert not RatingReview.objects.exists()


def test_the_page_shows_before_and_after_and_takes_the_verdict(
    staff: Staff, tmp_path: Path, client: Client
) -> None:
    make_product("F1", distributor_risk=2)
    load(tmp_path)
    pk = RatingReview.objects.get().pk
    page = reverse("admin:customers_ratingreview_change", args=[pk])

    client.force_login(staff.operator)
    by_maker = client.get(page).content.decode()
    client.force_login(staff.checker)
    told = client.get(page).content.decode()
    client.post(
        reverse("admin:customers_ratingreview_act", args=[pk]),
        {"act": "approve", "seen": str(pk), "opinion": "yes"},
    )

    assert 'value="approve"' not in by_maker
    assert "R2" in told
    assert "R4" in told
    assert rating() == 4
