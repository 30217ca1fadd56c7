"""What browser clients ask before they send: where to, with which key, and to whom else.

The answer to the last question is always nobody: events come here and go nowhere by the browser.
"""

import base64
from typing import Any, TypeGuard

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from customers.api.answers import open_to_browsers, preflight, refusal
from customers.models import Source
from customers.queries.sources import source_by_key
from customers.vocabulary import KeyScope

COLLECTING = frozenset({KeyScope.INGEST, KeyScope.MANAGE})
"""Keys that may send events."""


def may_be_key(secret: object) -> TypeGuard[str]:
    """Whether it could be a key at all; half a character could not even be hashed."""
    return isinstance(secret, str) and secret != "" and secret.isascii()


def _collecting_source(secret: object) -> Source | None:
    source = source_by_key(secret) if may_be_key(secret) else None
    return source if source and source.scope in COLLECTING else None


def basic_user(request: HttpRequest) -> str:
    """The user name of Basic authentication, "" when there is none; the password is not asked."""
    scheme, _space, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except ValueError:
        # No base64, no UTF-8, or letters beyond ASCII, which b64decode refuses in its own way.
        return ""


@csrf_exempt
def segment_settings(request: HttpRequest, write_key: str) -> HttpResponse:
    """`GET /v1/projects/<key>/settings`, as Segment's browser client reads it."""
    if request.method == "OPTIONS":
        return preflight()
    if _collecting_source(write_key) is None:
        return _unknown_key()
    destination: dict[str, Any] = {
        "apiKey": write_key,
        "apiHost": f"{request.get_host()}/v1",
        "protocol": request.scheme,
        "versionSettings": {},
    }
    return open_to_browsers(
        JsonResponse(
            {
                "integrations": {"Segment.io": destination},
                "plan": {"track": {"__default": {"enabled": True}}},
                "edgeFunction": {},
            }
        )
    )


@csrf_exempt
def rudder_settings(request: HttpRequest) -> HttpResponse:
    """`GET /sourceConfig/?writeKey=…`, as RudderStack's browser and mobile clients read it."""
    if request.method == "OPTIONS":
        return preflight()
    secret = basic_user(request) or request.GET.get("writeKey", "")
    source = _collecting_source(secret)
    if source is None:
        return _unknown_key()
    return open_to_browsers(
        JsonResponse(
            {
                "source": {
                    "id": source.key,
                    "name": source.name,
                    "writeKey": secret,
                    "enabled": True,
                    "config": {"statsCollection": {"errors": {"enabled": False}}},
                    "connections": [],
                    "destinations": [],
                    "workspaceId": "touchstone",
                },
                "isHosted": False,
                "updatedAt": source.created_at.isoformat(),
            }
        )
    )


def _unknown_key() -> HttpResponse:
    return refusal(404, "unknown_key", _("There is no such write key."))
