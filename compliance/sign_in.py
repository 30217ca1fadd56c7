"""Signing in to the console: so many tries, then a pause, and never a word about who exists.

A try is counted before the password is looked at, so that a hundred at once are no way around. It
counts for the name as typed together with the address it came from: somebody else's guesses lock
nobody out of his own desk. Only a keyed hash of both is kept, in PostgreSQL, where the loss of
Valkey changes nothing: people type passwords into the wrong box.
"""

import hmac
import ipaddress
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm

from compliance.models import SignInTries, User
from compliance.queries import COUNT_TRY

MOST_TRIES: Final = 5
PAUSE: Final = timedelta(minutes=15)
_KEPT: Final = timedelta(days=1)


class CountingBackend(ModelBackend):
    """Django's own backend behind the counter; whoever is locked out is simply not known."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **others: object,
    ) -> User | None:
        """The user, or None: whatever the reason, nothing tells it.

        Without a request nobody came from anywhere, and nothing is counted.
        """
        if request is None or username is None:
            return self._judged(request, username, password, **others)
        now, key = timezone.now(), tries_key(username, address_of(request))
        if not count_try(key=key, now=now):
            return None
        user = self._judged(request, username, password, **others)
        if user is not None:
            forget_tries(key=key, now=now)
        return user

    def _judged(
        self,
        request: HttpRequest | None,
        username: str | None,
        password: str | None,
        **others: object,
    ) -> User | None:
        found = super().authenticate(request, username, password, **others)
        return found if isinstance(found, User) else None


class SignInForm(AuthenticationForm):  # type: ignore[misc]
    """One sentence for every refusal: it tells of the pause those too who are not in it."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _(
            "Name and password do not fit, or this account may not sign in here. After five"
            " refusals nobody is let in by this name from your address for fifteen minutes."
        ),
    }


def count_try(*, key: bytes, now: datetime) -> bool:
    """Count one try; whether it may be made. The pause runs from the last try that was allowed."""
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT_TRY, {"key": key, "now": now, "since": now - PAUSE, "most": MOST_TRIES}
        )
        [tries] = cursor.fetchone()
    return int(tries) <= MOST_TRIES


def forget_tries(*, key: bytes, now: datetime) -> None:
    """Somebody signed in: his tries are over, and so are those that nobody made for a day."""
    SignInTries.objects.filter(key=key).delete()
    SignInTries.objects.filter(last_at__lt=now - _KEPT).delete()


def tries_key(username: str, address: str) -> bytes:
    """HMAC-SHA-256 of a name as typed and an address."""
    told = f"sign-in\n{username.strip().casefold()}\n{address}"
    return hmac.digest(str(settings.SECRET_KEY).encode(), told.encode("utf-8", "replace"), "sha256")


def address_of(request: HttpRequest) -> str:
    """Where the request came from, as the outermost proxy of our own saw it.

    What stands further left in X-Forwarded-For was written by whoever asked. Of an IPv6 address
    the first 64 bits count: the rest is its owner's to choose.
    """
    told = request.headers.get("X-Forwarded-For", "").split(",")
    hops = settings.PROXIES
    seen = told[-hops].strip() if 0 < hops <= len(told) else ""
    text = seen or str(request.META.get("REMOTE_ADDR", ""))
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)
