"""Lists of the open API: `{"results": [...], "next": address or null}`, page by page."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

PRIVATE: Final = {"Cache-Control": "no-store"}
_Row = TypeVar("_Row")


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
) -> Response:
    """One page and the address of the next.

    Parameters
    ----------
    found : the rows asked for, and one more where there is one
    mark, of : the parameter that leads on, and its value where a page ends with this row
    told : the rows as they are told
    """
    shown = found[:limit]
    following = None
    if len(found) > limit:
        following = replace_query_param(request.build_absolute_uri(), mark, of(shown[-1]))
    return Response({"results": told(shown), "next": following}, headers=PRIVATE)
