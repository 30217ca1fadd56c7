"""Events go a short way through Django, and lose nothing of it that a client could miss."""

import io
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler

from config.logs import HEADER
from config.wsgi import application


def ask(path: str, **environ: str) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of one request."""
    told: list[Any] = []
    body = b"".join(
        application(
            {
                "REQUEST_METHOD": "POST",
                "PATH_INFO": path,
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "80",
                "wsgi.input": io.BytesIO(b"{}"),
                "wsgi.url_scheme": "http",
                "CONTENT_LENGTH": "2",
                **environ,
            },
            lambda status, headers: told.extend([status, dict(headers)]),
        )
    )
    return told[0], told[1], body


@pytest.mark.django_db
def test_answer_to_an_event_has_its_length_its_id_and_is_not_sniffed() -> None:
    status, headers, body = ask("/v1/track", HTTP_X_REQUEST_ID="a-plain-request-id")

    assert status.startswith("401")
    assert headers["Content-Length"] == str(len(body))
    assert headers[HEADER] == "a-plain-request-id"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.django_db
def test_answer_to_an_event_is_in_the_clients_language() -> None:
    _status, _headers, body = ask("/v1/track", HTTP_ACCEPT_LANGUAGE="zh-hans")

    assert "密钥" in body.decode("unicode_escape")


@pytest.mark.django_db
def test_address_that_is_none_is_not_found_by_the_short_way_either() -> None:
    assert ask("/v1/nothing")[0].startswith("404")


def test_pages_go_the_whole_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answer = WSGIHandler.__call__

    def note(self: WSGIHandler, environ: Any, start_response: Any) -> Any:
        asked.append(type(self).__name__)
        return answer(self, environ, start_response)

    monkeypatch.setattr(WSGIHandler, "__call__", note)
    ask("/healthz", REQUEST_METHOD="GET")

    assert asked == ["WSGIHandler"]
