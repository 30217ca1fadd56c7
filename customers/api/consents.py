"""``/api/v1/customers/{id}/consents`` and ``…/personalisation``: what a customer allows."""

from typing import Any, Final

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.queries import clock_now
from customers.actions.consents import PERSONAL_NOTICE, ConsentStatement, record_consents
from customers.actions.opt_in import token_of
from customers.actions.rights import set_personalisation
from customers.api.bearer import READING, WRITING, BearerKey, require
from customers.api.body import KnownFields
from customers.api.fields import demand
from customers.api.once import repeatable
from customers.api.pages import paged
from customers.api.problems import problems
from customers.errors import RightRefused
from customers.identifiers import redact
from customers.importing.mapping import CHANNELS
from customers.models import Consent, Customer
from customers.queries.people import kept_number
from customers.vocabulary import Block, ConsentState, CustomerStatus, Purpose

_SAYABLE: Final = (ConsentState.GRANTED, ConsentState.PENDING, ConsentState.WITHDRAWN)


class StatementSerializer(KnownFields):
    """What the customer said, and how it can be proved."""

    purpose = serializers.ChoiceField([p.value for p in Purpose], default=Purpose.MARKETING.value)
    channel = serializers.ChoiceField(sorted(CHANNELS))
    state = serializers.ChoiceField([state.value for state in _SAYABLE])
    notice_version = serializers.CharField(max_length=40, allow_blank=True, default="")
    evidence = serializers.DictField(child=serializers.CharField(max_length=500), default=dict)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Consent is given to a notice, which is no way to reach somebody."""
        if redact(attrs["notice_version"]) != attrs["notice_version"]:
            raise serializers.ValidationError({"notice_version": PERSONAL_NOTICE})
        if attrs["state"] != ConsentState.WITHDRAWN and not attrs["notice_version"]:
            raise serializers.ValidationError(
                {"notice_version": "Say which notice the customer consented to."}
            )
        return attrs


class StoredSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One statement of the ledger; ``confirm_path`` only where it waits for its owner."""

    purpose = serializers.CharField()
    channel = serializers.CharField()
    state = serializers.CharField()
    notice_version = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name, too
    at = serializers.DateTimeField()


class ConsentsView(APIView):
    """The newest statement for each purpose and channel; a further one."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="consents_list", responses={200: paged(StoredSerializer), **problems(404)}
    )
    def get(self, request: Request, number: str) -> Response:
        """What is in force."""
        demand(require(request, READING), [f"{Block.PREFERENCE}.consents"])
        current = (
            Consent.objects.filter(customer=standing_customer(number))
            .order_by("purpose", "channel", "-id")
            .distinct("purpose", "channel")
        )
        found = [one for one in current if one.state != ConsentState.VOID]
        return Response({"results": StoredSerializer(found, many=True).data, "next": None})

    @extend_schema(
        operation_id="consents_create",
        request=StatementSerializer,
        responses={201: StoredSerializer, **problems(400, 404, 409, 415, 422)},
    )
    @repeatable
    def post(self, request: Request, number: str) -> Response:
        """Add the customer's word; it counts for queued messages at once."""
        source = require(request, WRITING)
        customer = standing_customer(number)
        said = StatementSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        told = dict(said.validated_data)
        statement = ConsentStatement(
            customer_id=customer.pk,
            source=f"key:{source.key}",
            **{**told, "state": ConsentState(told["state"])},
        )
        record_consents(statements=[statement], now=clock_now())
        stored = Consent.objects.filter(
            customer=customer, purpose=statement.purpose, channel=statement.channel
        ).latest("id")
        answer = dict(StoredSerializer(stored).data)
        if stored.state == ConsentState.PENDING:
            answer["confirm_path"] = reverse("confirm-consent", args=[token_of(stored)])
        return Response(answer, status=status.HTTP_201_CREATED)


class SwitchSerializer(KnownFields):
    """Whether the customer objects to messages made for him."""

    off = serializers.BooleanField()


class PersonalisationView(APIView):
    """The switch beside all consents."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="personalisation_update",
        request=SwitchSerializer,
        responses={200: SwitchSerializer, **problems(400, 404, 409, 415, 422)},
    )
    @repeatable
    def put(self, request: Request, number: str) -> Response:
        """Set it; generic messages are sent on."""
        source = require(request, WRITING)
        told = SwitchSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        try:
            set_personalisation(
                customer_no=standing_customer(number).customer_no,
                is_off=told.validated_data["off"],
                actor=f"key:{source.key}",
                now=clock_now(),
            )
        except RightRefused as error:
            raise NotFound(error.message, code=error.code) from error
        return Response({"off": told.validated_data["off"]})


def standing_customer(number: str) -> Customer:
    """Who stands under the number now.  Raises 404, also for those who were erased."""
    found = None
    if "\x00" not in number:
        known = Customer.objects.select_related("merged_into")
        found = known.filter(customer_no=kept_number(number)).first()
    if found is None or found.status == CustomerStatus.ERASED:
        raise NotFound("There is no customer with this number.", code="unknown_customer")
    return found.merged_into or found
