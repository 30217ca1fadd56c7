"""Who reads the page: his language, and the time zone its times are shown in."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import activate, get_language, get_language_from_request

from compliance.sentences import Language, Said, Spoken


def language() -> Language:
    """The language that is active for whoever is answered now."""
    return "zh" if (get_language() or "").startswith("zh") else "en"


def say(what: Said | Exception) -> str:
    """A finding or an error in the reader's language.

    Errors that are no `Spoken` were translated where they were raised.
    """
    return what.in_language(language()) if isinstance(what, Said | Spoken) else str(what)


def machine_language(
    answer: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the language that the request's header asks for. Django's own looks at addresses
    and cookies, which only people have, and took as long as reading the event."""

    def in_language(request: HttpRequest) -> HttpResponse:
        asked = "HTTP_ACCEPT_LANGUAGE" in request.META
        activate(get_language_from_request(request) if asked else settings.LANGUAGE_CODE)
        return answer(request)

    return in_language


def reader_time_zone(
    answer: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: times are the reader's; without a zone, or with a wrong one, the institution's.

    Stands behind the authentication, whose user it asks; a machine has no session and no zone.
    """

    def answer_in_zone(request: HttpRequest) -> HttpResponse:
        knows_reader = settings.SESSION_COOKIE_NAME in request.COOKIES
        zone = getattr(request.user, "time_zone", "") if knows_reader else ""
        with timezone.override(_zone(zone)):
            return answer(request)

    return answer_in_zone


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
