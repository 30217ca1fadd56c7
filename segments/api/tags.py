"""``/api/v1/customers/{id}/tags``: what a customer carries, may refuse, and systems may give."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.queries import clock_now
from compliance.reader import language, say
from customers.actions.tags import allow_tag, refuse_tag
from customers.api.bearer import READING, WRITING, BearerKey, require
from customers.api.body import KnownFields
from customers.api.consents import standing_customer
from customers.api.fields import demand
from customers.api.once import repeatable
from customers.api.pages import PRIVATE, paged
from customers.api.problems import Refused, problems
from customers.errors import RightRefused
from customers.models import Customer, Tagging, TagRefusal
from customers.queries.rights import ids_of
from customers.vocabulary import Block, CustomerStatus
from segments.actions.known_tags import give_known_tag
from segments.errors import TagRefused
from segments.queries.tags import names_of

_CARRIED: Final = ("tag", "source", "since", "valid_until")


class ReasonSerializer(KnownFields):
    """Why, for the audit trail."""

    why = serializers.CharField(min_length=3, max_length=500)


class CarriedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A tag in force; ``name`` is in the language that was asked for."""

    tag = serializers.CharField()
    name = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name, too
    since = serializers.DateTimeField()
    valid_until = serializers.DateTimeField(allow_null=True)


class RefusedTagSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A tag that the customer had deleted."""

    tag = serializers.CharField()
    name = serializers.CharField()
    refused_at = serializers.DateTimeField()


class GivenSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A tag that was given, and how long it holds."""

    tag = serializers.CharField()
    valid_until = serializers.DateTimeField(allow_null=True)


class TagsView(APIView):
    """All tags of one customer, and those he had deleted."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="customer_tags",
        responses={
            200: paged(CarriedSerializer, refused=RefusedTagSerializer(many=True)),
            **problems(404),
        },
    )
    def get(self, request: Request, number: str) -> Response:
        """Those in force, and the refused."""
        demand(require(request, READING), [f"{Block.PREFERENCE}.tags"])
        customer = standing_customer(number)
        # Of whom the law wants kept, and used for nothing else, nothing is told.
        ids = [] if customer.status == CustomerStatus.RESTRICTED else ids_of(customer)
        carried = Tagging.objects.filter(customer__in=ids).exclude(valid_until__lte=clock_now())
        refused = TagRefusal.objects.filter(customer__in=ids)
        told = {
            "results": _named(carried.order_by("tag").values(*_CARRIED)),
            "refused": _named(refused.order_by("tag").values("tag", "refused_at")),
            "next": None,
        }
        return Response(told, headers=PRIVATE)


def _named(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each with what the dictionary calls it in the language that was asked for, or its key."""
    told = list(found)
    names = names_of([one["tag"] for one in told], language())
    return [{**one, "name": names.get(one["tag"], one["tag"])} for one in told]


class TagView(APIView):
    """One tag of one customer."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="customer_tag_give",
        request=None,
        responses={200: GivenSerializer, **problems(400, 404, 409, 415, 422)},
    )
    @repeatable
    def put(self, request: Request, number: str, tag: str) -> Response:
        """Give it, for the term the dictionary says; giving it again begins the term anew."""
        require(request, WRITING)
        customer = standing_customer(number)
        try:
            until = give_known_tag(customer_id=customer.pk, tag=_key(tag), now=clock_now())
        except TagRefused as refusal:
            raise Refused(say(refusal), code=refusal.code) from refusal
        return Response({"tag": tag, "valid_until": until}, headers=PRIVATE)

    @extend_schema(
        operation_id="customer_tag_refuse",
        request=ReasonSerializer,
        responses={204: None, **problems(400, 404, 409, 415, 422)},
    )
    @repeatable
    def delete(self, request: Request, number: str, tag: str) -> Response:
        """Delete it as the customer asks: nobody gives it again until he allows it.

        The body says ``why``, as for allowing it.
        """
        return _heed(refuse_tag, request, standing_customer(number), tag)


class AllowedView(APIView):
    """A refusal taken back."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="customer_tag_allow",
        request=ReasonSerializer,
        responses={204: None, **problems(400, 404, 409, 415, 422)},
    )
    @repeatable
    def post(self, request: Request, number: str, tag: str) -> Response:
        """Allow the tag again."""
        return _heed(allow_tag, request, standing_customer(number), tag)


def _heed(verb: Callable[..., None], request: Request, customer: Customer, tag: str) -> Response:
    source = require(request, WRITING)
    said = ReasonSerializer(data=request.data)
    said.is_valid(raise_exception=True)
    try:
        verb(
            customer_no=customer.customer_no,
            tag=_key(tag),
            actor=f"key:{source.key}",
            why=said.validated_data["why"],
            now=clock_now(),
        )
    except RightRefused as refusal:
        raise Refused(say(refusal), code=refusal.code) from refusal
    return Response(status=status.HTTP_204_NO_CONTENT)


def _key(tag: str) -> str:
    return tag.replace("\x00", "")
