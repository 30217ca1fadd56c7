"""Lists of the open API: `{"results": [...], "next": address or null}`, page by page."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

PRIVATE: Final = {"Cache-Control": "no-store"}
_Row = TypeVar("_Row")


def paged(
    row: type[serializers.BaseSerializer[Any]], **beside: serializers.Field[Any, Any, Any, Any]
) -> serializers.Serializer[Any]:
    """What the schema says of a page of such rows; ``beside``: what else the page tells."""
    fields = {
        "results": row(many=True),
        "next": serializers.URLField(allow_null=True, help_text="Of the next page."),
    }
    name = row.__name__.removesuffix("Serializer") + "Page"
    return inline_serializer(name, fields={**fields, **beside})


def page_parameters(*, mark: str, usual: int, most: int) -> list[OpenApiParameter]:
    """What the schema says of a list's paging; ``mark`` is the parameter that leads on."""
    return [
        OpenApiParameter(mark, int, description="As `next` of the page before has it."),
        OpenApiParameter("limit", int, description=f"1 to {most}; {usual} unless given."),
    ]


def page(
    request: Request,
    found: Sequence[_Row],
    *,
    limit: int,
    mark: str,
    of: Callable[[_Row], object],
    told: Callable[[Sequence[_Row]], Any],
    **kept: object,
) -> Response:
    """One page and the address of the next.

    Parameters
    ----------
    found : the rows asked for, and one more where there is one
    mark, of : the parameter that leads on, and its value where a page ends with this row
    told : the rows as they are told
    kept : what the address of the next page names besides
    """
    shown = found[:limit]
    following = None
    if len(found) > limit:
        following = address(request, **{**kept, mark: of(shown[-1])})
    return Response({"results": told(shown), "next": following}, headers=PRIVATE)


def address(request: Request, **marks: object) -> str:
    """Where the next page is: what was asked, with these parameters."""
    following: str = request.build_absolute_uri()
    for name, value in marks.items():
        following = replace_query_param(following, name, value)
    return following
