"""Traces from event to touch to receipt, over all processes, with nothing stored for them.

The id of a trace is made from the id of its row: a touch's idempotency key, an event's source and
message id. So every process adds its spans to the same trace, and a touch's trace links to that of
the event before it. Off until `use` is called. Attributes name rows and states, never people.
"""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, TraceFlags

_EVENTS: Final = uuid.UUID("5f0b7c8e-0e0a-4f39-9d2a-94c1d3ef7a35")
_NONE: Final = trace.NoOpTracerProvider()

_provider: trace.TracerProvider = _NONE


def use(provider: trace.TracerProvider | None) -> None:
    """Give spans to this provider from now on; None ends it."""
    global _provider
    _provider = provider or _NONE


def is_on() -> bool:
    """Whether anybody takes the spans."""
    return _provider is not _NONE


def span(name: str, **attributes: str | int) -> AbstractContextManager[Span]:
    """A span around a block: the work of one station on one batch."""
    told = {f"touchstone.{key}": value for key, value in attributes.items()}
    return _provider.get_tracer("touchstone").start_as_current_span(name, attributes=told)


def event_trace(source_id: int, message_id: str) -> str:
    """The trace of an event, 32 hex digits."""
    return uuid.uuid5(_EVENTS, f"{source_id}:{message_id}").hex


def note(
    name: str,
    rows: Mapping[str, Mapping[str, str | int]],
    causes: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Add one span to the trace of each row.

    Parameters
    ----------
    rows : attributes by the row's trace id (32 hex digits)
    causes : by the same id, the traces it links to, beside the station's span it is noted in
    """
    if not is_on():
        return
    station = trace.get_current_span().get_span_context()
    for row, attributes in rows.items():
        linked = [station, *(_root(cause) for cause in (causes or {}).get(row, ()))]
        _provider.get_tracer("touchstone").start_span(
            name,
            context=trace.set_span_in_context(NonRecordingSpan(_root(row))),
            attributes={f"touchstone.{key}": value for key, value in attributes.items()},
            links=[Link(context) for context in linked if context.is_valid],
        ).end()


def _root(row: str) -> SpanContext:
    """The span every process takes as the beginning of the row's trace."""
    number = int(row, 16)
    return SpanContext(
        trace_id=number,
        span_id=number & 0xFFFF_FFFF_FFFF_FFFF,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
