"""``/api/v1/tags``: what each tag of the dictionary means, in the language that is asked for."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.reader import language
from customers.api.bearer import READING, BearerKey, require
from customers.api.pages import PRIVATE, paged
from customers.api.problems import problems
from segments.catalogue.words import in_words
from segments.models import Tag, TagVersion
from segments.queries.tags import versions_in_force


class TagSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A tag by its newest version; ``missing``: the source that it lacks."""

    key = serializers.CharField()
    namespace = serializers.CharField()
    name = serializers.CharField()
    state = serializers.CharField()
    retires_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()
    owner = serializers.CharField()
    scene = serializers.CharField()
    purpose = serializers.CharField()
    definition = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name, too
    rule = serializers.JSONField(allow_null=True)
    refresh = serializers.CharField(allow_blank=True)
    ttl_days = serializers.IntegerField(allow_null=True)
    missing = serializers.CharField(allow_null=True)


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
        responses={200: paged(TagSerializer), **problems()},
    )
    def get(self, request: Request) -> Response:
        """By key, the retired among them."""
        require(request, READING)
        found = [_tag(version.tag, version) for version in versions_in_force()]
        told = {"results": found, "next": None}
        return Response(told, headers=PRIVATE)


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
