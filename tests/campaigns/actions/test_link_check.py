"""What is said about the links of a template version, with the place; nothing is refused for it."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions.link_check import Looking, check_links
from campaigns.actions.link_hosts import allow_link_host
from campaigns.actions.snippets import review_snippet, save_snippet, submit_snippet
from campaigns.channels.base import Channel
from campaigns.channels.looking import Look, Seen
from campaigns.models import TemplateVersion
from compliance.models import Review
from tests.factories import NOW, make_staff, make_template

pytestmark = pytest.mark.django_db
NOWHERE = "https://shop.example.invalid/page"


def sms(text: str) -> TemplateVersion:
    return make_template(Channel.SMS, parts={"text": text}, is_approved=False)


def answering(**told: Any) -> Looking:
    """Every address answers so: the network itself is what tests cannot have."""

    async def looks(urls: Sequence[str], _private: object) -> dict[str, Look]:
        return {
            url: Look(**{"last": url, "seen": Seen.ANSWERS, "status": 200, **told}) for url in urls
        }

    return looks


def said(version: TemplateVersion, look: Looking) -> list[str]:
    return [str(finding.said) for finding in check_links(version=version, look=look).findings]


def test_nothing_is_said_of_links_that_answer() -> None:
    version = sms("See https://shop.example.com/a and https://b.example.com/")

    found = check_links(version=version, look=answering())

    assert (found.links, list(found.findings)) == (2, [])


@pytest.mark.parametrize(
    ("look", "says"),
    [
        ({"status": 404}, "answers with 404"),
        ({"seen": Seen.UNREACHABLE, "why": "timeout"}, "could not be reached (timeout)"),
        ({"seen": Seen.PRIVATE}, "not public"),
        ({"seen": Seen.ENDLESS}, "without an end"),
        ({"last": "http://shop.example.com/"}, "leads on to http://shop.example.com/"),
    ],
)
def test_what_became_of_a_look_is_said_with_the_place(look: dict[str, object], says: str) -> None:
    (told,) = said(sms("Hi,\nsee https://shop.example.com/a"), answering(**look))

    assert told.startswith("Line 2, column 5: https://shop.example.com/a ")
    assert says in told


def test_parameters_that_stand_twice_are_told() -> None:
    version = sms("https://shop.example.com/?utm_source=a&utm_source=b")

    (told,) = said(version, answering())

    assert "utm_source more than once" in told


def test_a_host_taken_off_the_list_is_told_and_not_asked() -> None:
    version = sms("https://shop.example.com/")
    allow_link_host(host="other.example", note="", actor=make_staff().checker, now=NOW)

    (told,) = check_links(version=version, look=answering(status=500)).findings

    assert told.said.code == "host_not_allowed"


def test_links_of_snippets_are_looked_at_too() -> None:
    staff = make_staff()
    text = {"text": "https://snippet.example.com/"}
    snippet = save_snippet(key="s", name="S", forms=text, maker=staff.marketer, now=NOW)
    submit_snippet(version=snippet, maker=staff.marketer, now=NOW)
    review_snippet(version=snippet, checker=staff.checker, approve=True, opinion="", now=NOW)

    told = said(sms('https://own.example.com/ {% snippet "s" %}'), answering(status=410))

    assert [each.partition(" answers")[0] for each in told] == [
        "Line 1, column 1: https://own.example.com/",
        "https://snippet.example.com/",
    ]


def test_addresses_with_values_are_left_out() -> None:
    version = sms("https://shop.example.com/?c={{ customer.city | url_encode }}")

    assert check_links(version=version, look=answering(status=500)).links == 0


def test_a_network_that_is_down_keeps_nobody_from_submitting(client: Client) -> None:
    version = sms(f"See {NOWHERE}")
    client.force_login(make_staff().marketer)
    act = reverse("admin:campaigns_template_act", args=[version.template_id])

    page = client.post(act, {"act": "submit"}, follow=True).content.decode()

    assert Review.objects.get().verdict == Review.Verdict.PENDING
    assert f"{NOWHERE} could not be reached" in page


def test_whoever_may_change_a_template_checks_its_links(client: Client) -> None:
    version = sms(f"See {NOWHERE}")
    client.force_login(make_staff().marketer)
    act = reverse("admin:campaigns_template_act", args=[version.template_id])

    page = client.post(act, {"act": "links"}, follow=True).content.decode()

    assert f"{NOWHERE} could not be reached" in page
    assert not Review.objects.exists()
