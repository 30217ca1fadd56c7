"""`Idempotency-Key`: a write that a client sends again, not knowing of the first, is done once.

Source: IETF, draft-ietf-httpapi-idempotency-key-header-07.
"""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec, TypeVar

from django.utils.translation import gettext as _t
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.queries import clock_now
from customers.actions.once import Answer, once
from customers.api.problems import Unusable
from customers.errors import CustomersError
from customers.models import Source

HEADER: Final = "Idempotency-Key"
AGAIN: Final = "Idempotent-Replayed"
_PRIVATE: Final = {"Cache-Control": "no-store"}
_HEADER: Final = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Yours for this one write: sent again within a day, it is answered and not redone.",
)
# A structured string, or the same without its quotes, as most clients send it.
_KEY: Final = re.compile(r'"?([\x21\x23-\x5b\x5d-\x7e]{1,255})"?')

_P = ParamSpec("_P")
_View = TypeVar("_View", bound=APIView)
_Write = Callable[Concatenate[_View, Request, _P], Response]


class UnderWay(APIException):
    """Another connection is at this request."""

    status_code = 409
    default_code = "request_under_way"


class KeyReused(APIException):
    """The key stood for another request."""

    status_code = 422
    default_code = "key_reused"


def repeatable(write: _Write[_View, _P]) -> _Write[_View, _P]:
    """A method of a view that is done once for each `Idempotency-Key` of a client's key.

    Without the header it is done as often as it is sent. What was refused is judged anew.
    """

    @wraps(write)
    def answered(view: _View, request: Request, /, *args: _P.args, **kwargs: _P.kwargs) -> Response:
        given = request.headers.get(HEADER)
        source = request.auth
        if given is None or not isinstance(source, Source):
            return write(view, request, *args, **kwargs)
        refusals = list[APIException]()

        def act() -> Answer | None:
            try:
                response = write(view, request, *args, **kwargs)
            except APIException as refusal:
                # What it put on record, as that it asked for too much, stays on record.
                refusals.append(refusal)
                return None
            return Answer(status=response.status_code, body=_plain(response.data))

        try:
            answer = once(
                source=source, key=_key(given), asked=_asked(request), act=act, now=clock_now()
            )
        except CustomersError as error:
            raise _PROBLEMS[error.code]() from error
        if answer is None:
            raise refusals[0]
        again = {AGAIN: "true"} if answer.is_again else {}
        return Response(answer.body, status=answer.status, headers={**_PRIVATE, **again})

    return extend_schema(parameters=[_HEADER])(answered)


def _key(given: str) -> str:
    found = _KEY.fullmatch(given.strip())
    if found is None:
        raise Unusable(
            _t("%(header)s is 1 to 255 printable ASCII characters.") % {"header": HEADER},
            code="key_unreadable",
            path="",
        )
    return found[1]


def _asked(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, default=str)
    return f"{request.method} {request.get_full_path()}\n{body}"


def _plain(told: object) -> object:
    """What the client reads: dates and decimals as text."""
    return None if told is None else json.loads(JSONRenderer().render(told))


def _under_way() -> APIException:
    return UnderWay(_t("This request is being answered: try again in a moment."))


def _key_reused() -> APIException:
    return KeyReused(_t("This key stood for another request: give each its own."))


_PROBLEMS: Final = {"request_under_way": _under_way, "key_reused": _key_reused}
