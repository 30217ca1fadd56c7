"""Snippets in the console: from the form to the templates they stand in."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions.snippets import review_snippet, save_snippet, submit_snippet
from campaigns.channels.base import Channel
from campaigns.models import Snippet, SnippetVersion, TemplateVersion
from tests.factories import NOW, make_staff, make_template

pytestmark = pytest.mark.django_db


def as_role(role: str) -> Client:
    client = Client()
    client.force_login(getattr(make_staff(), role))
    return client


def page_of(snippet: Snippet, name: str = "change") -> str:
    return reverse(f"admin:campaigns_snippet_{name}", args=[snippet.pk])


def approved(text: str) -> SnippetVersion:
    staff = make_staff()
    version = save_snippet(
        key="risk", name="Risk", forms={"text": text}, maker=staff.marketer, now=NOW
    )
    submit_snippet(version=version, maker=staff.marketer, now=NOW)
    review_snippet(version=version, checker=staff.checker, approve=True, opinion="", now=NOW)
    return version


def test_a_marketer_writes_a_snippet_in_two_languages() -> None:
    client = as_role("marketer")
    client.post(
        reverse("admin:campaigns_snippet_add"),
        {"key": "risk", "name": "Risk", "part_text": "Funds may lose value."},
    )
    snippet = Snippet.objects.get()

    typed = {"part_text": "Funds may lose value.", "variant:zh:text": "基金有风险。"}
    client.post(page_of(snippet) + "?variant=zh", typed)

    newest = snippet.versions.latest("number")
    assert (newest.number, newest.variants) == (2, {"zh": {"text": "基金有风险。"}})


def test_a_wrong_text_is_told_at_its_box() -> None:
    answer = as_role("marketer").post(
        reverse("admin:campaigns_snippet_add"),
        {"key": "risk", "name": "Risk", "part_text": '{% snippet "risk" %}'},
    )

    assert "inside itself" in answer.content.decode()


def test_a_second_person_approves_what_the_page_shows() -> None:
    staff = make_staff()
    version = save_snippet(
        key="risk", name="Risk", forms={"text": "Risk"}, maker=staff.marketer, now=NOW
    )
    as_role("marketer").post(page_of(version.snippet, "act"), {"act": "submit"})

    seen = f"{version.pk}:{version.content_hash}"
    as_role("checker").post(page_of(version.snippet, "act"), {"act": "approve", "seen": seen})

    make_template(Channel.SMS, parts={"text": '{% snippet "risk" %}'}, is_approved=False)
    assert TemplateVersion.objects.get().built[""]["text"] == "Risk"


def test_the_page_tells_where_it_stands_and_puts_a_newer_text_there() -> None:
    approved("Old")
    make_template(Channel.SMS, parts={"text": '{% snippet "risk" %}'}, is_approved=False)
    snippet = approved("New").snippet
    client = as_role("marketer")

    page = client.get(page_of(snippet)).content.decode()
    assert "Older text" in page
    client.post(page_of(snippet, "act"), {"act": "rebuild"})

    assert "Current text" in client.get(page_of(snippet)).content.decode()
    assert TemplateVersion.objects.latest("number").built[""]["text"] == "New"


def test_only_what_stands_nowhere_can_be_deleted() -> None:
    snippet = approved("Old").snippet
    client = as_role("marketer")
    make_template(Channel.SMS, parts={"text": '{% snippet "risk" %}'}, is_approved=False)

    client.post(page_of(snippet, "act"), {"act": "delete"})

    assert Snippet.objects.exists()


def test_the_length_while_typing_counts_the_snippet() -> None:
    approved("x" * 200)

    answer = as_role("marketer").post(
        reverse("admin:campaigns_template_measure"),
        {"text": '{% snippet "risk" %}', "signature": ""},
    )

    assert "segments 2" in answer.json()["line"]


def test_who_may_not_change_it_reads_it() -> None:
    answer = as_role("checker").get(page_of(approved("Old").snippet))

    assert answer.status_code == 200
    assert "part_text" not in answer.content.decode()
