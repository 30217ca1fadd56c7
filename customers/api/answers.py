"""How the tracking endpoints answer: JSON that any page may read."""

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _

# The browser clients mark their retries; a header that the preflight does not name keeps the
# whole request from being sent.
_HEADERS = "Authorization, Content-Type, Content-Encoding, AnonymousId, X-Retry-Count"


def refusal(status: int, code: str, message: str, **headers: str) -> HttpResponse:
    """The request was not taken, and why."""
    answer = JsonResponse({"success": False, "code": code, "message": message}, status=status)
    for name, value in headers.items():
        answer[name] = value
    return open_to_browsers(answer)


def busy() -> HttpResponse:
    """Nothing was stored; the client keeps what it has and comes back."""
    return refusal(503, "busy", _("Try again in a moment."), **{"Retry-After": "2"})


def preflight() -> HttpResponse:
    """What a browser asks before it sends to another host."""
    return open_to_browsers(HttpResponse(status=204))


def open_to_browsers(answer: HttpResponse) -> HttpResponse:
    """Any page may send events: the write key is public and no cookie counts."""
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    answer["Access-Control-Allow-Headers"] = _HEADERS
    answer["Access-Control-Max-Age"] = "86400"
    return answer
