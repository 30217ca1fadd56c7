"""``/api/v1/events``: what tracking clients sent, as it is stored."""

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _t
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.queries import clock_now
from customers.api.bearer import READING, BearerKey, require
from customers.api.body import KnownFields, Moment
from customers.api.fields import demand
from customers.api.pages import PRIVATE, address, paged
from customers.api.problems import problems
from customers.queries.ledger import FIRST, LedgerEvent, recorded_events
from customers.tracking.parse import FUTURE_ALLOWED
from customers.vocabulary import Block

PAGE_MOST: Final = 500


class AskedSerializer(KnownFields):
    """Which events; all of them unless something is said."""

    user_id = serializers.CharField(max_length=256, default="", allow_blank=True)
    name = serializers.CharField(max_length=256, default="", allow_blank=True)
    after = Moment(default=None)
    before = Moment(default=None)
    cursor = serializers.CharField(max_length=64, default="", allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=PAGE_MOST, default=50)


class EventSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One event; ``timestamp`` is when it happened, by our clock."""

    type = serializers.CharField()
    name = serializers.CharField()
    message_id = serializers.CharField()
    user_id = serializers.CharField(allow_null=True)
    anonymous_id = serializers.CharField(allow_null=True)
    timestamp = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    properties = serializers.DictField()


class EventsView(APIView):
    """The ledger of events."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="events_list",
        parameters=[
            OpenApiParameter("user_id", str, description="As the client sent it."),
            OpenApiParameter("name", str, description="Only events of this name."),
            OpenApiParameter("after", OpenApiTypes.DATETIME, description="Happened after it."),
            OpenApiParameter("before", OpenApiTypes.DATETIME, description="Happened until then."),
            OpenApiParameter("cursor", str, description="As `next` of the page before has it."),
            OpenApiParameter("limit", int, description=f"1 to {PAGE_MOST}; 50 unless given."),
        ],
        responses={200: paged(EventSerializer), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """The newest first, page by page."""
        demand(require(request, READING), [Block.TIMELINE])
        told = AskedSerializer(data=request.query_params.dict())
        told.is_valid(raise_exception=True)
        asked = told.validated_data
        try:
            page, mark = recorded_events(
                user_id=asked["user_id"],
                name=asked["name"],
                after=asked["after"] or FIRST,
                before=asked["before"] or _latest(),
                mark=asked["cursor"],
                most=asked["limit"],
            )
        except (ValueError, OverflowError) as error:
            raise ValidationError({"cursor": [_t("It is no mark of a page.")]}) from error
        results = [_told(event) for event in page]
        following = address(request, cursor=mark) if mark else None
        return Response({"results": results, "next": following}, headers=PRIVATE)


def _latest() -> datetime:
    # A client's clock may be a little ahead of ours.
    return clock_now() + FUTURE_ALLOWED


def _told(event: LedgerEvent) -> dict[str, Any]:
    return {
        "type": event.kind,
        "name": event.name,
        "message_id": event.message_id,
        "user_id": event.user_id,
        "anonymous_id": event.anonymous_id,
        "timestamp": event.occurred_at,
        "received_at": event.received_at,
        "properties": event.properties,
    }
