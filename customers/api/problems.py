"""Errors of `/api/v1/` as RFC 9457 problem+json."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from django.core.exceptions import PermissionDenied
from django.http import Http404
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.exceptions import PermissionDenied as NotPermitted
from rest_framework.response import Response
from rest_framework.views import exception_handler

CONTENT_TYPE: Final = "application/problem+json"
Described: TypeAlias = dict[tuple[int, str], OpenApiResponse]
# Without a key, with one that may not, for whoever takes no JSON.
_ALWAYS: Final = (401, 403, 406)


class ProblemSerializer(serializers.Serializer):  # type: ignore[type-arg]  # not generic at run time
    """Why a request was refused (RFC 9457); `title` is a code for programs."""

    type = serializers.CharField()
    status = serializers.IntegerField()
    title = serializers.CharField()
    detail = serializers.CharField(required=False)
    errors = serializers.JSONField(  # type: ignore[assignment]  # a serializer has some, too
        required=False, help_text="By field, where `title` is invalid."
    )
    path = serializers.CharField(required=False, help_text="JSON pointer to what is wrong.")
    reference = serializers.CharField(required=False, help_text="Under which the log tells more.")


def problems(*statuses: int) -> Described:
    """What the schema says of refusals: those of every door, and these."""
    return {
        (code, CONTENT_TYPE): OpenApiResponse(ProblemSerializer)
        for code in sorted({*_ALWAYS, *statuses})
    }


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
    match error:
        case Http404():
            error = NotFound(*error.args)
        case PermissionDenied():
            error = NotPermitted(*error.args)
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
