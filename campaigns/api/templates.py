"""``POST /api/v1/templates/preview``: what a template would say, and whether it may."""

from typing import Final

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.actions.preview import Class, document, preview_template, read_asked
from campaigns.channels.base import Channel
from campaigns.errors import BadRequest
from compliance.lexicon_versions import lexicon_in_force
from compliance.queries import clock_now
from compliance.reader import say
from customers.api.bearer import READING, BearerKey, require

_PROBLEM: Final = OpenApiResponse(OpenApiTypes.OBJECT, description="RFC 9457 problem")


class AskedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A template and a customer's values; ``template`` is a text, or the texts by part."""

    template = serializers.JSONField()
    context = serializers.DictField(required=False)  # type: ignore[assignment]  # DRF has one, too
    channel = serializers.ChoiceField([channel.value for channel in Channel], required=False)


class ProblemSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One finding, with its place in the part."""

    code = serializers.CharField()
    message = serializers.CharField()
    part = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    column = serializers.IntegerField(allow_null=True)
    severity = serializers.CharField()


class PreviewSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What would be sent."""

    output = serializers.JSONField(help_text="In the shape of the template.")
    segments = serializers.IntegerField(required=False, help_text="Of a text message.")
    problems = ProblemSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """With ``class``, which no attribute can be called."""
        return {"class": serializers.ChoiceField([c.value for c in Class]), **super().get_fields()}


class PreviewView(APIView):
    """One rendering."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="preview_template",
        request=AskedSerializer,
        responses={200: PreviewSerializer, 400: _PROBLEM, 401: _PROBLEM, 403: _PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Render and judge; nothing is stored."""
        require(request, READING)
        try:
            asked = read_asked(request.data)
        except BadRequest as error:
            raise ValidationError({error.path or "/": [say(error)]}, code=error.code) from error
        today = timezone.localtime(clock_now()).date()
        preview = preview_template(asked=asked, on=today, lexicon=lexicon_in_force())
        return Response(document(preview), headers={"Cache-Control": "no-store"})
