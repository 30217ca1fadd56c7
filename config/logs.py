"""Logs as one JSON document a line, for machines to read, without personal data.

Every line carries the id of the request or task it was written in. What looks like a person is
masked last of all, in the text that leaves: also in tracebacks and in what libraries say.
"""

import json
import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

from celery import current_task
from django.http import HttpRequest, HttpResponse

from compliance.masking import mask
from customers.identifiers import redact

HEADER: Final = "X-Request-ID"
# Numbers and hashes of the audit chain, which somebody will compare digit by digit.
ANCHORS: Final = "compliance.audit"
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9-]{8,64}")

_request_id: ContextVar[str] = ContextVar("request_id", default="")


class JsonLines(logging.Formatter):
    """A record as ``{"at", "level", "logger", "message", "request", "process", "error"?}``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line: line breaks in messages and tracebacks are escaped by JSON."""
        message = record.getMessage()
        told: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message if record.name == ANCHORS else _masked(message),
            "request": _request_id.get() or _task_id(),
            "process": record.process,
        }
        if record.exc_info:
            told["error"] = _masked(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


def _masked(text: str) -> str:
    """Hidden as in any text, and escaped or behind letters, as addresses of pages hold them."""
    return redact(mask(text))


def current_id() -> str:
    """The id of the request under way: what the answer tells and the log keeps."""
    return _request_id.get()


def request_id(
    answer: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: an id for each request, the proxy's own if it gave a plain one; told back."""

    def answer_with_id(request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        # It stands in each line of the log: a phone number is none.
        is_plain = _GIVEN_ID.fullmatch(given) and redact(given) == given
        chosen = given if is_plain else uuid.uuid4().hex
        # It stays until the thread's next request: Django tells of a refusal only after this.
        _request_id.set(chosen)
        response = answer(request)
        response[HEADER] = chosen
        return response

    return answer_with_id


def _task_id() -> str:
    return str(current_task.request.id or "") if current_task else ""
