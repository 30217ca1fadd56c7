"""The tracking plan and the flows in the console, in both languages."""

from datetime import timedelta

import pytest
from django.test import Client

from compliance.models import AuditEntry
from compliance.queries import clock_now
from customers.actions.sources import create_api_key
from customers.models import CoverageAlert, EventHour, EventType, Flow, Source
from customers.queries.plan import plan_in_force
from customers.vocabulary import KeyScope
from tests.factories import make_staff

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_staff().operator)
    return client


def event_form(**fields: str) -> dict[str, str]:
    return {
        "name": "Order Filled",
        "title_en": "An order was filled",
        "title_zh": "委托成交",
        "is_active": "on",
        "properties-TOTAL_FORMS": "1",
        "properties-INITIAL_FORMS": "0",
        "properties-0-name": "side",
        "properties-0-type": "text",
        "properties-0-is_required": "on",
        "properties-0-values": "buy\nsell\n",
        **fields,
    }


def test_saved_event_is_in_force_and_audited(operator: Client) -> None:
    answer = operator.post("/admin/customers/eventtype/add/", event_form())

    assert answer.status_code == 302
    side = plan_in_force().events["Order Filled"]["side"]
    assert (side.is_required, side.values) == (True, frozenset({"buy", "sell"}))
    entry = AuditEntry.objects.get(action="plan.publish")
    assert entry.detail["properties"][0]["name"] == "side"


def test_property_is_changed_and_taken_away(operator: Client) -> None:
    operator.post("/admin/customers/eventtype/add/", event_form())
    known = EventType.objects.get()
    side = known.properties.get()

    operator.post(
        f"/admin/customers/eventtype/{known.pk}/change/",
        event_form(
            **{
                "properties-INITIAL_FORMS": "1",
                "properties-0-id": str(side.pk),
                "properties-0-event_type": str(known.pk),
                "properties-0-DELETE": "on",
            }
        ),
    )

    assert plan_in_force().events["Order Filled"] == {}


@pytest.mark.parametrize(("language", "title"), [("en", "An order"), ("zh-hans", "委托成交")])
def test_events_are_titled_in_the_readers_language(
    operator: Client, language: str, title: str
) -> None:
    operator.post("/admin/customers/eventtype/add/", event_form())
    operator.cookies["django_language"] = language

    assert title in operator.get("/admin/customers/eventtype/").content.decode()


def test_marketer_reads_the_plan_and_does_not_change_it(client: Client) -> None:
    client.force_login(make_staff().marketer)

    assert client.get("/admin/customers/eventtype/").status_code == 200
    assert client.get("/admin/customers/eventtype/add/").status_code == 403
    assert client.get("/admin/customers/flow/").status_code == 200


def test_flow_is_saved_with_its_steps_in_order(operator: Client) -> None:
    form = {"key": "open", "title_en": "Opening", "steps": "B\nA\n\nB", "is_watched": "on"}

    operator.post("/admin/customers/flow/add/", form)

    assert Flow.objects.get().steps == ["B", "A"]
    assert AuditEntry.objects.filter(action="flow.save", subject="open").exists()


def test_page_of_a_flow_shows_each_step_beside_its_past(operator: Client) -> None:
    flow = Flow.objects.create(key="open", title_en="Opening", steps=["Started"])
    now = clock_now().replace(minute=0, second=0, microsecond=0)
    EventHour.objects.bulk_create(
        EventHour(name="Started", hour=now - HOUR * back, count=10) for back in range(30, 12 * 24)
    )
    operator.cookies["django_language"] = "zh-hans"

    page = operator.get(f"/admin/customers/flow/{flow.pk}/change/").content.decode()

    assert "Started" in page
    assert "缺失" in page


def test_missing_step_is_on_the_list_and_in_the_metrics(operator: Client) -> None:
    flow = Flow.objects.create(key="open", title_en="Opening", steps=["Started", "Signed"])
    now = clock_now()
    CoverageAlert.objects.create(
        flow=flow, event="Signed", silent_since=now, expected=9, arrived=0, opened_at=now
    )

    assert "Signed" in operator.get("/admin/customers/coveragealert/").content.decode()
    measured = operator.get("/metrics").content.decode()
    assert 'touchstone_flow_step_missing{event="Signed",flow="open"} 1.0' in measured
    assert 'touchstone_flow_step_missing{event="Started",flow="open"} 0.0' in measured


def test_switch_of_a_source_is_thrown_and_audited(operator: Client) -> None:
    source = create_api_key(name="site", scope=KeyScope.INGEST, now=clock_now()).source

    operator.post(f"/admin/customers/source/{source.pk}/act/", {"act": "quarantine"})

    assert Source.objects.get(pk=source.pk).unknown_events == "quarantine"
    assert AuditEntry.objects.filter(action="source.unknown_events").exists()
