"""A button does what the page above it showed, or nothing."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions import launch, templates
from campaigns.channels.base import Channel
from campaigns.models import Journey, Template
from compliance.models import Review
from tests.factories import NOW, PARTS, graph_of, make_segment, make_staff

pytestmark = pytest.mark.django_db
_FIELD = re.compile(r'<input type="hidden" name="(act|seen)" value="([^"]*)">')


def checker() -> Client:
    client = Client()
    client.force_login(make_staff().checker)
    return client


def forms_on(client: Client, item: Journey | Template) -> dict[str, dict[str, str]]:
    """What each button of the item's page would post."""
    name = item._meta.model_name
    page = client.get(reverse(f"admin:campaigns_{name}_change", args=[item.pk])).content.decode()
    found: dict[str, dict[str, str]] = {}
    for form in re.findall(r'<form method="post".*?</form>', page, re.S):
        fields = dict(_FIELD.findall(form))
        if "act" in fields:
            found[fields["act"]] = fields
    return found


def press(client: Client, item: Journey | Template, fields: dict[str, str]) -> Any:
    name = item._meta.model_name
    return client.post(reverse(f"admin:campaigns_{name}_act", args=[item.pk]), fields)


def submit_template(text: str) -> Template:
    staff = make_staff()
    parts = {**PARTS[Channel.SMS], "text": text}
    version = templates.save_template(
        key="hello", name="Hello", channel=Channel.SMS, parts=parts, maker=staff.marketer, now=NOW
    )
    templates.submit_template(version=version, maker=staff.marketer, now=NOW)
    return version.template


def submit_journey(name: str) -> Journey:
    staff = make_staff()
    version = launch.save_draft(
        journey_key="spring", name="n", graph=graph_of(name=name), maker=staff.marketer, now=NOW
    )
    launch.submit(journey=version.journey, version=version, maker=staff.marketer, now=NOW)
    return version.journey


def test_a_template_submitted_after_the_page_was_opened_is_not_approved_by_it() -> None:
    template, client = submit_template("Read by the checker"), checker()
    shown = forms_on(client, template)["approve"]
    submit_template("Never seen by the checker")

    answer = press(client, template, shown)

    assert answer.status_code == 409
    assert "It changed since you opened the page" in answer.text
    assert list(Review.objects.values_list("verdict", flat=True)) == ["pending"]


def test_nor_is_a_journey() -> None:
    make_segment()
    journey, client = submit_journey("first"), checker()
    shown = forms_on(client, journey)["approve"]
    submit_journey("second")

    answer = press(client, journey, shown)

    assert answer.status_code == 409
    assert not Review.objects.filter(verdict="approved").exists()


def test_what_the_page_shows_is_approved() -> None:
    template, client = submit_template("Read by the checker"), checker()

    press(client, template, forms_on(client, template)["approve"])

    assert Review.objects.get().verdict == "approved"


def test_a_post_that_names_nothing_seen_approves_nothing() -> None:
    template, client = submit_template("Hello"), checker()

    assert press(client, template, {"act": "approve"}).status_code == 409
    assert Review.objects.get().verdict == "pending"
