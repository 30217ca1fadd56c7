"""Seed lists and test messages in the console."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions.seeds import add_seed, save_seed_list
from campaigns.channels.base import Channel
from campaigns.models import SeedList, SeedMessage
from tests.factories import NOW, make_memory_account, make_staff, make_template

pytestmark = pytest.mark.django_db
ADDRESS = "ann@bank.example.com"


def as_role(role: str) -> Client:
    client = Client()
    client.force_login(getattr(make_staff(), role))
    return client


def make_list(*addresses: str) -> SeedList:
    actor = make_staff().operator
    made = save_seed_list(seed_list=SeedList(name="Office"), actor=actor, now=NOW)
    for address in addresses:
        add_seed(
            seed_list=made,
            channel=Channel.EMAIL,
            label="Ann",
            address=address,
            actor=actor,
            now=NOW,
        )
    return made


def page_of(made: SeedList) -> str:
    return reverse("admin:campaigns_seedlist_change", args=[made.pk])


def test_an_operator_makes_a_list_and_adds_an_address() -> None:
    client = as_role("operator")
    client.post(reverse("admin:campaigns_seedlist_add"), {"name": "Office", "note": ""})
    made = SeedList.objects.get()

    added = {"name": "Office", "note": "", "channel": "email", "address": ADDRESS, "label": "Ann"}
    client.post(page_of(made), added)

    assert made.seeds.get().label == "Ann"


def test_a_bad_address_is_told_at_its_field() -> None:
    made = make_list()

    bad = {"name": "Office", "note": "", "channel": "sms", "address": "none", "label": ""}
    answer = as_role("operator").post(page_of(made), bad)

    assert "no address of the channel" in answer.content.decode()
    assert not made.seeds.exists()


@pytest.mark.parametrize(
    ("role", "shown"), [("operator", ADDRESS), ("marketer", "a***@bank.example.com")]
)
def test_who_does_not_keep_the_list_sees_masked_addresses(role: str, shown: str) -> None:
    page = as_role(role).get(page_of(make_list(ADDRESS))).content.decode()

    assert f">{shown}<" in page.replace("\n", "").replace(" ", "")


def test_who_writes_messages_does_not_keep_the_addresses() -> None:
    answer = as_role("marketer").get(reverse("admin:campaigns_seedlist_add"))

    assert answer.status_code == 403


def test_an_operator_removes_an_address() -> None:
    made = make_list(ADDRESS)
    act = reverse("admin:campaigns_seedlist_act", args=[made.pk])

    as_role("operator").post(act, {"act": f"remove-{made.seeds.get().pk}"})

    assert not made.seeds.exists()


def test_a_marketer_sends_a_test_from_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_memory_account(monkeypatch)
    version, made = make_template(is_approved=False), make_list(ADDRESS)
    client = as_role("marketer")
    page = reverse("admin:campaigns_template_test", args=[version.template_id])
    assert (
        page
        in client.get(
            reverse("admin:campaigns_template_change", args=[version.template_id])
        ).content.decode()
    )

    typed = {"version": version.pk, "seed_list": made.pk, "sample": '{"city": "Harbin"}'}
    answer = client.post(page, typed, follow=True).content.decode()

    assert [message.address for message in provider.sent] == [ADDRESS]
    assert "a***@bank.example.com" in answer
    assert ADDRESS not in answer


def test_a_page_sends_once(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_memory_account(monkeypatch)
    version, made = make_template(is_approved=False), make_list(ADDRESS)
    client = as_role("marketer")
    page = reverse("admin:campaigns_template_test", args=[version.template_id])
    once = client.get(page).context["form"]["page"].value()
    typed = {"version": version.pk, "seed_list": made.pk, "sample": "{}", "page": once}

    client.post(page, typed)
    again = client.post(page, {**typed, "locale": "en"})

    assert len(provider.sent) == SeedMessage.objects.count() == 1
    assert "This test was sent already" in again.content.decode()
    form = again.context["form"]
    assert form["locale"].value() == "en"
    client.post(page, {**typed, "page": form["page"].value()})
    assert len(provider.sent) == 2


def test_what_was_typed_stays_where_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    make_memory_account(monkeypatch)
    version, made = make_template(is_approved=False), make_list(ADDRESS)
    page = reverse("admin:campaigns_template_test", args=[version.template_id])
    sample = '{"city": "Harbin"}'

    typed = {"version": version.pk, "seed_list": made.pk, "sample": sample, "customer": "T9"}
    answer = as_role("marketer").post(page, typed)

    assert answer.context["form"]["customer"].value() == "T9"
    assert "Harbin" in answer.content.decode()
    assert not SeedMessage.objects.exists()


def test_a_wrong_sample_is_told_at_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    make_memory_account(monkeypatch)
    version, made = make_template(is_approved=False), make_list(ADDRESS)
    page = reverse("admin:campaigns_template_test", args=[version.template_id])

    typed = {"version": version.pk, "seed_list": made.pk, "sample": "[1]"}
    answer = as_role("marketer").post(page, typed)

    assert "one JSON object" in answer.content.decode()
    assert not SeedMessage.objects.exists()


def test_an_operator_sends_none() -> None:
    page = reverse("admin:campaigns_template_test", args=[make_template().template_id])

    assert as_role("operator").get(page).status_code == 403
