"""The tracking endpoints: Segment's HTTP specification on plain Django views.

The stock clients' quirks decide the shape: the body is read raw and never through
`request.POST`, a poisoned event answers 200 (clients would send its whole batch again for ever),
and the answer comes only after the transaction has committed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from compliance.reader import say
from compliance.sentences import Said
from customers.actions.collect import Collected, collect
from customers.api import quota
from customers.api.answers import busy, open_to_browsers, preflight, refusal
from customers.api.client_settings import COLLECTING, basic_user, may_be_key
from customers.errors import BodyRefused
from customers.queries.plan import plan_of
from customers.queries.sources import caller_by_key
from customers.tracking import reasons
from customers.tracking.body import Irregular, parse_body
from customers.tracking.parse import Envelope, Message, Rejection, batch_context, parse_message
from customers.tracking.storable import EVENT_BYTES

BATCH_BYTES = 500 * 1024
BATCH_MESSAGES = 2_500
# A batch's context is stored with each of its events: a small body must not become a large one.
_CONTEXTS_BYTES = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_UNPACKABLE = 415
# Requests worked on at once by a process; more would only wait for the same disk and hold their
# bodies in memory meanwhile. One less than the web server has threads (`config.supervisor`): when
# the database stands still, one is left to say so, and to answer whoever watches over us.
_AT_ONCE = 3
_turns = threading.BoundedSemaphore(_AT_ONCE)
_PATIENCE = 0.5  # seconds a request may wait for its turn before it is told to come back

View = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A request's messages, good and bad."""

    messages: list[Message]
    rejections: list[Rejection]


def endpoint(kind: str) -> View:
    """The view of one call of the specification (``track``, …, ``batch``, ``import``)."""

    @csrf_exempt
    def view(request: HttpRequest) -> HttpResponse:
        if request.method == "OPTIONS":
            return preflight()
        if request.method != "POST":
            return refusal(405, "method_not_allowed", _("Use POST."), Allow="POST, OPTIONS")
        if not _turns.acquire(timeout=_PATIENCE):
            return busy()
        try:
            return _answer(request, kind)
        except BodyRefused as refused:
            # RFC 9110 §12.5.3: a 415 for how a body is packed says how it may be.
            told = {"Accept-Encoding": "gzip"} if refused.status == _UNPACKABLE else {}
            return refusal(refused.status, refused.code, say(refused), **told)
        except (OperationalError, InterfaceError):
            # The database is away or overloaded: nothing was stored, the client keeps its batch.
            return busy()
        finally:
            _turns.release()

    return view


def _answer(request: HttpRequest, kind: str) -> HttpResponse:
    is_batch = kind in {"batch", "import"}
    limit = BATCH_BYTES if is_batch else EVENT_BYTES
    raw = _read(request, limit=limit)
    encoding = request.headers.get("Content-Encoding", "")
    document = parse_body(raw, content_encoding=encoding, limit=limit)
    secret: object = basic_user(request)
    if not secret and isinstance(document, dict):
        secret = document.get("writeKey")
    caller = caller_by_key(secret) if may_be_key(secret) else None
    if caller is None or caller.source is None or caller.source.scope not in COLLECTING:
        return refusal(
            401, "unknown_key", _("Send a live write key."), **{"WWW-Authenticate": "Basic"}
        )
    parsed = _parse(document, kind, caller.now)
    count = len(parsed.messages) + len(parsed.rejections)
    if wait := quota.take(caller.source.pk, caller.source.per_minute, count, caller.now):
        return refusal(
            429,
            "rate_limited",
            _("This key has sent its events of this minute. Send the rest later."),
            **{"Retry-After": str(wait)},
        )
    collected = collect(
        source=caller.source,
        messages=parsed.messages,
        rejections=parsed.rejections,
        now=caller.now,
        plan=plan_of(caller.plan_version),
    )
    return open_to_browsers(JsonResponse(_body(collected)))


def _read(request: HttpRequest, *, limit: int) -> bytes:
    """The body, at most `limit` bytes of it, whether or not its length was announced."""
    too_large = BodyRefused(reasons.BODY_TOO_LARGE, status=413)
    announced = request.META.get("CONTENT_LENGTH") or ""
    stream = request.META["wsgi.input"]
    if announced.isdigit():
        if int(announced) > limit:
            raise too_large
        return bytes(stream.read(int(announced)))
    body = bytearray()
    if request.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return b""
    while chunk := stream.read(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def _parse(document: object, kind: str, now: datetime) -> Parsed:
    if isinstance(document, Irregular) and document.code == reasons.DUPLICATE_KEY.code:
        raise BodyRefused(reasons.BODY_DUPLICATE_KEY)
    if not isinstance(document, dict):
        raise BodyRefused(reasons.BODY_NOT_AN_OBJECT)
    if kind not in {"batch", "import"}:
        items, envelope = [document], Envelope(kind=kind, received_at=now)
    else:
        items = _items(document)
        context, encoded = batch_context(document.get("context"))
        if len(encoded) * len(items) > _CONTEXTS_BYTES:
            raise BodyRefused(reasons.BATCH_CONTEXT_TOO_LARGE, status=413)
        envelope = Envelope(
            kind=None,
            received_at=now,
            sent_at=document.get("sentAt"),
            context=context,
            context_json=encoded,
            is_import=kind == "import",
        )
    verdicts = [
        parse_message(item, index=index, envelope=envelope) for index, item in enumerate(items)
    ]
    return Parsed(
        messages=[verdict for verdict in verdicts if isinstance(verdict, Message)],
        rejections=[verdict for verdict in verdicts if isinstance(verdict, Rejection)],
    )


def _items(document: dict[str, Any]) -> list[Any]:
    items = document.get("batch")
    if not isinstance(items, list):
        raise BodyRefused(reasons.BATCH_INVALID)
    if len(items) > BATCH_MESSAGES:
        raise BodyRefused(reasons.BATCH_TOO_LARGE, status=413)
    return items


def _body(collected: Collected) -> dict[str, Any]:
    body: dict[str, Any] = {"success": True}
    if collected.rejections:
        body["rejected"] = [
            {
                "index": rejection.index,
                "messageId": rejection.message_id,
                "code": rejection.said.code,
                "message": say(rejection.said),
            }
            for rejection in collected.rejections
        ]
    if collected.ignored:
        body["ignored"] = [
            {
                "index": one.message.index,
                "messageId": one.message.call.get("messageId") or one.message.event.message_id,
                "fields": list(one.fields),
                "reasons": [
                    {"field": name, "code": why.code, "message": say(Said(sentence=why))}
                    for name, why in one.fields.items()
                ],
            }
            for one in collected.ignored
        ]
    return body
