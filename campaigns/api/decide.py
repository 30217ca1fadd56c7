"""``POST /api/v1/decide``: may this product be promoted to this customer, by this channel, now?"""

from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.actions.decide import Answer, Question, decide
from campaigns.channels.base import Channel
from campaigns.errors import NotOnRecord
from compliance.queries import clock_now
from compliance.rulebook.shipped import shipped_context
from compliance.suitability.values import CUSTOMER, INSTITUTION, Decision
from customers.api.bearer import READING, BearerKey, require
from customers.vocabulary import Purpose

TEXT_MOST: Final = 20_000
_CHANNELS: Final = sorted({*(channel.value for channel in Channel), *shipped_context().media})


class QuestionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What is asked."""

    customer = serializers.CharField(max_length=128, help_text="The customer's number.")
    product = serializers.CharField(max_length=64, help_text="The product's code.")
    channel = serializers.ChoiceField(_CHANNELS)
    purpose = serializers.ChoiceField([p.value for p in Purpose], default=Purpose.MARKETING.value)
    initiator = serializers.ChoiceField([INSTITUTION, CUSTOMER], default=INSTITUTION)
    at = serializers.DateTimeField(required=False, help_text="For when; now unless given.")
    text = serializers.CharField(
        max_length=TEXT_MOST, default="", allow_blank=True, help_text="What would be said."
    )


class EvidenceSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One rule's finding and the values it rests on."""

    rule_id = serializers.CharField()
    decision = serializers.ChoiceField([decision.value for decision in Decision])
    values = serializers.DictField()


class AnswerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """`BLOCK` beats `REVIEW` beats `ALLOW_WITH_NOTICE` beats `ALLOW`."""

    decision = serializers.ChoiceField([decision.value for decision in Decision])
    rule_ids = serializers.ListField(child=serializers.CharField())
    evidence = EvidenceSerializer(many=True)
    notices = serializers.ListField(child=serializers.CharField())
    not_applied = serializers.ListField(child=serializers.CharField())
    not_before = serializers.DateTimeField(allow_null=True)
    rules = serializers.DictField(
        child=serializers.IntegerField(), help_text="Versions of changed rules."
    )
    decided_at = serializers.DateTimeField()


_PROBLEM: Final = OpenApiResponse(OpenApiTypes.OBJECT, description="RFC 9457 problem")
_PROBLEMS: Final = {400: _PROBLEM, 401: _PROBLEM, 403: _PROBLEM, 404: _PROBLEM}


class DecideView(APIView):
    """One question."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="decide",
        request=QuestionSerializer,
        responses={200: AnswerSerializer, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """Ask all gates; nothing is sent, counted or stored."""
        require(request, READING)
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
        return Response({**_body(answer), "decided_at": now}, headers={"Cache-Control": "no-store"})


def _body(answer: Answer) -> dict[str, Any]:
    return {
        "decision": answer.decision,
        "rule_ids": [finding.rule_id for finding in answer.findings],
        "evidence": [
            {"rule_id": f.rule_id, "decision": f.decision, "values": f.evidence}
            for f in answer.findings
        ],
        "notices": answer.notices,
        "not_applied": answer.not_applied,
        "not_before": answer.not_before,
        "rules": answer.rules,
    }
