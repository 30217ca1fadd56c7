"""One trace for each touch, from the journey's decision to the receipt, linked to its event."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.receipts import take_receipts
from campaigns.channels.base import Receipt, ReceiptKind
from campaigns.models import ProviderAccount, Touch
from compliance.tracing import event_trace, is_on, use
from customers.models import Event
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    record_event,
    send_node,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    use(provider)
    yield exporter
    use(None)


def walk(monkeypatch: pytest.MonkeyPatch) -> Touch:
    """Event, touch, receipt."""
    make_memory_account(monkeypatch)
    make_template()
    (customer,) = make_people(1)
    record_event(customer, at=NOW - timedelta(hours=2), message_id="old")
    record_event(customer, at=NOW - timedelta(hours=1), message_id="cause")
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    touch = Touch.objects.get()
    receipt = Receipt(
        provider_event_id="1",
        key=touch.key.hex,
        provider_id=None,
        kind=ReceiptKind.DELIVERED,
        at=NOW,
        detail="to person0@example.com",
    )
    take_receipts(
        account=ProviderAccount.objects.get(), receipts=[receipt], now=NOW, shift=timedelta(0)
    )
    return touch


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def test_a_touch_is_one_trace_linked_to_the_event_before_it(
    spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch = walk(monkeypatch)
    told = spans.get_finished_spans()

    of_touch = [span for span in told if trace_of(span) == touch.key.hex]
    assert [span.name for span in of_touch] == ["touch.queued", "touch.sent", "touch.receipt"]
    cause = event_trace(Event.objects.get(message_id="cause").source_id, "cause")
    linked = [f"{link.context.trace_id:032x}" for link in of_touch[0].links]
    assert cause in linked
    assert cause in {trace_of(span) for span in told if span.name == "event"}
    stations = {trace_of(span): span.name for span in told}
    assert [stations[f"{s.links[0].context.trace_id:032x}"] for s in of_touch] == [
        "advance",
        "send",
        "receipts",
    ]
    assert {"ingest", "claim"} <= {span.name for span in told}


def test_no_attribute_names_a_person(
    spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk(monkeypatch)

    told = json.dumps([dict(span.attributes or {}) for span in spans.get_finished_spans()])

    assert "touchstone.channel" in told
    for private in ("person0", "example.com", "P00000"):
        assert private not in told


def test_nothing_is_traced_unless_somebody_collects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not is_on()

    walk(monkeypatch)

    assert Touch.objects.get().state == "delivered"
