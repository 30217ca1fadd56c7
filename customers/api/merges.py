"""``/api/v1/merges``: a key proposes that customers are one person; a person decides."""

from typing import Any

from django.utils.translation import gettext as _t
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.queries import clock_now
from customers.actions.merge import propose_merge_by_key
from customers.api.bearer import READING, WRITING, BearerKey, require
from customers.api.body import KnownFields
from customers.api.once import repeatable
from customers.api.problems import Refused, problems
from customers.errors import CustomersError
from customers.models import Customer, MergeProposal
from customers.queries.people import customer_ids
from customers.vocabulary import ProposalState


class ProposalSerializer(KnownFields):
    """Customers who are one person."""

    customers = serializers.ListField(
        child=serializers.CharField(max_length=128), min_length=2, max_length=20
    )


class ProposedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A proposed merge and what became of it."""

    id = serializers.IntegerField()
    customers = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField([state.value for state in ProposalState])
    made_by = serializers.CharField(allow_blank=True)
    decided_by = serializers.CharField(allow_blank=True)


class ProposalsView(APIView):
    """Merges that a person is to decide."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="propose_merge",
        request=ProposalSerializer,
        responses={201: ProposedSerializer, **problems(400, 404, 409, 415, 422)},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Ask; a key proposes and never decides."""
        source = require(request, WRITING)
        told = ProposalSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        numbers = told.validated_data["customers"]
        found = customer_ids(numbers)
        if any(number not in found for number in numbers):
            raise NotFound("There is no customer with this number.", code="unknown_customer")
        try:
            made = propose_merge_by_key(
                customer_ids=list(found.values()), key=source.key, now=clock_now()
            )
        except CustomersError as error:
            raise Refused(error.message, code=error.code) from error
        return Response(_proposal(made), status=status.HTTP_201_CREATED)


class ProposalView(APIView):
    """One proposed merge."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="proposed_merge", responses={200: ProposedSerializer, **problems(404)}
    )
    def get(self, request: Request, proposal: int) -> Response:
        """What became of it."""
        require(request, READING)
        found = MergeProposal.objects.filter(pk=min(proposal, 2**63 - 1)).first()
        if found is None:
            raise NotFound(_t("There is no such proposal."), code="unknown_proposal")
        return Response(_proposal(found))


def _proposal(one: MergeProposal) -> dict[str, Any]:
    numbers = Customer.objects.filter(pk__in=one.customers).order_by("pk")
    return {
        "id": one.pk,
        "customers": list(numbers.values_list("customer_no", flat=True)),
        "state": one.state,
        "made_by": one.made_by,
        "decided_by": one.decided_by,
    }
