"""``/api/v1/tags``: what each tag of the dictionary means, in the language that is asked for."""

from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.reader import language
from customers.api.bearer import READING, BearerKey, require
from segments.catalogue.words import in_words
from segments.models import Tag, TagVersion
from segments.queries.tags import versions_in_force

_PROBLEM: Final = OpenApiResponse(OpenApiTypes.OBJECT, description="RFC 9457 problem")


class DictionaryView(APIView):
    """All tags there are, some hundred, on one page."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="tags",
        parameters=[
            OpenApiParameter(
                "Accept-Language",
                str,
                OpenApiParameter.HEADER,
                description="`en` or `zh-hans`. What a person typed is told as typed.",
            )
        ],
        responses={200: OpenApiTypes.OBJECT, 401: _PROBLEM, 403: _PROBLEM},
    )
    def get(self, request: Request) -> Response:
        """By key, the retired among them."""
        require(request, READING)
        found = [_tag(version.tag, version) for version in versions_in_force()]
        told = {"results": found, "next": None}
        return Response(told, headers={"Cache-Control": "no-store"})


def _tag(tag: Tag, newest: TagVersion) -> dict[str, Any]:
    spoken = language()

    def told(text: str) -> str:
        return in_words(tag=tag.key, text=text, language=spoken)

    return {
        "key": tag.key,
        "namespace": tag.namespace,
        "name": tag.label(spoken),
        "state": tag.state,
        "retires_at": tag.retires_at,
        "version": newest.number,
        "owner": told(newest.owner),
        "scene": told(newest.scene),
        "purpose": told(newest.purpose),
        "definition": told(newest.definition),
        "source": newest.source,
        "rule": newest.rule,
        "refresh": newest.refresh,
        "ttl_days": newest.ttl_days,
        "missing": told(newest.missing) or None,
    }
