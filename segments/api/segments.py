"""``/api/v1/segments``: which there are, who was in one and why, whom a rule would select."""

from datetime import datetime
from typing import Any, Final

from django.db import OperationalError
from django.utils.translation import gettext as _t
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from compliance.queries import clock_now
from compliance.reader import say
from customers.api.bearer import READING, WRITING, BearerKey, require
from customers.api.body import KnownFields, Text
from customers.api.once import repeatable
from customers.api.problems import Refused, Unusable
from customers.models import Source
from segments.actions.save import save_segment
from segments.errors import NotPossible, RuleError
from segments.models import Segment
from segments.queries.members import Interval, members_at
from segments.queries.sizes import document, preview_or_estimate
from segments.queries.versions import version_at

PAGE: Final = 100
PAGE_MOST: Final = 1_000
_PRIVATE: Final = {"Cache-Control": "no-store"}
_PROBLEM: Final = OpenApiResponse(OpenApiTypes.OBJECT, description="RFC 9457 problem")
_PROBLEMS: Final = {400: _PROBLEM, 401: _PROBLEM, 403: _PROBLEM, 404: _PROBLEM}
_PAGING: Final = [
    OpenApiParameter("after", int, description="As the `next` of the page before says."),
    OpenApiParameter("limit", int, description=f"1 to {PAGE_MOST}; {PAGE} unless given."),
]


class TooSlow(APIException):
    """The rule asks for more than a preview may take."""

    status_code = 503
    default_code = "too_slow"


class PageSerializer(KnownFields):
    """Which page of a list."""

    after = serializers.IntegerField(default=0, min_value=0, max_value=2**63 - 1)
    limit = serializers.IntegerField(default=PAGE, min_value=1, max_value=PAGE_MOST)


class MomentSerializer(PageSerializer):
    """Which page of who was in, and when."""

    at = serializers.DateTimeField(required=False)


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


class SegmentsView(APIView):
    """The segments in use."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="segments",
        parameters=_PAGING,
        responses={200: OpenApiTypes.OBJECT, **_PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        """By age, the archived left out."""
        require(request, READING)
        asked = _asked(PageSerializer, request)
        found = list(
            Segment.objects.filter(archived_at=None, tag=None, pk__gt=asked["after"]).order_by(
                "pk"
            )[: asked["limit"]]
        )
        return _page(request, [_segment(one) for one in found], [one.pk for one in found], asked)

    @extend_schema(
        operation_id="make_segment",
        request=NewSerializer,
        responses={201: OpenApiTypes.OBJECT, **_PROBLEMS, 409: _PROBLEM},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Make one; its members come within half a minute."""
        source = require(request, WRITING)
        told = NewSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        made = _saved({**told.validated_data, "seen": 0}, source)
        return Response(_segment(made), status=201, headers=_PRIVATE)


class SegmentView(APIView):
    """One segment."""

    authentication_classes = (BearerKey,)

    @extend_schema(operation_id="segment", responses={200: OpenApiTypes.OBJECT, **_PROBLEMS})
    def get(self, request: Request, key: str) -> Response:
        """Its rule, version and size."""
        require(request, READING)
        return Response(_segment(_known(key)), headers=_PRIVATE)

    @extend_schema(
        operation_id="change_segment",
        request=ChangeSerializer,
        responses={200: OpenApiTypes.OBJECT, **_PROBLEMS, 409: _PROBLEM},
    )
    @repeatable
    def put(self, request: Request, key: str) -> Response:
        """Change it; another rule is another version, and members follow within half a minute."""
        source = require(request, WRITING)
        told = ChangeSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        asked = dict(told.validated_data)
        most_moved = _known(key).most_moved
        seen = asked.pop("version")
        made = _saved({**asked, "key": key, "seen": seen, "most_moved": most_moved}, source)
        return Response(_segment(made), headers=_PRIVATE)


class MembersView(APIView):
    """The members of one segment."""

    authentication_classes = (BearerKey,)

    @extend_schema(
        operation_id="segment_members",
        parameters=[
            OpenApiParameter("at", datetime, description="Who was in then; now unless given."),
            *_PAGING,
        ],
        responses={200: OpenApiTypes.OBJECT, **_PROBLEMS},
    )
    def get(self, request: Request, key: str) -> Response:
        """Each with his stay: since when, until when, by which versions, and why."""
        require(request, READING)
        asked = _asked(MomentSerializer, request)
        segment = _known(key)
        at = asked.setdefault("at", clock_now())
        found = members_at(segment, at, after=asked["after"], most=asked["limit"])
        version = version_at(segment, at)
        answer = _page(
            request, [_member(one) for one in found], [one.customer_id for one in found], asked
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
        responses={200: OpenApiTypes.OBJECT, **_PROBLEMS, 503: _PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Whom it would select: the body is the rule, by itself or as ``rule``."""
        require(request, READING)
        asked = request.data
        rule = asked["rule"] if isinstance(asked, dict) and set(asked) == {"rule"} else asked
        try:
            found = preview_or_estimate(rule, now=clock_now())
        except RuleError as error:
            raise Unusable(say(error), code=error.code, path=error.path) from error
        except OperationalError as error:
            raise TooSlow(_t("Even a sample takes too long: try a shorter period.")) from error
        return Response(document(found), headers=_PRIVATE)


def _known(key: str) -> Segment:
    """Raises NotFound."""
    segment = Segment.objects.filter(key=key.replace("\x00", "")).first()
    if segment is None:
        raise NotFound(_t("There is no such segment."), code="unknown_segment")
    return segment


def _saved(told: dict[str, Any], source: Source) -> Segment:
    """By the verb.  Raises Unusable with the place in the body, Refused."""
    try:
        return save_segment(**told, author=None, actor=f"key:{source.key}", now=clock_now())
    except RuleError as error:
        path = f"/rule{error.path}"
        raise Unusable(say(error), code=error.code, path=path) from error
    except NotPossible as error:
        raise Refused(say(error), code=error.code) from error


def _asked(kind: type[PageSerializer], request: Request) -> dict[str, Any]:
    told = kind(data=request.query_params.dict())
    told.is_valid(raise_exception=True)
    return dict(told.validated_data)


def _page(
    request: Request, results: list[dict[str, Any]], ids: list[int], asked: dict[str, Any]
) -> Response:
    """``next`` keeps the time that was asked about, so that all pages tell of one moment."""
    following = None
    if len(ids) == asked["limit"]:
        following = replace_query_param(request.build_absolute_uri(), "after", ids[-1])
        if "at" in asked:
            following = replace_query_param(following, "at", asked["at"].isoformat())
    return Response({"results": results, "next": following}, headers=_PRIVATE)


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        "key": segment.key,
        "name": segment.name,
        "description": segment.description,
        "rule": segment.rule,
        "version": segment.version,
        "size": segment.size,
        "as_of": segment.refreshed_at,
        "is_live": segment.is_live,
        "held_since": segment.held_at,
    }


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
