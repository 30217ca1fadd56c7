"""A key that was disabled opens no door of the API, whichever way it is shown.

The doors are read from the schema, so that one added later is tried as well.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

from compliance.errors import NotPermitted
from compliance.models import AuditEntry
from compliance.queries import clock_now
from customers.actions.sources import NewKey, create_api_key, disable_key, internal_source
from customers.errors import KeyRefused
from customers.models import Event, Source
from customers.vocabulary import KeyScope
from tests.factories import make_people, make_staff

pytestmark = pytest.mark.django_db
A_UUID = "00000000-0000-4000-8000-000000000000"
CALLS = ("identify", "track", "page", "screen", "group", "alias", "batch", "import")
METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def doors() -> Iterator[tuple[str, str]]:
    """Method and path of everything in the schema that asks for a server key."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            asks = [name for one in operation.get("security", []) for name in one]
            if method in METHODS and "serverKey" in asks:
                yield method, filled(path, operation.get("parameters", []))


def filled(path: str, parameters: list[dict[str, Any]]) -> str:
    """The path with a value of each parameter's kind."""
    for one in (one for one in parameters if one["in"] == "path"):
        kind = one["schema"]
        value = A_UUID if kind.get("format") == "uuid" else kind.get("enum", ["1"])[0]
        path = path.replace("{" + one["name"] + "}", value)
    return path


DOORS = sorted(doors())


def disabled(scope: KeyScope) -> NewKey:
    made = create_api_key(name="old", scope=scope, now=clock_now())
    disable_key(source=made.source, actor=make_staff().operator, now=clock_now())
    return made


def call(method: str, path: str, authorization: str) -> Any:
    client = Client(raise_request_exception=False)
    return client.generic(
        method.upper(),
        path,
        "{}",
        content_type="application/json",
        headers={"authorization": authorization},
    )


def basic(user: str, password: str = "") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_the_schema_lists_doors() -> None:
    assert len(DOORS) >= 20


@pytest.mark.parametrize(("method", "path"), DOORS, ids=lambda part: str(part))
def test_a_door_of_the_open_api_refuses(method: str, path: str) -> None:
    make_people(1)
    live = create_api_key(name="new", scope=KeyScope.MANAGE, now=clock_now()).secret

    assert call(method, path, f"Bearer {live}").status_code != 401
    for scope in (KeyScope.READ, KeyScope.MANAGE):
        assert call(method, path, f"Bearer {disabled(scope).secret}").status_code == 401


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("scope", [KeyScope.INGEST, KeyScope.MANAGE])
def test_a_door_for_events_refuses(name: str, scope: KeyScope) -> None:
    secret = disabled(scope).secret
    body = json.dumps({"userId": "u", "event": "e", "messageId": "m", "writeKey": secret})

    for said in (basic(secret), basic("", secret), f"Bearer {secret}", ""):
        answer = Client().generic(
            "POST", f"/v1/{name}", body, "application/json", headers={"authorization": said}
        )
        assert answer.status_code == 401
    assert not Event.objects.exists()


def test_no_settings_are_told_to_a_browser_that_still_has_it() -> None:
    secret = disabled(KeyScope.INGEST).secret

    assert Client().get(f"/v1/projects/{secret}/settings").status_code == 404
    assert Client().get("/sourceConfig/", {"writeKey": secret}).status_code == 404


def test_a_customers_token_ends_with_the_key_it_was_fetched_with() -> None:
    make_people(1)
    made = create_api_key(name="app", scope=KeyScope.MANAGE, now=clock_now())
    told = Client().post(
        "/api/v1/inbox/tokens",
        {"customer": "P00000"},
        "application/json",
        headers={"authorization": f"Bearer {made.secret}"},
    )
    token = f"Bearer {told.json()['token']}"
    assert call("get", "/api/v1/inbox", token).status_code == 200

    disable_key(source=made.source, actor=make_staff().operator, now=clock_now())

    assert call("get", "/api/v1/inbox", token).status_code == 401


def test_an_operator_disables_a_key_on_its_page_and_it_is_on_record() -> None:
    made = create_api_key(name="app", scope=KeyScope.READ, now=clock_now())
    client = Client()
    client.force_login(make_staff().operator)
    page = reverse("admin:customers_source_change", args=[made.source.pk])
    assert "Disable the key" in client.get(page).content.decode()

    client.post(reverse("admin:customers_source_act", args=[made.source.pk]), {"act": "disable"})

    assert Source.objects.get(pk=made.source.pk).revoked_at is not None
    entry = AuditEntry.objects.get(action="source.disable")
    assert (entry.actor, entry.subject) == ("operator", made.source.key)
    assert made.secret not in str(entry.detail)
    assert "Disable the key" not in client.get(page).content.decode()


def test_nobody_else_disables_one_and_the_products_own_sources_have_none() -> None:
    made = create_api_key(name="app", scope=KeyScope.READ, now=clock_now())
    own = internal_source(key="links", name="Links", now=clock_now())

    with pytest.raises(NotPermitted):
        disable_key(source=made.source, actor=make_staff().marketer, now=clock_now())
    with pytest.raises(KeyRefused):
        disable_key(source=own, actor=make_staff().operator, now=clock_now())
    assert not AuditEntry.objects.filter(action="source.disable").exists()
