"""Two who change segments at the same moment: neither makes what the other's rule cannot stand."""

from collections.abc import Callable

import pytest

from segments.actions.archive import archive_segment
from segments.actions.save import save_segment
from segments.errors import NotPossible, RuleError
from segments.models import Segment
from tests.factories import NOW, make_segment, make_staff
from tests.segments.test_tag_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def naming(key: str, other: str) -> None:
    """Save a segment of those who are in another."""
    rule = {"not": {"segment": other}}
    save_segment(key=key, name=key, rule=rule, description="", author=None, now=NOW)


def told_by(act: Callable[[], None], told: list[str]) -> Callable[[], None]:
    def run() -> None:
        try:
            act()
        except (RuleError, NotPossible) as error:
            told.append(str(error.code))

    return run


def test_two_who_name_each_others_segment_at_once_close_no_circle() -> None:
    make_segment("a")
    make_segment("b")
    told: list[str] = []

    at_once(lambda: naming("a", "b"), told_by(lambda: naming("b", "a"), told))

    assert told == ["cycle"]
    assert Segment.objects.get(key="b").rule == {"everyone": True}


def test_segment_that_is_being_named_is_not_archived() -> None:
    actor = make_staff().marketer
    make_segment("a")
    b = make_segment("b")
    told: list[str] = []

    def archive() -> None:
        archive_segment(segment=b, actor=actor, now=NOW)

    at_once(lambda: naming("a", "b"), told_by(archive, told))

    assert told == ["in_use"]


def test_segment_that_is_being_archived_is_not_named() -> None:
    actor = make_staff().marketer
    make_segment("a")
    b = make_segment("b")
    told: list[str] = []

    def archive() -> None:
        archive_segment(segment=b, actor=actor, now=NOW)

    at_once(archive, told_by(lambda: naming("a", "b"), told))

    assert told == ["unknown_segment"]
