"""Errors of `/api/v1/` as RFC 9457 problem+json."""

from collections.abc import Mapping
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

CONTENT_TYPE = "application/problem+json"


class Refused(APIException):
    """The verb said no; its sentence says why."""

    status_code = 409
    default_code = "refused"


class Unusable(APIException):
    """The body is no document of its kind; ``path`` points to the place (RFC 6901)."""

    status_code = 400
    default_code = "unusable"

    def __init__(self, detail: str, *, code: str, path: str) -> None:
        super().__init__(detail, code)
        self.path = path


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """What REST framework would answer, in the form of a problem; None for what is no client's
    fault."""
    told = exception_handler(error, dict(context))
    if told is None:
        return None
    detail = getattr(error, "detail", "")
    code = getattr(detail, "code", getattr(error, "default_code", "error"))
    body: dict[str, Any] = {"type": "about:blank", "status": told.status_code, "title": code}
    if isinstance(error, ValidationError):
        body |= {"title": "invalid", "detail": "The request cannot be read.", "errors": detail}
        told.status_code = body["status"] = status.HTTP_400_BAD_REQUEST
    else:
        body["detail"] = str(detail) or str(error)
    if isinstance(error, Unusable):
        body["path"] = error.path
    told.data = body
    told.content_type = CONTENT_TYPE
    return told
