"""Bearer keys of `/api/v1/`: the server keys that `create_api_key` makes."""

from collections.abc import Collection

from django.utils.translation import gettext as _t
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.request import Request

from customers.models import Source
from customers.queries.sources import source_by_key
from customers.vocabulary import KeyScope

READING = frozenset({KeyScope.READ, KeyScope.MANAGE})
WRITING = frozenset({KeyScope.MANAGE})


class BearerKey(BaseAuthentication):
    """`Authorization: Bearer <key>`; `request.auth` becomes the key's source."""

    def authenticate(self, request: Request) -> tuple[None, object] | None:
        """The source, or nothing where no bearer is given."""
        secret = bearer(request)
        if secret is None:
            return None
        source = source_by_key(secret)
        if source is None:
            raise AuthenticationFailed(_t("Send a live key."))
        return None, source

    def authenticate_header(self, request: Request) -> str:
        """What makes a missing key a 401."""
        return "Bearer"


def bearer(request: Request) -> str | None:
    """What follows `Bearer`, None where the header says something else or nothing."""
    words = get_authorization_header(request).split()
    if len(words) != 2 or words[0].lower() != b"bearer":
        return None
    return words[1].decode("ascii", "replace")


def require(request: Request, scopes: Collection[str]) -> Source:
    """The source of a key with one of these scopes.  Raises 401 or 403."""
    if request.auth is None:
        raise NotAuthenticated(_t("Send a live key."))
    if not isinstance(request.auth, Source) or request.auth.scope not in scopes:
        raise PermissionDenied(_t("This key may not do that."))
    return request.auth
