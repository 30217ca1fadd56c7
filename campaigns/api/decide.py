"""``/api/v1/decide``: may this be said to this customer, of this product, by this channel, now?

Each answer is on record under the id that comes with it, as proof for later.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _t
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.actions.decide import decide
from campaigns.actions.decisions import confirm_warning, keep_answer
from campaigns.actions.question import Question
from campaigns.channels.base import Channel
from campaigns.errors import NotOnRecord, StateConflict
from campaigns.guards.purpose import PROTECTIVE
from campaigns.models import Confirmation, Decision
from campaigns.queries.decisions import decision
from compliance.queries import clock_now
from compliance.rulebook.shipped import shipped_context
from compliance.suitability.values import CUSTOMER, INSTITUTION
from compliance.suitability.values import Decision as Verdict
from customers.api.bearer import READING, WRITING, BearerKey, require
from customers.api.body import KnownFields, Moment, Text
from customers.api.fields import granted
from customers.api.once import repeatable
from customers.api.pages import PRIVATE
from customers.api.problems import problems
from customers.models import Source
from customers.vocabulary import Block, Purpose

TEXT_MOST: Final = 20_000
EVIDENCE_MOST: Final = 20
_EVIDENCE_NAME: Final = Text(max_length=100)
_PURPOSES: Final = (*(purpose.value for purpose in Purpose), PROTECTIVE)
_CHANNELS: Final = sorted({*(channel.value for channel in Channel), *shipped_context().media})


class QuestionSerializer(KnownFields):
    """What is asked."""

    customer = Text(max_length=128, help_text="The customer's number.")
    product = Text(
        max_length=64,
        default="",
        allow_blank=True,
        help_text="The code of the product that the message names; empty: it names none.",
    )
    channel = serializers.ChoiceField(_CHANNELS)
    purpose = serializers.ChoiceField(
        _PURPOSES,
        default=Purpose.MARKETING.value,
        help_text="What the message is for, as a journey's priority: `service` or `protective` with"
        " a product is judged as `marketing`, `protective` without one as `service`.",
    )
    initiator = serializers.ChoiceField([INSTITUTION, CUSTOMER], default=INSTITUTION)
    at = Moment(required=False, help_text="For when; now unless given.")
    text = Text(max_length=TEXT_MOST, default="", allow_blank=True, help_text="What would be said.")
    is_personal = serializers.BooleanField(
        default=False,
        help_text="The message says something of this customer (his name, his holdings).",
    )


class EvidenceSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One rule's finding and the values it rests on."""

    rule_id = serializers.CharField()
    decision = serializers.ChoiceField([verdict.value for verdict in Verdict])
    values = serializers.DictField()


class AnswerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """`BLOCK` beats `REVIEW` beats `ALLOW_WITH_NOTICE` beats `ALLOW`."""

    id = serializers.UUIDField(help_text="Under which the answer is on record.")
    decision = serializers.ChoiceField([verdict.value for verdict in Verdict])
    rule_ids = serializers.ListField(child=serializers.CharField())
    evidence = EvidenceSerializer(many=True)
    notices = serializers.ListField(child=serializers.CharField())
    not_applied = serializers.ListField(child=serializers.CharField())
    not_before = serializers.DateTimeField(allow_null=True)
    rules = serializers.DictField(
        child=serializers.IntegerField(), help_text="Versions of changed rules."
    )
    rules_hash = serializers.CharField(help_text="SHA-256 of all rules it was given by.")
    jurisdiction = serializers.CharField(help_text="By whose numbers.")
    judged_as = serializers.ChoiceField(
        [purpose.value for purpose in Purpose],
        help_text="The purpose whose consent and limits counted, the same as before a send.",
    )
    decided_at = serializers.DateTimeField()


class RecordedQuestionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What was asked; a text by its SHA-256 alone."""

    customer = serializers.CharField()
    product = serializers.CharField()
    channel = serializers.CharField()
    purpose = serializers.CharField()
    initiator = serializers.CharField()
    is_personal = serializers.BooleanField(required=False, help_text="Not on older answers.")
    at = serializers.DateTimeField()
    text_hash = serializers.CharField(allow_blank=True)


class ConfirmationSerializer(KnownFields):
    """That the customer read the written warning and wants the product all the same."""

    warning = Text(max_length=TEXT_MOST, help_text="The text he was shown.")
    evidence = serializers.DictField(child=Text(max_length=500), help_text="How he confirmed.")
    confirmed_at = serializers.DateTimeField(required=False, help_text="Now unless given.")

    def validate_evidence(self, value: dict[str, str]) -> dict[str, str]:
        """Something, and not too much."""
        if not 0 < len(value) <= EVIDENCE_MOST:
            raise serializers.ValidationError(_t("Name one to twenty things that prove it."))
        # A dict's values are checked by its child, its keys by nobody.
        return {_EVIDENCE_NAME.run_validation(name): word for name, word in value.items()}


class KeptSerializer(AnswerSerializer):
    """The answer as it was given, with the question and what the customer confirmed."""

    question = RecordedQuestionSerializer()
    confirmation = ConfirmationSerializer(allow_null=True)


class DecideView(APIView):
    """One question."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="decide",
        request=QuestionSerializer,
        responses={200: AnswerSerializer, **problems(400, 404, 409, 415, 422)},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Ask all gates. Nothing is sent or counted; the answer is put on record."""
        source = require(request, READING)
        asked = QuestionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = dict(asked.validated_data)
        now = clock_now()
        at = told.pop("at", now)
        question = Question(customer_no=told.pop("customer"), **told)
        try:
            answer = decide(question=question, now=at)
        except NotOnRecord as error:
            raise NotFound(str(error), code=f"unknown_{error.what}") from error
        kept = keep_answer(question=question, answer=answer, at=at, asked_by=source.key, now=now)
        return Response(_body(kept, source), headers=PRIVATE)


class DecisionView(APIView):
    """One answer on record."""

    authentication_classes = (BearerKey,)

    @extend_schema(operation_id="decision", responses={200: KeptSerializer, **problems(404)})
    def get(self, request: Request, number: UUID) -> Response:
        """The answer as it was given."""
        source = require(request, READING)
        kept = decision(number)
        if kept is None:
            raise NotFound(_t("There is no such decision."), code="unknown_decision")
        asked = {"question": _question(kept), "confirmation": _confirmation(kept)}
        return Response({**_body(kept, source), **asked}, headers=PRIVATE)


class ConfirmationView(APIView):
    """The customer's confirmation of a written warning."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="confirm_decision",
        request=ConfirmationSerializer,
        responses={201: ConfirmationSerializer, **problems(400, 404, 409, 415, 422)},
    )
    @repeatable
    def post(self, request: Request, number: UUID) -> Response:
        """Put it on record, once."""
        source = require(request, WRITING)
        told = ConfirmationSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        now = clock_now()
        try:
            made = confirm_warning(
                number=number,
                recorded_by=source.key,
                now=now,
                **{"confirmed_at": now, **told.validated_data},
            )
        except NotOnRecord as error:
            raise NotFound(str(error), code=f"unknown_{error.what}") from error
        except StateConflict as error:
            raise Conflict(str(error)) from error
        return Response(_shown(made), status=201, headers=PRIVATE)


class Conflict(APIException):
    """Not possible in the present state."""

    status_code = 409
    default_code = "conflict"


def _body(kept: Decision, source: Source) -> dict[str, Any]:
    """The answer; the values it rests on only for a key that may see a customer's risk."""
    answer = kept.answer
    if Block.RISK not in granted(source):
        hidden = [{**found, "values": {}} for found in answer["evidence"]]
        answer = {**answer, "evidence": hidden}
    return {
        "id": kept.pk,
        "decision": kept.verdict,
        "rule_ids": [found["rule_id"] for found in answer["evidence"]],
        "judged_as": kept.question["purpose"],  # of answers that were kept before it was told
        **answer,
        "not_before": answer["not_before"] and datetime.fromisoformat(answer["not_before"]),
        "rules": kept.rules,
        "rules_hash": kept.rules_hash,
        "decided_at": kept.decided_at,
    }


def _question(kept: Decision) -> dict[str, Any]:
    return {"customer": kept.customer.customer_no, "product": kept.product, **kept.question}


def _confirmation(kept: Decision) -> dict[str, Any] | None:
    made = getattr(kept, "confirmation", None)
    return _shown(made) if made else None


def _shown(made: Confirmation) -> dict[str, Any]:
    return {
        "warning": made.warning,
        "evidence": made.evidence,
        "confirmed_at": made.confirmed_at,
    }
