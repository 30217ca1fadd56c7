"""What granian serves: events by a short way, everything else by the whole of Django."""

import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import django
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.urls import ResolverMatch, resolve
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# What a machine that sends events needs of MIDDLEWARE: no session, no form, no page. The rest took
# as long as reading the event.
SHORT_WAY = (
    "config.logs.request_id",
    "django.middleware.security.SecurityMiddleware",
    "compliance.reader.machine_language",
    "django.middleware.common.CommonMiddleware",
)
_ADDRESSES = "config.event_urls"


class EventHandler(WSGIHandler):
    """Django's handler with `SHORT_WAY` in place of MIDDLEWARE, and its own few addresses."""

    def load_middleware(self, is_async: bool = False) -> None:
        """The chain, built as Django builds its own."""
        self._view_middleware: list[object] = []
        self._template_response_middleware: list[object] = []
        self._exception_middleware: list[object] = []
        # The stubs leave out what the class keeps to itself and its heirs.
        innermost = self._get_response  # type: ignore[attr-defined]
        chain = convert_exception_to_response(innermost)
        for name in reversed(SHORT_WAY):
            chain = convert_exception_to_response(import_string(name)(chain))
        self._middleware_chain = chain

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """The view of an address."""
        request.urlconf = _ADDRESSES
        request.resolver_match = found = _view_of(request.path_info)
        return found


@lru_cache(maxsize=64)
def _view_of(path: str) -> ResolverMatch:
    """Kept: comparing an address with ten patterns took a tenth of the time of a single event.

    What is no address of ours raises, and is not kept.
    """
    return resolve(path, _ADDRESSES)


django.setup(set_prefix=False)
_everything = WSGIHandler()
_events = EventHandler()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request."""
    handler = _events if environ["PATH_INFO"].startswith("/v1/") else _everything
    return handler(environ, start_response)
