"""What is answered where no page answers: an address that leads nowhere, an act that broke.

Nothing of the inside is told: no statement, no file, no setting. The reference is the id under
which the log holds the whole of it.
"""

import logging
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _t
from psycopg.errors import DeadlockDetected

from config.logs import current_id

log = logging.getLogger(__name__)
PROGRAMS: Final = ("/api/", "/v1/", "/hooks/")
"""Where programs ask: they are answered by a problem (RFC 9457)."""


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400"""
    return _refusal(request, 400, _t("This cannot be read."), _t("Go back and try it anew."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403"""
    return _refusal(
        request,
        403,
        _t("Not with your role."),
        _t("Ask somebody whose role may do this, or have yours changed."),
    )


def foreign_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form without our token, which another site may have sent (CSRF)."""
    return _refusal(
        request,
        403,
        _t("This form is too old, or was not ours."),
        _t("Open its page again and send it from there. Cookies have to be allowed."),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404"""
    return _refusal(
        request,
        404,
        _t("There is nothing here."),
        _t("The address is wrong, or what it led to is gone."),
    )


def broken(request: HttpRequest) -> HttpResponse:
    """500"""
    return _refusal(
        request,
        500,
        _t("Something broke here."),
        _t("Nothing was done by halves. Tell the operators the reference: their log has the rest."),
    )


class OneOfTwo:
    """Middleware: an act that the database ended because another and it waited for each other.

    Its transaction is undone. It is not run again from here: a request may consist of several, of
    which the first is done.
    """

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """503, which programs send again by themselves; None for every other error."""
        if not isinstance(error.__cause__, DeadlockDetected):
            return None
        log.warning("two acts waited for each other: %s", request.path, exc_info=error)
        refusal = _refusal(
            request,
            503,
            _t("Somebody else was changing the same at this moment."),
            _t("Your change was not made. Go back and send it again."),
        )
        refusal["Retry-After"] = "1"
        return refusal


def _refusal(request: HttpRequest, status: int, title: str, detail: str) -> HttpResponse:
    reference = current_id()
    if request.path.startswith(PROGRAMS):
        told = {"type": "about:blank", "status": status, "title": title, "detail": detail}
        return JsonResponse(
            {**told, "reference": reference},
            status=status,
            content_type="application/problem+json",
            json_dumps_params={"ensure_ascii": False},
        )
    page = render_to_string(
        "refusal.html",
        {
            "title": title,
            "detail": detail,
            "reference": reference,
            # Customers get such pages, too: the way into the console is none of theirs.
            "is_console": request.path.startswith("/admin/"),
        },
    )
    return HttpResponse(page, status=status)
