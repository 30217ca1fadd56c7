"""``/api/v1/customers/{id}`` and below: what is known of a customer, as far as a key may see it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _t
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.queries import clock_now
from customers.actions.correct import correct_customer
from customers.actions.rights import reveal
from customers.api.bearer import READING, WRITING, BearerKey, require
from customers.api.body import KnownFields, require_known
from customers.api.consents import standing_customer
from customers.api.fields import demand, granted
from customers.api.once import repeatable
from customers.api.pages import PRIVATE, address, paged
from customers.api.problems import Refused, problems
from customers.errors import CustomersError
from customers.models import NEWEST_TOLD, Customer, Identity, Source
from customers.queries.identities import masked, masked_name
from customers.queries.timeline import timeline
from customers.reports.portrait import FIELDS, portrait
from customers.vocabulary import Block, CustomerStatus

PAGE_MOST: Final = 200
_IDENTITY: Final = frozenset({"name", "gender", "birth_on", "city", "region", "identifiers"})
TOLD: Final[Mapping[Block, frozenset[str]]] = {Block.IDENTITY: _IDENTITY, **FIELDS}
"""Every field that the call tells, by block: each can be given to a key, or not."""


class PartSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One block: its values, of when they are, and whether they can be relied on."""

    values = serializers.DictField()
    as_of = serializers.CharField(allow_null=True)
    quality = serializers.ChoiceField(["ok", "stale", "doubtful", "expired", "missing"])


class CustomerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What the key may see, block by block."""

    customer_no = serializers.CharField()
    status = serializers.CharField()
    as_of = serializers.DateTimeField()
    identity = serializers.DictField(required=False)
    assets = PartSerializer(required=False)
    risk = PartSerializer(required=False)
    preference = PartSerializer(required=False)
    behaviour = PartSerializer(required=False)


class CustomerView(APIView):
    """One customer in one call."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="customer",
        parameters=[
            OpenApiParameter("fields", str, description="As `risk,assets.total_asset`; else all.")
        ],
        responses={200: CustomerSerializer, **problems(400, 404)},
    )
    def get(self, request: Request, number: str) -> Response:
        """The four blocks, and who it is, masked."""
        source = require(request, READING)
        wanted = _wanted(request, source)
        customer, now = standing_customer(number), clock_now()
        answer: dict[str, Any] = {
            "customer_no": customer.customer_no,
            "status": customer.status,
            "as_of": now,
        }
        if customer.status == CustomerStatus.RESTRICTED:
            # Kept because the law wants it, and used for nothing else.
            return Response(answer, headers=PRIVATE)
        if names := wanted.get(Block.IDENTITY):
            known = _identity(customer)
            answer[Block.IDENTITY] = {name: known[name] for name in sorted(names)}
        if wanted.keys() & FIELDS.keys():
            for block, part in portrait(customer, now=now).items():
                if names := wanted.get(block):
                    values = {name: _exact(part.values[name]) for name in sorted(names)}
                    told = {"values": values, "as_of": part.as_of, "quality": part.quality}
                    answer[block] = told
        return Response(answer, headers=PRIVATE)


class TimelinePageSerializer(KnownFields):
    """Which events; the newest unless something is said."""

    name = serializers.CharField(max_length=256, default="", allow_blank=True)
    after = serializers.CharField(max_length=64, default="", allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=PAGE_MOST, default=50)


class TimelineEventSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One event of one customer; ``source`` is the key of who told it."""

    name = serializers.CharField()
    kind = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name, too
    properties = serializers.DictField()


class TimelineView(APIView):
    """A customer's events."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="customer_timeline",
        parameters=[
            OpenApiParameter("name", str, description="Only events of this name."),
            OpenApiParameter("after", str, description="As `next` of the page before has it."),
            OpenApiParameter("limit", int, description=f"1 to {PAGE_MOST}; 50 unless given."),
        ],
        responses={200: paged(TimelineEventSerializer), **problems(400, 404)},
    )
    def get(self, request: Request, number: str) -> Response:
        """The newest first, page by page."""
        source = require(request, READING)
        demand(source, [Block.TIMELINE])
        customer = standing_customer(number)
        told = TimelinePageSerializer(data=request.query_params.dict())
        told.is_valid(raise_exception=True)
        asked = told.validated_data
        if customer.status == CustomerStatus.RESTRICTED:
            return Response({"results": [], "next": None}, headers=PRIVATE)
        until = clock_now()
        try:
            page = timeline(
                customer.pk,
                until=until,
                name=asked["name"],
                after=asked["after"],
                most=asked["limit"],
            )
        except (ValueError, OverflowError) as error:
            raise ValidationError({"after": [_t("It is no mark of a page.")]}) from error
        results = [
            {
                "name": event.name,
                "kind": event.kind,
                "occurred_at": event.occurred_at,
                "received_at": event.received_at,
                "source": event.source,
                "properties": event.properties,
            }
            for event in page.events
        ]
        following = address(request, after=page.next) if page.next else None
        return Response({"results": results, "next": following}, headers=PRIVATE)


class WhySerializer(KnownFields):
    """Why somebody must see it."""

    why = serializers.CharField(min_length=3, max_length=400)


class RevealedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """An identifier in clear."""

    kind = serializers.CharField()
    value = serializers.CharField()


class RevealView(APIView):
    """One identifier in clear."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="reveal_identifier",
        request=WhySerializer,
        responses={200: RevealedSerializer, **problems(400, 404, 409, 415)},
    )
    def post(self, request: Request, number: str, identifier: int) -> Response:
        """Show it; that it was shown, and why, is audited."""
        source = require(request, WRITING)
        demand(source, [Block.CLEAR])
        told = WhySerializer(data=request.data)
        told.is_valid(raise_exception=True)
        found = Identity.objects.filter(
            customer=standing_customer(number), pk=min(identifier, 2**63 - 1)
        ).first()
        if found is None:
            raise NotFound(_t("This customer has no such identifier."), code="unknown_identifier")
        why, actor = told.validated_data["why"], f"key:{source.key}"
        try:
            value = reveal(identity=found, actor=actor, why=why, now=clock_now())
        except CustomersError as error:
            raise Refused(error.message, code=error.code) from error
        return Response({"kind": found.kind, "value": value}, headers=PRIVATE)


class CorrectionSerializer(KnownFields):
    """What is wrong, and what is right."""

    field = serializers.CharField(max_length=64)
    value = serializers.CharField(max_length=1_000, allow_blank=True)
    why = serializers.CharField(min_length=3, max_length=400)


class CorrectedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What was put right, and when."""

    field = serializers.CharField()
    at = serializers.DateTimeField()


class CorrectionsView(APIView):
    """Corrections of a customer."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="correct_customer",
        request=CorrectionSerializer,
        responses={201: CorrectedSerializer, **problems(400, 404, 409, 415, 422)},
    )
    @repeatable
    def post(self, request: Request, number: str) -> Response:
        """Put it right; what it was is kept."""
        source = require(request, WRITING)
        told = CorrectionSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        customer = standing_customer(number)
        try:
            made = correct_customer(
                customer_no=customer.customer_no,
                actor=f"key:{source.key}",
                now=clock_now(),
                **told.validated_data,
            )
        except CustomersError as error:
            raise Refused(error.message, code=error.code) from error
        return Response(
            {"field": made.field, "at": made.at}, status=status.HTTP_201_CREATED, headers=PRIVATE
        )


def _wanted(request: Request, source: Source) -> dict[Block, frozenset[str]]:
    """Fields by block: what was asked for by name, else all that the key may see."""
    require_known(request.query_params, ("fields",))
    if text := request.query_params.get("fields", ""):
        names = [name.strip() for name in text.split(",") if name.strip()]
        known = {f"{block}.{name}" for block, fields in TOLD.items() for name in fields}
        if unknown := sorted(set(names) - known - set(TOLD)):
            raise ValidationError(
                {"fields": [_t("There is no field %(name)s.") % {"name": unknown[0][:64]}]}
            )
        demand(source, names)
    else:
        names = sorted(granted(source))
    return {
        block: fields if block in names else frozenset(n for n in fields if f"{block}.{n}" in names)
        for block, fields in TOLD.items()
    }


def _exact(value: object) -> object:
    """Amounts as text: a reader's floating point would not keep them."""
    match value:
        case Decimal():
            return str(value)
        case list():
            return [_exact(one) for one in value]
        case dict():
            return {name: _exact(one) for name, one in value.items()}
        case _:
            return value


def _identity(customer: Customer) -> dict[str, Any]:
    return {
        "name": masked_name(customer),
        "gender": customer.gender,
        "birth_on": customer.birth_on,
        "city": customer.city,
        "region": customer.region,
        "identifiers": [
            {"id": one.pk, "kind": one.kind, "masked": masked(one), "since": one.since}
            for one in customer.identities.order_by("kind", NEWEST_TOLD)
        ],
    }
