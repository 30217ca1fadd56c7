"""A Chinese reader meets no English word of ours and no dead link, wherever the console leads."""

import json
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils.functional import Promise

from compliance.roles import Role
from tests.browser.factories import House, build_house
from tests.config.console_walk import walk

CATALOGUE = Path(__file__).resolve().parents[2] / "locale/zh_Hans/LC_MESSAGES/django.po"
# Names that the test's own data give, and that we say elsewhere.
NAMES = frozenset(
    {"Conversion", "Visit", "conversion", "visit"}
    | {name for role in Role for name in (role.value, role.value.title())}
)

admin.autodiscover()


@pytest.fixture(scope="module")
def english() -> frozenset[str]:
    """What we say in English and otherwise in Chinese; a page may begin it with a capital."""
    with CATALOGUE.open("rb") as source:
        said = {
            message.id: message.string
            for message in read_po(source)
            if isinstance(message.id, str) and "%" not in message.id
        }
    words = {text for text, chinese in said.items() if text and text != chinese}
    return frozenset(words | {text[:1].upper() + text[1:] for text in words}) - NAMES


@pytest.fixture
def house(db: None) -> House:
    return build_house()


def reader(house: House, name: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(house.staff[name])
    client.cookies["django_language"] = "zh-hans"
    return client


@pytest.mark.slow
@pytest.mark.parametrize("name", ["root", *(role.value for role in Role)])
def test_no_page_says_a_word_of_ours_in_english_and_no_link_leads_to_a_refusal(
    house: House, english: frozenset[str], name: str
) -> None:
    met: dict[str, str] = {}
    dead: list[str] = []
    opened = list(walk(reader(house, name)))
    for one in opened:
        if one.status != 200:
            dead.append(f"{one.status} {one.address} from {one.origin}")
        if one.page is not None:
            met |= {text: one.address for text in one.page.texts if text in english}

    assert len(opened) > 10
    assert dead == []
    assert met == {}


def test_every_field_of_the_console_has_a_name_that_can_be_translated() -> None:
    ours = [model for model in admin.site._registry if model.__module__.split(".")[0] != "django"]
    nameless = [
        f"{model.__name__}.{field.name}"
        for model in ours
        for field in model._meta.fields
        if not isinstance(field.verbose_name, Promise)
        and not field.auto_created
        and field.name not in (admin.site._registry[model].exclude or ())
        and field.name != "id"
    ]

    assert sorted(set(nameless) - INSIDE) == []


# On no page: what the pages show of them has names of its own.
INSIDE = {
    "AdvisorTask.touch",
    "Customer.slot",
    "Customer.told_at",
    "ListUpload.customers",
    "ListUpload.problems",
    "ProviderAccount.secrets_cipher",
    "Quarantine.named",
    "Segment.tag",
    "Suppression.value_hash",
    "Touch.account",
    "Touch.batch",
    "Touch.content_cipher",
    "Touch.customer",
    "Touch.enrolment",
    "Touch.template_version",
}
BAD_GRAPHS = [
    [],
    {"nodes": []},
    {"nodes": [{"id": "a", "type": "wait_for"}], "edges": []},
    {"nodes": [{"id": "a", "type": "entry"}], "edges": []},
    {"nodes": [{"id": "a", "type": "entry", "segment": "trial"}], "edges": [["a", "b"]]},
]


@pytest.mark.parametrize("graph", BAD_GRAPHS, ids=range(len(BAD_GRAPHS)))
def test_a_wrong_journey_is_refused_in_chinese(house: House, graph: object) -> None:
    typed = {"key": "x", "name": "X", "description": "", "graph": json.dumps(graph)}

    answer = reader(house, "marketer").post(reverse("admin:campaigns_journey_add"), typed)

    (said,) = answer.context["adminform"].form.errors["graph"]
    assert re.search("[一-鿿]", said)
    assert not re.search("[a-z]{3,} [a-z]{2,} [a-z]{2,}", said)


@pytest.mark.parametrize(
    "rule",
    [
        "{",
        "[]",
        '{"field": "nope"}',
        '{"field": "city", "op": "regex", "value": "(a"}',
        '{"field": "city", "op": "regex", "value": "(?i)a"}',
        '{"event": "Never Seen"}',
    ],
)
def test_what_a_preview_says_of_a_rule_is_chinese(house: House, rule: str) -> None:
    address = reverse("admin:segments_segment_preview")

    told = reader(house, "marketer").post(address, {"rule": rule}).json()

    said = [told["headline"], *(one["sentence"] for one in told.get("warnings", ()))]
    assert all(re.search("[一-鿿]", line) for line in said)
    assert not any(re.search("[a-z]{3,} [a-z]{2,} [a-z]{2,}", line) for line in said)


def test_a_browser_that_comes_without_an_address_is_led_to_the_console(house: House) -> None:
    client = Client()

    assert client.get("/", follow=True).redirect_chain[-1][0].startswith("/admin/login/")
    client.force_login(house.staff["marketer"])
    assert client.get("/", follow=True).redirect_chain == [("/admin/", 302)]
