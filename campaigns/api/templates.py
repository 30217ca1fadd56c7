"""``/api/v1/templates``: which there are; ``…/preview``: what one would say, and if it may."""

from typing import Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.actions.preview import Class, document, preview_template, read_asked
from campaigns.actions.templates import KIND
from campaigns.channels.base import Channel
from campaigns.errors import BadRequest
from campaigns.guards.purpose import APPROVED_FOR
from campaigns.queries.accounts import link_hosts
from campaigns.queries.templates import newest_versions
from compliance.lexicon_versions import lexicon_in_force
from compliance.queries import clock_now
from compliance.reader import say
from customers.api.bearer import READING, BearerKey, require
from customers.api.body import KnownFields
from customers.api.pages import PRIVATE, page, page_parameters, paged
from customers.api.problems import problems
from customers.queries.marks import LAST_ID

PAGE: Final = 50
PAGE_MOST: Final = 200


class AskedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A template and a customer's values; ``template`` is a text, or the texts by part. Of it and
    ``variants``, the same by locale, a customer of ``locale`` gets the one that fits him best.
    """

    template = serializers.JSONField()
    context = serializers.DictField(required=False)  # type: ignore[assignment]  # DRF has one, too
    channel = serializers.ChoiceField([channel.value for channel in Channel], required=False)
    purpose = serializers.ChoiceField(
        [purpose.value for purpose in APPROVED_FOR],
        required=False,
        help_text="What it is for; marketing unless told otherwise.",
    )
    locale = serializers.CharField(required=False, help_text="zh-Hans")
    variants = serializers.DictField(required=False, help_text="Templates by locale.")


class FindingSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One finding, with its place in the part."""

    code = serializers.CharField()
    message = serializers.CharField()
    part = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    column = serializers.IntegerField(allow_null=True)
    severity = serializers.CharField()


class RenderedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What would be sent."""

    output = serializers.JSONField(help_text="In the shape of the template.")
    segments = serializers.IntegerField(required=False, help_text="Of a text message.")
    problems = FindingSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """With ``class``, which no attribute can be called."""
        return {"class": serializers.ChoiceField([c.value for c in Class]), **super().get_fields()}


class PageSerializer(KnownFields):
    """Which page of the list."""

    cursor = serializers.IntegerField(min_value=0, max_value=LAST_ID, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=PAGE_MOST, default=PAGE)


class TemplateSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A template by its newest version; ``is_approved``: a second person approved exactly that."""

    key = serializers.CharField(source="template.key")
    name = serializers.CharField(source="template.name")
    channel = serializers.CharField(source="template.channel")
    version = serializers.IntegerField(source="number")
    parts = serializers.DictField(child=serializers.CharField())
    locales = serializers.ListField(child=serializers.CharField(), source="variants")
    product = serializers.CharField()
    purpose = serializers.ChoiceField(
        [purpose.value for purpose in APPROVED_FOR], help_text="What it is reviewed for."
    )
    content_hash = serializers.CharField()
    made_at = serializers.DateTimeField()
    is_approved = serializers.BooleanField()


class TemplatesView(APIView):
    """All templates."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="templates",
        parameters=page_parameters(mark="cursor", usual=PAGE, most=PAGE_MOST),
        responses={
            200: paged(TemplateSerializer),
            **problems(400),
        },
    )
    def get(self, request: Request) -> Response:
        """The oldest first, page by page."""
        require(request, READING)
        told = PageSerializer(data=request.query_params.dict())
        told.is_valid(raise_exception=True)
        limit, after = told.validated_data["limit"], told.validated_data["cursor"]
        return page(
            request,
            newest_versions(kind=KIND, after=after, most=limit + 1),
            limit=limit,
            mark="cursor",
            of=lambda version: version.template_id,
            told=lambda shown: TemplateSerializer(shown, many=True).data,
        )


class PreviewView(APIView):
    """One rendering."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="preview_template",
        request=AskedSerializer,
        responses={200: RenderedSerializer, **problems(400, 415)},
    )
    def post(self, request: Request) -> Response:
        """Render and judge; nothing is stored."""
        require(request, READING)
        try:
            asked = read_asked(request.data)
        except BadRequest as error:
            raise ValidationError({error.path or "/": [say(error)]}, code=error.code) from error
        today = timezone.localtime(clock_now()).date()
        preview = preview_template(
            asked=asked, on=today, hosts=link_hosts(), lexicon=lexicon_in_force()
        )
        return Response(document(preview), headers=PRIVATE)
