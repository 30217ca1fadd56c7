"""``/api/v1/inbox``: the customer's in-app messages, for the institution's app.

Two ways in: a server key (`read` to look, `manage` to act), which names the customer in
``?customer=``; or a customer token that the institution's server fetches for one customer with a
`manage` key and hands to the app. A token opens that customer's inbox and nothing else, and ends
with the key that it was fetched with.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.core import signing
from django.http import Http404
from django.utils.translation import gettext as _t
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.actions.inbox import (
    NEWEST,
    InboxAct,
    act_on_messages,
    inbox_page,
    owner_of,
    unread_keys,
)
from compliance.queries import clock_now
from customers.api.bearer import READING, WRITING, BearerKey, bearer, require
from customers.api.body import KnownFields
from customers.api.fields import demand
from customers.api.pages import PRIVATE, page, paged
from customers.api.problems import problems
from customers.queries.sources import has_live_key
from customers.vocabulary import Block

TOKEN_PREFIX: Final = "tsi_"  # noqa: S105 - what tells a customer token from a server key
TOKEN_LIFE: Final = timedelta(hours=1)
PAGE_MOST: Final = 100
_SALT: Final = "campaigns.inbox"


class CustomerToken(BaseAuthentication):
    """`Authorization: Bearer tsi_…`; `request.auth` becomes the customer's number."""

    def authenticate(self, request: Request) -> tuple[None, object] | None:
        """The customer's number, or nothing where the bearer is no token."""
        text = bearer(request)
        if text is None or not text.startswith(TOKEN_PREFIX):
            return None
        try:
            told = signing.loads(text.removeprefix(TOKEN_PREFIX), salt=_SALT, max_age=TOKEN_LIFE)
        except signing.BadSignature as error:
            raise AuthenticationFailed(_t("The token is wrong or too old.")) from error
        match told:
            case [str(number), int(source_id)] if has_live_key(source_id):
                return None, number
            case _:
                raise AuthenticationFailed(_t("The token is wrong or too old."))

    def authenticate_header(self, request: Request) -> str:
        """What makes a missing token a 401."""
        return "Bearer"


class MessageSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One message."""

    id = serializers.UUIDField()
    journey = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField()
    url = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)
    clicked_at = serializers.DateTimeField(allow_null=True)


class InboxQuery(KnownFields):
    """What a page is asked with."""

    customer = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="The customer's number; needed with a server key, taken from a customer token.",
    )
    limit = serializers.IntegerField(min_value=1, max_value=PAGE_MOST, default=20)
    cursor = serializers.IntegerField(min_value=1, max_value=NEWEST, default=NEWEST)
    unread = serializers.BooleanField(default=False)


class TokenSerializer(KnownFields):
    """Whose inbox a token is to open."""

    customer = serializers.CharField(max_length=128)


class TokenAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """The token and how long it lives."""

    token = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")


class ActAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """What is unread afterwards."""

    unread = serializers.IntegerField()


_CUSTOMER: Final = OpenApiParameter(
    "customer",
    OpenApiTypes.STR,
    description="The customer's number; needed with a server key, taken from a customer token.",
)


class _InboxDoor(APIView):
    authentication_classes = (CustomerToken, BearerKey)


class InboxView(_InboxDoor):
    """The messages."""

    @extend_schema(
        operation_id="inbox_list",
        parameters=[InboxQuery],
        responses={
            200: paged(MessageSerializer, unread=serializers.IntegerField()),
            **problems(400, 404),
        },
    )
    def get(self, request: Request) -> Response:
        """The newest first; what expired or was dismissed is gone."""
        customer_id = _customer(request, is_writing=False)
        query = InboxQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked, now = query.validated_data, clock_now()
        found = inbox_page(
            customer_id=customer_id,
            before=asked["cursor"],
            limit=asked["limit"] + 1,
            is_unread_only=asked["unread"],
            now=now,
        )
        answer = page(
            request,
            found,
            limit=asked["limit"],
            mark="cursor",
            of=lambda message: message.position,
            told=lambda shown: MessageSerializer(shown, many=True).data,
        )
        answer.data["unread"] = len(unread_keys(customer_id=customer_id, now=now))
        return answer


class ActView(_InboxDoor):
    """One message is read, clicked or dismissed."""

    @extend_schema(
        operation_id="inbox_act",
        parameters=[
            _CUSTOMER,
            OpenApiParameter("act", location="path", enum=[act.value for act in InboxAct]),
        ],
        request=None,
        responses={200: ActAnswer, **problems(404)},
    )
    def post(self, request: Request, key: UUID, act: str) -> Response:
        """States only rise: repeating it, or reading what was clicked, changes nothing."""
        if act not in set(InboxAct):
            raise Http404
        customer_id, now = _customer(request, is_writing=True), clock_now()
        if not act_on_messages(customer_id=customer_id, keys=[key], act=InboxAct(act), now=now):
            raise Http404
        return _unread(customer_id)


class ReadAllView(_InboxDoor):
    """Everything is read."""

    @extend_schema(
        operation_id="inbox_read_all",
        parameters=[_CUSTOMER],
        request=None,
        responses={200: ActAnswer, **problems(404)},
    )
    def post(self, request: Request) -> Response:
        """Mark all that is unread now."""
        customer_id, now = _customer(request, is_writing=True), clock_now()
        keys = unread_keys(customer_id=customer_id, now=now)
        act_on_messages(customer_id=customer_id, keys=keys, act=InboxAct.READ, now=now)
        return _unread(customer_id)


class TokenView(APIView):
    """Tokens for the app."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="inbox_token",
        request=TokenSerializer,
        responses={201: TokenAnswer, **problems(400, 404, 415)},
    )
    def post(self, request: Request) -> Response:
        """A token for one customer, good for an hour."""
        source = require(request, WRITING)
        demand(source, [Block.TIMELINE])  # which the token opens
        body = TokenSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        number = body.validated_data["customer"]
        if owner_of(number) is None:
            raise Http404
        token = TOKEN_PREFIX + signing.dumps([number, source.pk], salt=_SALT)
        answer = {"token": token, "expires_in": int(TOKEN_LIFE.total_seconds())}
        return Response(answer, status=201, headers=PRIVATE)


class CustomerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # it has none
    """The customer token in the schema."""

    target_class = CustomerToken
    name = "customerToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, Any]:
        """A bearer."""
        return {"type": "http", "scheme": "bearer", "description": "Opens one customer's inbox."}


class BearerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # it has none
    """The server key in the schema."""

    target_class = BearerKey
    name = "serverKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, Any]:
        """A bearer."""
        return {"type": "http", "scheme": "bearer", "description": "Made by create_api_key."}


def _customer(request: Request, *, is_writing: bool) -> int:
    """Whose inbox it is.  Raises 401, 403 or 404."""
    number = request.auth
    if not isinstance(number, str):
        source = require(request, WRITING if is_writing else READING)
        if not is_writing:  # titles and texts tell what was said to him, as touches do
            demand(source, [Block.TIMELINE])
        number = request.query_params.get("customer", "")
    found = owner_of(number.replace("\x00", ""))
    if found is None:
        raise Http404
    return found


def _unread(customer_id: int) -> Response:
    return Response({"unread": len(unread_keys(customer_id=customer_id, now=clock_now()))})
