"""Who was in a segment at a time, each customer's stays in it, and how its size went."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext, pgettext

from compliance.console.shown import Panel, figure, link, moment
from compliance.queries import clock_now
from segments.admin.pages import SEES_CUSTOMERS, SegmentPages
from segments.admin.words import reason_in_words
from segments.queries.members import Day, Interval, count_at, intervals_of, members_at, sizes
from segments.queries.versions import version_at

PAGE: Final = 50
STAYS: Final = 100
SPANS: Final = (30, 90, 365)
_TYPED: Final = ("key", "name", "why")  # of the forms below the members
_LONGEST_TYPED: Final = 400


class MemberPages(SegmentPages):
    """The pages *Members* and *History* of a segment."""

    def get_urls(self) -> list[URLPattern]:
        """Their addresses."""
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/members/", view(self.members_view), name="segments_segment_members"),
            path("<int:pk>/sizes/", view(self.sizes_view), name="segments_segment_sizes"),
            *super().get_urls(),
        ]

    def members_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """``?at=TIME&customer=NUMBER&after=ID``; what is no time is now."""
        segment = self.seen_segment(request, pk)
        now = clock_now()
        asked = read_moment(request.GET.get("at", "")) or now
        at = min(asked, now)
        number = request.GET.get("customer", "").replace("\x00", "").strip()
        after = request.GET.get("after", "")
        found = members_at(segment, at, after=_id(after), most=PAGE)
        count = count_at(segment, at)
        version = version_at(segment, at)
        panels = [_members(found, may_see=request.user.has_perm(SEES_CUSTOMERS))]
        if number:
            panels.insert(0, _stays(number, intervals_of(segment, number, most=STAYS)))
        following = {"at": at.isoformat(), "customer": number}
        if len(found) == PAGE:
            following["after"] = str(found[-1].customer_id)
        context = {
            "summary": ngettext(
                "%(count)s customer was in at %(at)s",
                "%(count)s customers were in at %(at)s",
                count,
            )
            % {"count": figure(count), "at": moment(at)},
            "to_come": _t("%(at)s is still to come: this is now.") % {"at": moment(asked)}
            if asked > now
            else "",
            "version": version,
            "made_at": moment(version.made_at) if version else "",
            "zone": timezone.get_current_timezone_name(),
            "asked": {
                "at": timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S"),
                "number": number,
                "exactly": at.isoformat(),
            },
            "typed": {name: request.GET.get(name, "") for name in _TYPED},
            "panels": panels,
            "may_keep": self.has_add_permission(request) and count > 0,
            "may_export": request.user.has_perm("segments.export_members") and count > 0,
            "rows_alone": figure(settings.EXPORT_ROWS_ALONE),
            "older": urlencode(following) if "after" in following else "",
        }
        return self.segment_page(request, segment, "segments/members.html", **context)

    def sizes_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """``?days=30``: how many at each day's end, and who came and went."""
        segment = self.seen_segment(request, pk)
        asked = request.GET.get("days", "")
        span = next((days for days in SPANS if str(days) == asked), SPANS[0])
        # The institution's day, whatever zone the reader is in.
        today = timezone.localtime(clock_now(), timezone.get_default_timezone()).date()
        days = sizes(segment, today - timedelta(days=span - 1), today)
        context = {
            "span": span,
            "spans": SPANS,
            "zone": timezone.get_default_timezone_name(),
            "charts": [_size_chart(days), _move_chart(days)],
            "panels": [_days(days)],
        }
        return self.segment_page(request, segment, "segments/sizes.html", **context)


def members_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to the members as they were asked for, with what was typed into the refused form."""
    typed = {name: request.POST.get(name, "")[:_LONGEST_TYPED] for name in ("at", *_TYPED)}
    page = reverse("admin:segments_segment_members", args=[pk])
    return redirect(f"{page}?{urlencode(typed)}")


def read_moment(text: str) -> datetime | None:
    """A time as typed, in the reader's zone unless it says another; None where it is none."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    if found is None or timezone.is_aware(found):
        return found
    return timezone.make_aware(found)


def _id(text: str) -> int:
    return int(text[:18]) if text.isascii() and text.isdigit() else 0


def _members(found: Sequence[Interval], *, may_see: bool) -> Panel:
    return Panel(
        title=_t("Who was in"),
        note=_t("Who was erased, restricted or merged since is counted and not named."),
        headers=(_t("Customer"), *_stay_headers()),
        rows=[(_number(stay, may_see=may_see), *_stay(stay)) for stay in found],
        empty=_t("Nobody more was in at that time."),
    )


def _number(stay: Interval, *, may_see: bool) -> str:
    """The customer's number, for whoever may see him as the way to his page."""
    if not may_see:
        return stay.customer_no
    return link(
        reverse("admin:customers_customer_change", args=[stay.customer_id]), stay.customer_no
    )


def _stays(number: str, found: Sequence[Interval]) -> Panel:
    return Panel(
        title=_t("Stays of %(number)s") % {"number": number},
        headers=_stay_headers(),
        rows=[_stay(stay) for stay in found],
        empty=_t("This customer was never in the segment, or there is none of this number."),
    )


def _stay_headers() -> tuple[str, ...]:
    return (
        *(_t("Came in"), _t("Because of"), _t("Version")),
        *(_t("Left"), _t("Because of"), _t("Version")),
    )


def _stay(stay: Interval) -> tuple[object, ...]:
    return (
        *(moment(stay.entered_at), reason_in_words(stay.entered_why), _version(stay.version)),
        *(moment(stay.left_at), reason_in_words(stay.left_why), _version(stay.left_version)),
    )


def _version(number: int | None) -> str:
    return "—" if number is None else f"v{number}"


def _days(days: Sequence[Day]) -> Panel:
    return Panel(
        title=_t("Day by day"),
        headers=(
            _t("Day"),
            _t("Came in"),
            pgettext("how many", "Left"),
            _t("Customers at its end"),
        ),
        rows=[
            (day.on.isoformat(), figure(day.entered), figure(day.left), figure(day.size))
            for day in reversed(days)
        ],
        empty="",
        numeric=frozenset({1, 2, 3}),
    )


def _size_chart(days: Sequence[Day]) -> dict[str, Any]:
    title = _t("Customers at the end of the day")
    return _chart("size", days, title, {title: [day.size for day in days]})


def _move_chart(days: Sequence[Day]) -> dict[str, Any]:
    moves = {
        _t("Came in"): [day.entered for day in days],
        pgettext("how many", "Left"): [day.left for day in days],
    }
    return _chart("moves", days, _t("Who came and who left"), moves)


def _chart(
    key: str, days: Sequence[Day], title: str, series: dict[str, list[int]]
) -> dict[str, Any]:
    return {
        "key": key,
        "kind": "bars",
        "title": title,
        "unit": _t("Customers"),
        "digits": 0,
        "categories": [day.on.isoformat() for day in days],
        "series": [{"name": name, "values": values} for name, values in series.items()],
    }
