"""Acts by hand from the list: a dry run first, exactly what it showed, a second person."""

import re
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Limits, Unknown
from campaigns.models import Intervention, PoisonRow, Touch
from compliance.models import User
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
MUTE = Limits(batch_max=500, concurrency=1, honours_key=False, can_find=False, settle=timedelta(0))
LIST = "admin:campaigns_touch_changelist"


@pytest.fixture(autouse=True)
def unknown_touches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three touches whose outcome nobody knows."""
    make_memory_account(
        monkeypatch, limits=MUTE, script=lambda m: Unknown(key=m.key, code="reset", message="")
    )
    make_template()
    make_people(3)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def choose(client: Client, act: str, count: int) -> str:
    """The confirmation for the first touches of the list."""
    ids = list(Touch.objects.order_by("pk").values_list("pk", flat=True)[:count])
    page = client.post(reverse(LIST), {"action": f"by_hand_{act}", "_selected_action": ids})
    return page.content.decode()


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(act|ids)" value="([^"]*)"', page))


def test_a_resend_is_shown_proposed_agreed_and_done() -> None:
    staff = make_staff()
    operator, checker = client_of(staff.operator), client_of(staff.checker)

    page = choose(operator, "resend", 2)
    assert "2 touches" in page
    assert "account-email" in page
    assert not Intervention.objects.exists()
    operator.post(
        reverse("admin:campaigns_touch_by_hand"), {**hidden(page), "opinion": "customer called"}
    )
    item = Intervention.objects.get()
    assert (item.verdict, item.why, len(item.touch_ids)) == ("pending", "customer called", 2)

    address = reverse("admin:campaigns_intervention_change", args=[item.pk])
    assert operator.get(address).context["acts"] == []
    assert [act.name for act in checker.get(address).context["acts"]] == ["agree", "reject"]
    checker.post(reverse("admin:campaigns_intervention_act", args=[item.pk]), {"act": "agree"})

    assert Touch.objects.filter(state="deferred", reason="sent_again").count() == 2
    assert Touch.objects.filter(state="ambiguous").count() == 1


def test_a_proposal_without_a_reason_is_asked_for_one_with_its_touches_kept() -> None:
    operator = client_of(make_staff().operator)
    sent = hidden(choose(operator, "mark_sent", 2))

    answer = operator.post(reverse("admin:campaigns_touch_by_hand"), {**sent, "opinion": " "})

    page = answer.content.decode()
    assert "Say why: a second person decides by it." in page
    assert hidden(page) == sent
    assert re.search(r"<textarea[^>]* required", page)
    assert not Intervention.objects.exists()


def test_nothing_to_do_has_no_button() -> None:
    page = choose(client_of(make_staff().operator), "resend_failed", 3)

    assert "None of what you chose" in page
    assert "Confirm" not in page


@pytest.mark.parametrize("role", ["marketer", "checker", "compliance"])
def test_other_roles_see_no_acts_and_cannot_post_them(role: str) -> None:
    client = client_of(getattr(make_staff(), role))

    assert "by_hand_resend" not in client.get(reverse(LIST)).content.decode()
    answer = client.post(
        reverse("admin:campaigns_touch_by_hand"),
        {"act": "resend", "ids": str(Touch.objects.all()[0].pk)},
    )

    assert answer.status_code == 403
    assert not Intervention.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"act": "resend"},
        {"act": "nonsense", "ids": "1"},
        {"act": "resend", "ids": "x,-1"},
        {"act": "resend", "ids": "9" * 5000},
    ],
)
def test_nonsense_is_answered_in_words(given: dict[str, str]) -> None:
    answer = client_of(make_staff().operator).post(reverse("admin:campaigns_touch_by_hand"), given)

    assert "Nothing was chosen." in [str(m) for m in get_messages(answer.wsgi_request)]


def test_odd_numbers_and_letters_break_no_act() -> None:
    client = client_of(make_staff().operator)
    told = {"act": "resend", "ids": str(Touch.objects.all()[0].pk), "opinion": "a\x00b"}

    replayed = client.post(reverse("admin:campaigns_poisonrow_replay"), {"ids": "9" * 5000})
    proposed = client.post(reverse("admin:campaigns_touch_by_hand"), told)

    assert (replayed.status_code, proposed.status_code) == (302, 302)
    assert Intervention.objects.get().why == "ab"


def test_an_account_and_a_reason_may_be_filtered_by_address() -> None:
    account = Touch.objects.all()[0].account_id
    address = f"{reverse(LIST)}?state=ambiguous&reason=outcome_unknown&account__id__exact={account}"

    page = client_of(make_staff().operator).get(address)

    assert page.status_code == 200
    assert len(page.context["cl"].result_list) == 3


def replay_said(client: Client, page: str) -> str:
    answer = client.post(reverse("admin:campaigns_poisonrow_replay"), hidden(page))
    return str(next(iter(reversed(list(get_messages(answer.wsgi_request))))))


def test_rows_put_aside_are_replayed_after_a_dry_run() -> None:
    touch = Touch.objects.order_by("pk")[0]
    Touch.objects.filter(pk=touch.pk).update(state="failed", reason="quarantined")
    row = PoisonRow.objects.create(
        stage="dispatch",
        touch=touch,
        journey_id=touch.journey_id,
        reference={"node": "hello"},
        error_class="ValueError",
        message="bad",
        attempts=3,
        failed_at=NOW,
    )
    client = client_of(make_staff().operator)

    listed = client.get(
        reverse("admin:campaigns_poisonrow_changelist")
        + "?error_class=ValueError&replayed_at__isempty=1"
    )
    page = client.post(
        reverse("admin:campaigns_poisonrow_changelist"),
        {"action": "confirm_replay", "_selected_action": [row.pk]},
    ).content.decode()
    assert len(listed.context["cl"].result_list) == 1
    assert PoisonRow.objects.get().replayed_at is None
    said = [replay_said(client, page) for _twice in range(2)]
    assert said == ["Replayed 1 row.", "Replayed 0 rows."]

    assert PoisonRow.objects.get().replayed_at is not None
    assert Touch.objects.get(pk=touch.pk).state == "queued"
    assert client.get(reverse("admin:campaigns_poisonrow_change", args=[row.pk])).status_code == 200


def test_a_batch_with_unknown_outcomes_is_not_done() -> None:
    page = client_of(make_staff().operator).get(reverse("admin:campaigns_dispatchbatch_changelist"))

    assert "Needs a person" in page.content.decode()
    assert "ts-good" not in page.content.decode().split("result_list")[-1]


def test_a_journeys_page_leads_to_its_unsent_touches_by_node() -> None:
    client = client_of(make_staff().operator)
    journey = Touch.objects.all()[0].journey_id

    page = client.get(reverse("admin:campaigns_journey_change", args=[journey])).content.decode()
    found = re.search(r'href="([^"]*node=hello[^"]*)"', page)

    assert found is not None
    listed = client.get(found[1].replace("&amp;", "&"))
    assert len(listed.context["cl"].result_list) == 3
