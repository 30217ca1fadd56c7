"""``/api/v1/segments``: which there are, who was in one and why, whom a rule would select."""

import hashlib
import json
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _t
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.queries import clock_now
from compliance.reader import say
from customers.api.bearer import READING, WRITING, BearerKey, require
from customers.api.body import KnownFields, Moment, Text
from customers.api.fields import demand
from customers.api.once import repeatable
from customers.api.pages import PRIVATE, page, page_parameters, paged
from customers.api.problems import Refused, Unusable, problems
from customers.models import Source
from segments.actions.save import save_segment
from segments.api.asked_fields import asked_fields
from segments.errors import NotPossible, RuleError, RuleTooSlow
from segments.models import Segment
from segments.queries.members import Interval, members_at
from segments.queries.sizes import document, doubted, in_words, preview_or_estimate
from segments.queries.versions import held_for_saving, version_at

PAGE: Final = 100
PAGE_MOST: Final = 1_000
_IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of the segment as it was read: 412 if it is another by now.",
)
_PAGING: Final = page_parameters(mark="after", usual=PAGE, most=PAGE_MOST)


class TooSlow(APIException):
    """The rule asks for more than a preview may take."""

    status_code = 422
    default_code = "too_slow"


class ChangedSince(APIException):
    """What the client means to replace is not there any more."""

    status_code = 412
    default_code = "changed"


class PageSerializer(KnownFields):
    """Which page of a list."""

    after = serializers.IntegerField(default=0, min_value=0, max_value=2**63 - 1)
    limit = serializers.IntegerField(default=PAGE, min_value=1, max_value=PAGE_MOST)


class MomentSerializer(PageSerializer):
    """Which page of who was in, and when."""

    at = Moment(required=False)


class RuleSerializer(KnownFields):
    """A segment as it is to be; the rule is checked by its own grammar."""

    name = Text(max_length=120)
    rule = serializers.JSONField()
    description = Text(max_length=2_000, default="", allow_blank=True)
    note = Text(max_length=200, default="", allow_blank=True, help_text="Why it is another.")


class NewSerializer(RuleSerializer):
    """A segment that is not there yet."""

    key = serializers.SlugField(max_length=80)


class ChangeSerializer(RuleSerializer):
    """A segment that is there, as of the version that was read."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class SegmentSerializer(serializers.ModelSerializer[Segment]):
    """A segment; ``size`` is of the moment ``as_of``."""

    as_of = serializers.DateTimeField(source="refreshed_at", allow_null=True)
    held_since = serializers.DateTimeField(source="held_at", allow_null=True)

    class Meta:
        model = Segment
        fields: tuple[str, ...] = (
            *("key", "name", "description", "rule", "version", "size"),
            *("as_of", "is_live", "held_since"),
        )


class SavedSerializer(SegmentSerializer):
    """A segment as it was just saved, with what of its rule may yet be a mistake."""

    warnings = serializers.SerializerMethodField()

    class Meta(SegmentSerializer.Meta):
        fields = (*SegmentSerializer.Meta.fields, "warnings")

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_warnings(self, segment: Segment) -> list[dict[str, str]]:
        """An event that never came, a period that holds nothing: nobody, or everybody."""
        problems = doubted(segment.rule, now=clock_now())
        return [{**one, "path": f"/rule{one['path']}"} for one in in_words(problems)]


class MemberSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One stay of a customer in a segment."""

    customer_no = serializers.CharField()
    entered_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    left_version = serializers.IntegerField(allow_null=True)
    entered_why = serializers.CharField(allow_null=True)
    left_why = serializers.CharField(allow_null=True)


class PreviewSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Whom a rule would select; ``margin`` and ``asked`` only of an estimate."""

    count = serializers.IntegerField()
    sample = serializers.ListField(child=serializers.CharField())
    explain = serializers.DictField(child=serializers.CharField())
    sql = serializers.CharField()
    params = serializers.DictField()
    milliseconds = serializers.FloatField()
    is_estimate = serializers.BooleanField()
    margin = serializers.IntegerField(required=False)
    asked = serializers.IntegerField(required=False)
    warnings = serializers.ListField(child=serializers.DictField())


class SegmentsView(APIView):
    """The segments in use."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="segments",
        parameters=_PAGING,
        responses={200: paged(SegmentSerializer), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """By age, the archived left out."""
        require(request, READING)
        asked = _asked(PageSerializer, request)
        found = Segment.objects.filter(archived_at=None, tag=None, pk__gt=asked["after"])
        return page(
            request,
            list(found.order_by("pk")[: asked["limit"] + 1]),
            limit=asked["limit"],
            mark="after",
            of=lambda segment: segment.pk,
            told=lambda shown: SegmentSerializer(shown, many=True).data,
        )

    @extend_schema(
        operation_id="make_segment",
        request=NewSerializer,
        responses={201: SavedSerializer, **problems(400, 409, 415, 422)},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Make one; its members come within half a minute."""
        source = require(request, WRITING)
        told = NewSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        demand(source, asked_fields(told.validated_data["rule"]))
        made = _saved({**told.validated_data, "seen": 0}, source)
        return Response(SavedSerializer(made).data, status=201, headers=PRIVATE)


class SegmentView(APIView):
    """One segment."""

    authentication_classes = (BearerKey,)

    @extend_schema(operation_id="segment", responses={200: SegmentSerializer, **problems(404)})
    def get(self, request: Request, key: str) -> Response:
        """Its rule, version and size; `ETag` names what a PUT replaces."""
        require(request, READING)
        return _shown(_known(key))

    @extend_schema(
        operation_id="change_segment",
        parameters=[_IF_MATCH],
        request=ChangeSerializer,
        responses={200: SavedSerializer, **problems(400, 404, 409, 412, 415, 422)},
    )
    @repeatable
    def put(self, request: Request, key: str) -> Response:
        """Change it; another rule is another version, and members follow within half a minute.

        With `If-Match` only if nobody changed anything of it since, name and description included.
        """
        source = require(request, WRITING)
        told = ChangeSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        asked = dict(told.validated_data)
        demand(source, asked_fields(asked["rule"]))
        seen = asked.pop("version")
        with transaction.atomic():
            held = held_for_saving(_known(key).pk) or _known(key)
            _require_match(request, held)
            kept = {"key": key, "seen": seen, "most_moved": held.most_moved}
            saved = _saved({**asked, **kept}, source)
            return _shown(saved, SavedSerializer)


class MembersView(APIView):
    """The members of one segment."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="segment_members",
        parameters=[
            OpenApiParameter("at", datetime, description="Who was in then; now unless given."),
            *_PAGING,
        ],
        responses={
            200: paged(
                MemberSerializer,
                segment=serializers.CharField(),
                at=serializers.DateTimeField(),
                version=serializers.IntegerField(allow_null=True),
            ),
            **problems(400, 404),
        },
    )
    def get(self, request: Request, key: str) -> Response:
        """Each with his stay: since when, until when, by which versions, and why."""
        source = require(request, READING)
        asked = _asked(MomentSerializer, request)
        segment = _known(key)
        demand(source, asked_fields(segment.rule))
        at = asked.get("at") or clock_now()
        version = version_at(segment, at)
        answer = page(
            request,
            members_at(segment, at, after=asked["after"], most=asked["limit"] + 1),
            limit=asked["limit"],
            mark="after",
            of=lambda stay: stay.customer_id,
            told=lambda shown: [_member(one) for one in shown],
            # All pages tell of one moment.
            at=at.isoformat(),
        )
        answer.data |= {
            "segment": segment.key,
            "at": at,
            "version": version.number if version else None,
        }
        return answer


class PreviewView(APIView):
    """A rule that is not saved."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="preview_segment",
        request=OpenApiTypes.OBJECT,
        responses={200: PreviewSerializer, **problems(400, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        """Whom it would select: the body is the rule, by itself or as ``rule``."""
        source = require(request, READING)
        asked = request.data
        rule = asked["rule"] if isinstance(asked, dict) and set(asked) == {"rule"} else asked
        demand(source, asked_fields(rule))
        try:
            found = preview_or_estimate(rule, now=clock_now())
        except RuleError as error:
            raise Unusable(say(error), code=error.code, path=error.path) from error
        except RuleTooSlow as error:
            raise TooSlow(say(error)) from error
        return Response(document(found), headers=PRIVATE)


def _known(key: str) -> Segment:
    """Raises NotFound."""
    segment = Segment.objects.filter(key=key.replace("\x00", "")).first()
    if segment is None:
        raise NotFound(_t("There is no such segment."), code="unknown_segment")
    return segment


def _shown(segment: Segment, told: type[SegmentSerializer] = SegmentSerializer) -> Response:
    headers = {**PRIVATE, "ETag": _tag(segment)}
    return Response(told(segment).data, headers=headers)


def _tag(segment: Segment) -> str:
    """Names all of it that a PUT replaces (RFC 9110, 8.8.3); sizes and times are none of that."""
    kept = [segment.version, segment.name, segment.description, segment.rule]
    return f'"{hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:32]}"'


def _require_match(request: Request, segment: Segment) -> None:
    """Raises ChangedSince: the client named states in `If-Match`, and it is in none of them."""
    given = request.headers.get("If-Match", "*")
    if given.strip() != "*" and _tag(segment) not in {one.strip() for one in given.split(",")}:
        raise ChangedSince(
            _t("Somebody changed the segment since you read it. Read it again, then change it.")
        )


def _saved(told: dict[str, Any], source: Source) -> Segment:
    """By the verb.  Raises Unusable with the place in the body; Refused: as things stand."""
    try:
        return save_segment(**told, author=None, actor=f"key:{source.key}", now=clock_now())
    except RuleError as error:
        path = f"/rule{error.path}"
        raise Unusable(say(error), code=error.code, path=path) from error
    except NotPossible as error:
        if error.path:
            raise Unusable(say(error), code=error.code, path=error.path) from error
        raise Refused(say(error), code=error.code) from error


def _asked(kind: type[PageSerializer], request: Request) -> dict[str, Any]:
    told = kind(data=request.query_params.dict())
    told.is_valid(raise_exception=True)
    return dict(told.validated_data)


def _member(stay: Interval) -> dict[str, Any]:
    return {
        "customer_no": stay.customer_no,
        "entered_at": stay.entered_at,
        "left_at": stay.left_at,
        "version": stay.version,
        "left_version": stay.left_version,
        "entered_why": stay.entered_why or None,
        "left_why": stay.left_why or None,
    }
