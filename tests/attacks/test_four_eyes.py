"""Attacks on the second person's verdict: its maker tries every door to approve it himself."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from campaigns.actions import launch, templates
from campaigns.channels.base import Channel
from compliance.actions import decide_review, propose_rules
from compliance.errors import SelfReview
from compliance.models import Review, User
from compliance.queries import pack_hash, rules_as_told
from customers.actions.sources import create_api_key
from customers.vocabulary import KeyScope
from tests.factories import NOW, PARTS, graph_of, make_segment

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker() -> User:
    """Somebody with every right there is: what is refused him is refused for who he is."""
    return User.objects.create_superuser("maker")


def template(maker: User) -> tuple[str, int]:
    version = templates.save_template(
        key="hello",
        name="Hello",
        channel=Channel.SMS,
        parts=PARTS[Channel.SMS],
        maker=maker,
        now=NOW,
    )
    templates.submit_template(version=version, maker=maker, now=NOW)
    return "campaigns_template", version.template_id


def journey(maker: User) -> tuple[str, int]:
    make_segment()
    version = launch.save_draft(
        journey_key="spring", name="Spring", graph=graph_of(), maker=maker, now=NOW
    )
    launch.submit(journey=version.journey, version=version, maker=maker, now=NOW)
    return "campaigns_journey", version.journey_id


def rules(maker: User) -> tuple[str, int]:
    pack = propose_rules(
        key="contact",
        rules=rules_as_told("contact", NOW.date()),
        effective_from=NOW.date(),
        maker=maker,
        now=NOW,
    )
    assert Review.objects.get().subject_hash == pack_hash(pack)
    return "compliance_rulepack", pack.pk


Make = Callable[[User], tuple[str, int]]
MADE = pytest.mark.parametrize("make", [template, journey, rules])


def doors(page: str, pk: int, seen: str) -> dict[str, Callable[[Client], Any]]:
    """Every way of saying yes: the button, the list's bulk action, the form, a key's call."""
    told = {"act": "approve", "seen": seen, "opinion": "fine"}
    act, change = (reverse(f"admin:{page}_{name}", args=[pk]) for name in ("act", "change"))
    listed = reverse(f"admin:{page}_changelist")
    review = Review.objects.get()
    return {
        "button": lambda client: client.post(act, told),
        "bulk action": lambda client: client.post(
            listed, {"action": "approve", "_selected_action": [pk], "select_across": 1}
        ),
        "form": lambda client: client.post(change, {**told, "verdict": "approved"}),
        "review's own form": lambda client: client.post(
            reverse("admin:compliance_review_change", args=[review.pk]),
            {"verdict": "approved", "checker": review.maker_id},
        ),
        "review's bulk action": lambda client: client.post(
            reverse("admin:compliance_review_changelist"),
            {"action": "approve", "_selected_action": [review.pk]},
        ),
    }


@MADE
def test_no_door_of_the_console_takes_the_makers_own_approval(maker: User, make: Make) -> None:
    page, pk = make(maker)
    client = Client()
    client.force_login(maker)

    for name, door in doors(page, pk, Review.objects.get().subject_hash).items():
        assert door(client).status_code in {200, 302, 403, 409}, name
        assert Review.objects.get().verdict == "pending", name


@MADE
def test_the_verb_behind_all_doors_refuses_it(maker: User, make: Make) -> None:
    make(maker)
    review = Review.objects.get()

    with pytest.raises(SelfReview):
        decide_review(
            kind=review.subject_kind,
            key=review.subject_key,
            content_hash=review.subject_hash,
            checker=maker,
            approve=True,
            opinion="",
            now=NOW,
        )


@MADE
def test_the_database_refuses_it_from_code_that_forgot(maker: User, make: Make) -> None:
    make(maker)

    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.update(verdict="approved", checker=maker, decided_at=NOW)


@pytest.mark.parametrize("path", ["/api/v1/reviews", "/api/v1/templates/hello/approve"])
def test_no_key_approves_anything(maker: User, path: str) -> None:
    template(maker)
    secret = create_api_key(name="bank", scope=KeyScope.MANAGE, now=NOW).secret

    answer = Client().post(path, {}, headers={"authorization": f"Bearer {secret}"})

    assert answer.status_code == 404
    assert Review.objects.get().verdict == "pending"


@MADE
def test_a_verdict_on_another_content_is_a_conflict(maker: User, make: Make) -> None:
    page, pk = make(maker)
    client = Client()
    client.force_login(User.objects.create_superuser("second"))

    answer = client.post(
        reverse(f"admin:{page}_act", args=[pk]), {"act": "approve", "seen": "0" * 64}
    )

    assert answer.status_code == 409
    assert Review.objects.get().verdict == "pending"
