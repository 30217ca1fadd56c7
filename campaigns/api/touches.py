"""``/api/v1/touches``: every message that was decided, what became of it, and why."""

from typing import Any, Final

from django.utils.translation import gettext as _t
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.channels.base import Channel
from campaigns.models import Journey
from campaigns.queries.touches import Asked, touches_made
from campaigns.states import TouchState
from customers.api.bearer import READING, BearerKey, require
from customers.api.body import KnownFields
from customers.api.consents import standing_customer
from customers.api.fields import demand
from customers.api.pages import page, page_parameters, paged
from customers.api.problems import problems
from customers.queries.marks import LAST_ID
from customers.queries.rights import ids_of
from customers.vocabulary import Block

PAGE: Final = 50
PAGE_MOST: Final = 500
_CHANNELS: Final = sorted(channel.value for channel in Channel)
_STATES: Final = [state.value for state in TouchState]


class AskedSerializer(KnownFields):
    """Which touches; all of them unless something is said."""

    customer = serializers.CharField(max_length=128, default="", allow_blank=True)
    journey = serializers.CharField(max_length=80, default="", allow_blank=True)
    channel = serializers.ChoiceField(_CHANNELS, default="", allow_blank=True)
    state = serializers.ChoiceField(_STATES, default="", allow_blank=True)
    cursor = serializers.IntegerField(min_value=1, max_value=LAST_ID, default=LAST_ID)
    limit = serializers.IntegerField(min_value=1, max_value=PAGE_MOST, default=PAGE)


class TouchSerializer(serializers.Serializer):  # type: ignore[type-arg]  # not generic at run time
    """One message to one customer; ``key`` is its idempotency key at the provider."""

    key = serializers.UUIDField()
    customer = serializers.CharField(source="customer.customer_no")
    journey = serializers.CharField(source="journey.key")
    node = serializers.CharField()
    visit = serializers.IntegerField()
    channel = serializers.CharField()
    purpose = serializers.CharField()
    product = serializers.CharField()
    template = serializers.CharField(source="template_version.template.key")
    template_version = serializers.IntegerField(source="template_version.number")
    content_hash = serializers.CharField()
    account = serializers.CharField(source="account.key")
    state = serializers.ChoiceField(_STATES)
    reason = serializers.CharField()
    attempts = serializers.IntegerField()
    segments = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=14, decimal_places=6)
    currency = serializers.CharField()
    queued_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    handed_at = serializers.DateTimeField(allow_null=True)
    accepted_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField(allow_null=True)
    clicked_at = serializers.DateTimeField(allow_null=True)


class TouchesView(APIView):
    """Messages of all journeys."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="touches",
        parameters=[
            OpenApiParameter("customer", str, description="By the institution's number."),
            OpenApiParameter("journey", str, description="By its key."),
            OpenApiParameter("channel", str, enum=_CHANNELS),
            OpenApiParameter("state", str, enum=_STATES),
            *page_parameters(mark="cursor", usual=PAGE, most=PAGE_MOST),
        ],
        responses={
            200: paged(TouchSerializer),
            **problems(400, 404),
        },
    )
    def get(self, request: Request) -> Response:
        """The newest first, page by page."""
        demand(require(request, READING), [Block.TIMELINE])
        told = AskedSerializer(data=request.query_params.dict())
        told.is_valid(raise_exception=True)
        asked = told.validated_data
        return page(
            request,
            touches_made(_asked(asked), most=asked["limit"] + 1),
            limit=asked["limit"],
            mark="cursor",
            of=lambda touch: touch.pk,
            told=lambda shown: TouchSerializer(shown, many=True).data,
        )


def _asked(told: dict[str, Any]) -> Asked:
    """Raises NotFound: a customer or journey that is not there would look like one without any."""
    if told["journey"] and not Journey.objects.filter(key=told["journey"]).exists():
        raise NotFound(_t("There is no such journey."), code="unknown_journey")
    whose = ids_of(standing_customer(told["customer"])) if told["customer"] else None
    return Asked(
        customer_ids=whose,
        journey=told["journey"],
        channel=told["channel"],
        state=told["state"],
        before=told["cursor"],
    )
