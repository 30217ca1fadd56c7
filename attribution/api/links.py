"""``GET /r/<token>``: follow a tracked link."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.encoding import iri_to_uri
from django.views.decorators.http import require_safe

from attribution.actions.clicks import Visitor, follow
from compliance.queries import clock_now


@require_safe
def redirect(request: HttpRequest, token: str) -> HttpResponse:
    """302 to the stored target; 404 for a token that isn't ours. The query string has no say."""
    visitor = Visitor(
        method=request.method or "GET",
        user_agent=request.headers.get("User-Agent", ""),
        purpose=request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")),
    )
    target = follow(token=token, visitor=visitor, now=clock_now())
    if target is None:
        raise Http404
    response = HttpResponse(status=302)
    # A header holds ASCII only: letters beyond it travel percent-encoded.
    response["Location"] = iri_to_uri(target)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
