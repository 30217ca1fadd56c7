"""Tags of one customer by key: told, given as the dictionary allows, refused, allowed again."""

from typing import Any

import pytest
from django.test import Client

from compliance.models import AuditEntry
from compliance.queries import clock_now
from customers.actions.rights import set_personalisation
from customers.actions.sources import create_api_key
from customers.models import Customer, Tagging
from customers.vocabulary import KeyScope, TagSource
from segments.actions.catalogue import ship_tags
from segments.actions.tags import Meaning, define_tag
from segments.models import Tag
from tests.factories import make_people, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def customer() -> int:
    define_tag(
        key="vip", namespace="service", name_en="VIP", name_zh="贵宾",
        meaning=Meaning(owner="branches", scene="service", purpose="greet", definition="by branch",
                        source=TagSource.API, ttl_days=30),
        author=make_staff().marketer, now=clock_now(),
    )  # fmt: skip
    return make_people(1)[0]


def call(
    client: Client,
    verb: str,
    path: str = "",
    body: object = None,
    *,
    scope: str = "manage",
    number: str = "P00000",
) -> Any:
    key = create_api_key(name=scope, scope=KeyScope(scope), now=clock_now()).secret
    return getattr(client, verb)(
        f"/api/v1/customers/{number}/tags{path}",
        body or {},
        content_type="application/json",
        headers={"authorization": f"Bearer {key}"},
    )


def tags(client: Client) -> tuple[list[str], list[str]]:
    key = create_api_key(name="r", scope=KeyScope.READ, now=clock_now()).secret
    told = client.get(
        "/api/v1/customers/P00000/tags", headers={"authorization": f"Bearer {key}"}
    ).json()
    return [one["tag"] for one in told["results"]], [one["tag"] for one in told["refused"]]


def test_a_known_tag_is_given_refused_and_allowed_again(client: Client) -> None:
    assert call(client, "put", "/vip").status_code == 200
    assert tags(client) == (["vip"], [])

    assert call(client, "delete", "/vip", {"why": "he asked"}).status_code == 204
    assert tags(client) == ([], ["vip"])
    again = call(client, "put", "/vip")
    assert (again.status_code, again.json()["title"]) == (409, "tag_unwanted")

    assert call(client, "post", "/vip/allow", {"why": "he asked"}).status_code == 204
    assert call(client, "put", "/vip").status_code == 200
    acts = AuditEntry.objects.filter(action__in=["tag.refuse", "tag.allow"])
    assert {act.actor.startswith("key:") for act in acts} == {True}


def test_who_refuses_personalisation_loses_and_gets_none(client: Client, customer: int) -> None:
    assert call(client, "put", "/vip").status_code == 200

    set_personalisation(customer_no="P00000", is_off=True, actor="eve", now=clock_now())

    assert tags(client) == ([], [])
    again = call(client, "put", "/vip")
    assert (again.status_code, again.json()["title"]) == (409, "tag_unwanted")


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("nobody_knows", "tag_unknown"),
        ("pension_need", "tag_given_by_rule"),
        ("trades_1y", "tag_given_by_rule"),
        ("horizon", "tag_given_by_rule"),
        ("dca", "tag_source_missing"),
        ("%00", "tag_unknown"),
    ],
)
def test_what_the_dictionary_does_not_allow_is_refused(client: Client, tag: str, code: str) -> None:
    ship_tags(now=clock_now())

    answer = call(client, "put", f"/{tag}")

    assert (answer.status_code, answer.json()["title"]) == (409, code)
    assert tags(client) == ([], [])


def test_a_retired_tag_is_given_to_nobody(client: Client) -> None:
    Tag.objects.update(state="retired")

    assert call(client, "put", "/vip").json()["title"] == "tag_retired"


def test_deleting_needs_a_tag_a_reason_a_customer_and_a_key_that_may(client: Client) -> None:
    assert call(client, "delete", "/vip", {"why": "he asked"}).json()["title"] == "no_tag"
    call(client, "put", "/vip")
    assert call(client, "delete", "/vip").status_code == 400
    assert call(client, "delete", "/vip", {"why": "he asked"}, scope="read").status_code == 403
    assert call(client, "put", "/vip", number="nobody").status_code == 404
    assert client.put("/api/v1/customers/P00000/tags/vip").status_code == 401
    assert tags(client) == (["vip"], [])


def told_in(client: Client, spoken: str, address: str, scope: KeyScope = KeyScope.READ) -> Any:
    key = create_api_key(name=spoken, scope=scope, now=clock_now()).secret
    return client.get(
        address, headers={"authorization": f"Bearer {key}", "accept-language": spoken}
    )


def test_the_dictionary_is_told_in_the_language_that_is_asked_for(client: Client) -> None:
    ship_tags(now=clock_now())

    english, chinese = (
        {one["key"]: one for one in told_in(client, spoken, "/api/v1/tags").json()["results"]}
        for spoken in ("en", "zh-hans")
    )

    assert len(english) == Tag.objects.count()
    assert english["hnw"]["name"] == "High net worth"
    assert (chinese["hnw"]["name"], chinese["hnw"]["owner"]) == ("高净值", "财富管理组")
    assert english["nba"]["missing"] == "no arbiter between journeys"
    assert chinese["nba"]["missing"] == "旅程之间没有仲裁"
    assert english["vip"]["owner"] == chinese["vip"]["owner"] == "branches"
    assert (english["vip"]["missing"], english["vip"]["rule"]) == (None, None)


def test_the_dictionary_is_read_by_keys_that_may_read(client: Client) -> None:
    assert told_in(client, "en", "/api/v1/tags", KeyScope.INGEST).status_code == 403
    assert client.get("/api/v1/tags").status_code == 401


def test_a_customers_tags_have_names(client: Client) -> None:
    call(client, "put", "/vip")
    Tagging.objects.create(
        customer_id=Customer.objects.get().pk, tag="unheard", source="file", since=clock_now()
    )

    told = told_in(client, "zh-hans", "/api/v1/customers/P00000/tags").json()["results"]

    assert {one["tag"]: one["name"] for one in told} == {"vip": "贵宾", "unheard": "unheard"}
