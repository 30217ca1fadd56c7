"""``/api/v1/audit``: who did what, with the hashes by which the chain can be checked elsewhere.

``hash`` is SHA-256, hex, as `compliance.models.AuditEntry` says.
"""

from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.models import AuditEntry
from customers.api.bearer import READING, BearerKey, require
from customers.api.body import KnownFields
from customers.api.fields import demand
from customers.api.pages import page, page_parameters, paged
from customers.api.problems import problems
from customers.queries.marks import LAST_ID
from customers.vocabulary import Block

PAGE: Final = 100
PAGE_MOST: Final = 1_000


class AskedSerializer(KnownFields):
    """Which entries; all of them unless something is said."""

    after = serializers.IntegerField(min_value=0, max_value=LAST_ID, default=0)
    action = serializers.CharField(max_length=80, default="", allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=PAGE_MOST, default=PAGE)


class EntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """One act."""

    class Meta:
        model = AuditEntry
        fields = (
            *("seq", "at", "actor", "action", "subject", "detail"),
            *("previous_hash", "hash"),
        )


class AuditView(APIView):
    """The audit trail."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="audit",
        parameters=[
            OpenApiParameter("action", str, description="Only this act, by its code."),
            *page_parameters(mark="after", usual=PAGE, most=PAGE_MOST),
        ],
        responses={200: paged(EntrySerializer), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """From the oldest on, page by page: whoever keeps the last number misses none."""
        demand(require(request, READING), [Block.AUDIT])
        told = AskedSerializer(data=request.query_params.dict())
        told.is_valid(raise_exception=True)
        asked: dict[str, Any] = told.validated_data
        entries = AuditEntry.objects.filter(seq__gt=asked["after"]).order_by("seq")
        if asked["action"]:
            entries = entries.filter(action=asked["action"])
        return page(
            request,
            list(entries[: asked["limit"] + 1]),
            limit=asked["limit"],
            mark="after",
            of=lambda entry: entry.seq,
            told=lambda shown: EntrySerializer(shown, many=True).data,
        )
