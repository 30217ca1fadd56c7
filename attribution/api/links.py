"""``GET /r/<token>``: follow a tracked link. ``GET /o/<token>.gif``: a message was opened."""

import base64
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.encoding import iri_to_uri
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from attribution.actions.clicks import Visitor, follow
from attribution.actions.opens import opened
from compliance.queries import clock_now

# One transparent pixel, GIF89a.
_PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# By which browsers, now and before, say that nobody has asked yet.
_PURPOSES: Final = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


@csrf_exempt
@require_safe
def redirect(request: HttpRequest, token: str) -> HttpResponse:
    """302 to the stored target; 404 for a token that isn't ours. The query string has no say."""
    target = follow(token=token, visitor=_visitor(request), now=clock_now())
    if target is None:
        raise Http404
    response = HttpResponse(status=302)
    # A header holds ASCII only: letters beyond it travel percent-encoded.
    response["Location"] = iri_to_uri(target)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


@csrf_exempt
@require_safe
def pixel(request: HttpRequest, token: str) -> HttpResponse:
    """One transparent pixel, never from a cache; 404 for a token that isn't ours."""
    if not opened(token=token, visitor=_visitor(request), now=clock_now()):
        raise Http404
    response = HttpResponse(_PIXEL, content_type="image/gif")
    response["Cache-Control"] = "no-store"
    return response


def _visitor(request: HttpRequest) -> Visitor:
    return Visitor(
        method=request.method or "GET",
        user_agent=request.headers.get("User-Agent", ""),
        purpose=" ".join(filter(None, map(request.headers.get, _PURPOSES))),
    )
