"""Of two people who save one page, the second is told of the first, once."""

import re
from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions import launch, snippets, templates
from campaigns.actions.prices import list_price
from campaigns.actions.seeds import save_seed_list
from campaigns.channels.base import Channel
from campaigns.models import Journey, MessagePrice, SeedList, SnippetVersion, TemplateVersion
from compliance.models import AuditEntry, User
from tests.factories import NOW, graph_of, make_account, make_segment, make_staff

pytestmark = pytest.mark.django_db
TOLD = "Somebody else saved this after you opened it"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def seen_on(client: Client, page: str) -> str:
    """What the page carries, unseen by its reader."""
    (seen,) = re.findall(r'name="seen" value="(\w+)"', client.get(page).text)
    return str(seen)


def save_sms(text: str) -> TemplateVersion:
    return templates.save_template(
        key="hello",
        name="Hello",
        channel=Channel.SMS,
        parts={"text": text, "signature": "Bank"},
        maker=make_staff().marketer,
        now=NOW,
    )


def test_a_template() -> None:
    template = save_sms("First").template
    marketer = client_of(make_staff().marketer)
    page = reverse("admin:campaigns_template_change", args=[template.pk])
    typed = {"part_text": "Mine", "part_signature": "Bank", "seen": seen_on(marketer, page)}
    save_sms("The other's")

    refused = marketer.post(page, typed)

    assert TOLD in refused.text
    assert refused.context["adminform"].form["part_text"].value() == "Mine"
    assert TemplateVersion.objects.latest("number").parts["text"] == "The other's"
    (again,) = re.findall(r'name="seen" value="([^"]+)"', refused.text)
    assert marketer.post(page, {**typed, "seen": again}).status_code == 302
    assert TemplateVersion.objects.latest("number").parts["text"] == "Mine"


def test_a_template_that_nobody_else_saved_is_saved_at_once() -> None:
    template = save_sms("First").template
    marketer = client_of(make_staff().marketer)
    page = reverse("admin:campaigns_template_change", args=[template.pk])

    typed = {"part_text": "Mine", "part_signature": "Bank", "seen": seen_on(marketer, page)}

    assert marketer.post(page, typed).status_code == 302


def test_the_boxes_of_another_language_are_nothing_that_somebody_saved() -> None:
    template = save_sms("First").template
    marketer = client_of(make_staff().marketer)
    page = reverse("admin:campaigns_template_change", args=[template.pk]) + "?variant=zh"

    typed = {"part_text": "Mine", "part_signature": "Bank", "seen": seen_on(marketer, page)}

    assert marketer.post(page, {**typed, "variant:zh:text": "您好"}).status_code == 302


def test_a_language_that_somebody_else_added_is_told() -> None:
    template = save_sms("First").template
    marketer = client_of(make_staff().marketer)
    page = reverse("admin:campaigns_template_change", args=[template.pk])
    typed = {"part_text": "First", "part_signature": "Bank", "seen": seen_on(marketer, page)}
    templates.save_template(
        key="hello",
        name="Hello",
        channel=Channel.SMS,
        parts={"text": "First", "signature": "Bank"},
        variants={"zh": {"text": "您好"}},
        maker=make_staff().checker,
        now=NOW,
    )

    assert TOLD in marketer.post(page, typed).text


def test_a_snippet() -> None:
    maker = make_staff().marketer

    def save(text: str) -> SnippetVersion:
        return snippets.save_snippet(
            key="foot", name="Foot", forms={"text": text}, variants={}, maker=maker, now=NOW
        )

    marketer = client_of(maker)
    page = reverse("admin:campaigns_snippet_change", args=[save("First").snippet_id])
    typed = {"name": "Foot", "part_text": "Mine", "seen": seen_on(marketer, page)}
    save("The other's")

    assert TOLD in marketer.post(page, typed).text
    assert SnippetVersion.objects.latest("number").forms["text"] == "The other's"


def test_a_journey_is_saved_at_once_where_nobody_else_saved_it() -> None:
    make_segment()
    maker = make_staff().marketer
    graph = graph_of()
    version = launch.save_draft(journey_key="spring", name="n", graph=graph, maker=maker, now=NOW)
    marketer = client_of(maker)
    page = reverse("admin:campaigns_journey_change", args=[version.journey_id])
    box = marketer.get(page).context["adminform"].form["graph"].value()
    typed = {"name": "new", "description": "", "graph": box, "seen": seen_on(marketer, page)}

    answer = marketer.post(page, typed)

    assert answer.status_code == 302
    assert Journey.objects.get().name == "new"


def test_the_note_of_a_seed_list() -> None:
    operator = make_staff().operator
    made = save_seed_list(seed_list=SeedList(name="Office"), actor=operator, now=NOW)
    client = client_of(operator)
    page = reverse("admin:campaigns_seedlist_change", args=[made.pk])
    typed = {"name": "Office", "note": "mine", "channel": "", "address": "", "label": ""}
    typed["seen"] = seen_on(client, page)
    made.note = "the other's"
    save_seed_list(seed_list=made, actor=make_staff().checker, now=NOW)

    refused = client.post(page, typed)

    assert TOLD in refused.text
    assert SeedList.objects.get().note == "the other's"


def test_a_price_that_stands_is_told_before_another_takes_its_place() -> None:
    operator = make_staff().operator
    account = make_account(
        Channel.SMS,
        vendor="http_sms",
        base_url="http://127.0.0.1:9",
        secrets={"api_secret": "s"},
    )
    day = date(2026, 1, 1)
    list_price(
        account=account,
        prefix="+86",
        unit_cost=Decimal("0.045"),
        valid_from=day,
        actor=make_staff().checker,
        now=NOW,
    )
    client = client_of(operator)
    page = reverse("admin:campaigns_messageprice_add")
    typed = {"account": account.pk, "prefix": "0086", "unit_cost": "0.5", "valid_from": str(day)}

    refused = client.post(page, typed)

    assert "0.045 CNY is listed for +86 from that day on" in unescape(refused.text)
    assert MessagePrice.objects.get().unit_cost == Decimal("0.045")
    assert not AuditEntry.objects.filter(action="price.list", actor=operator.username).exists()
    (again,) = re.findall(r'name="seen" value="([^"]+)"', refused.text)
    assert client.post(page, {**typed, "seen": again}).status_code == 302
    assert MessagePrice.objects.get().unit_cost == Decimal("0.5")
