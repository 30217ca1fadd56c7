"""Segments beside each other: counted, and made into others."""

from itertools import combinations_with_replacement
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from segments.actions.combine import combine_segments
from segments.actions.refresh import refresh
from segments.errors import NotPossible
from segments.models import Membership, Segment
from segments.queries.overlap import MOST, overlaps
from segments.queries.rules import check_rule
from segments.rules.sets import Operation, combined
from tests.factories import NOW, make_people, make_segment, make_staff

pytestmark = pytest.mark.django_db
ADDRESS = "admin:segments_segment_overlap"


def put(segment: Segment, ids: list[int]) -> None:
    Membership.objects.bulk_create(
        [Membership(segment=segment, customer_id=one, entered_at=NOW) for one in ids]
    )


@pytest.fixture
def segments() -> list[Segment]:
    """The n-th holds every n-th of 60 customers."""
    ids = make_people(60)
    made = [make_segment(f"s{number}") for number in range(1, MOST + 1)]
    for step, segment in enumerate(made, start=1):
        put(segment, ids[::step])
    return made


@pytest.fixture
def marketer() -> Client:
    client = Client()
    client.force_login(make_staff().marketer)
    return client


def test_eight_segments_are_counted_pair_by_pair(segments: list[Segment]) -> None:
    matrix = overlaps(segments)

    for a, b in combinations_with_replacement(range(MOST), 2):
        one, other = set(range(0, 60, a + 1)), set(range(0, 60, b + 1))
        for cell in (matrix[a][b], matrix[b][a]):
            assert (cell.both, cell.either) == (len(one & other), len(one | other))
    assert matrix[1][2].jaccard == 10 / 40


def test_who_left_is_not_counted_and_empty_segments_have_no_likeness() -> None:
    ids = make_people(2)
    one, other = make_segment("one"), make_segment("other")
    put(one, ids)
    Membership.objects.update(left_at=NOW)

    matrix = overlaps([one, other])

    assert [cell.both for row in matrix for cell in row] == [0, 0, 0, 0]
    assert matrix[0][1].jaccard is None


def test_of_many_members_every_so_manieth_hundred_of_customers_is_counted() -> None:
    ids = make_people(3_000, has_consent=False)
    even, third = make_segment("even"), make_segment("third")
    put(even, ids[::2])
    put(third, ids[::3])
    for one, size in ((even, 1_500), (third, 1_000)):
        Segment.objects.filter(pk=one.pk).update(size=size)
        one.refresh_from_db()

    matrix = overlaps([even, third], most=500)

    (a, both), (_again, b) = matrix
    # Some 500 of 2 500 stays: one hundred of customers out of five.
    assert {cell.every for cell in (a, both, b)} == {5}
    for cell, all_of_them in ((a, 1_500), (both, 500), (b, 1_000)):
        assert cell.both * cell.every == pytest.approx(all_of_them, rel=0.05)
    assert both.jaccard == pytest.approx(500 / 2_000, rel=0.05)
    assert overlaps([even, third], most=2_500)[0][1].both == 500


def test_the_page_marks_estimates_and_says_how_they_were_made(
    marketer: Client, segments: list[Segment]
) -> None:
    asked = {"segment": [one.pk for one in segments[:2]]}
    exact = marketer.get(reverse(ADDRESS), asked).content.decode()
    Segment.objects.update(size=1_000_000)

    page = marketer.get(reverse(ADDRESS), asked).content.decode()

    assert "≈" not in exact
    assert "≈ 300" in page  # 60 of 60, of one hundred out of five
    assert "of every 500 customers 100 were counted" in page


@given(
    operation=st.sampled_from(Operation),
    keys=st.lists(st.sampled_from("abcd"), min_size=2, max_size=4, unique=True),
    memberships=st.sets(st.sampled_from("abcd")),
)
def test_the_rule_of_an_operation_means_the_operation(
    operation: Operation, keys: list[str], memberships: set[str]
) -> None:
    met = [key in memberships for key in keys]
    expected = {
        Operation.UNION: any(met),
        Operation.INTERSECTION: all(met),
        Operation.DIFFERENCE: met[0] and not any(met[1:]),
    }

    assert holds(combined(operation, keys), memberships) == expected[operation]


def holds(rule: Any, memberships: set[str]) -> bool:
    """What the words of the rule mean, for those that are used here."""
    match rule:
        case {"segment": key}:
            return key in memberships
        case {"all": children}:
            return all(holds(child, memberships) for child in children)
        case {"any": children}:
            return any(holds(child, memberships) for child in children)
        case {"not": child}:
            return not holds(child, memberships)
    raise AssertionError(rule)


def test_what_is_made_follows_as_any_segment(segments: list[Segment]) -> None:
    made = combine_segments(
        operation=Operation.DIFFERENCE,
        keys=["s1", "s2"],
        key="odd",
        name="Odd",
        author=make_staff().marketer,
        now=NOW,
    )

    assert refresh(segment=made, now=NOW).size == 30
    assert check_rule(made.rule).segments == {"s1", "s2"}
    assert made.versions.get().note == "difference: s1, s2"


@pytest.mark.parametrize(
    ("keys", "key", "code"), [(["s1", "s1"], "new", "too_few"), (["s1", "s2"], "s3", "key_taken")]
)
def test_what_cannot_be_made_is_refused(
    segments: list[Segment], keys: list[str], key: str, code: str
) -> None:
    with pytest.raises(NotPossible) as refused:
        combine_segments(
            operation=Operation.UNION,
            keys=keys,
            key=key,
            name="x",
            author=make_staff().marketer,
            now=NOW,
        )

    assert refused.value.code == code
    assert Segment.objects.count() == MOST


class TestPage:
    def test_it_compares_and_makes_one_of_them(
        self, marketer: Client, segments: list[Segment]
    ) -> None:
        numbers = [one.pk for one in segments[:3]]
        shown = marketer.get(reverse(ADDRESS), {"segment": numbers})
        typed = {"operation": "difference", "first": numbers[1], "key": "new", "name": "New"}

        marketer.post(reverse(ADDRESS), {"segment": numbers, **typed})

        assert shown.content.decode().count('name="segment"') == MOST + len(numbers)
        assert shown.content.decode().count(" checked>") == len(numbers)
        both, share, likeness = shown.context["panels"]
        assert both.rows[0] == ("s1", "60", "30", "20")
        assert share.rows[1] == ("s2", "100.0 %", "100.0 %", "33.3 %")
        assert likeness.rows[2][1] == "0.333"
        assert Segment.objects.get(key="new").rule == {
            "all": [{"segment": "s2"}, {"not": {"any": [{"segment": "s1"}, {"segment": "s3"}]}}]
        }

    @pytest.mark.parametrize(
        "typed",
        [
            {},
            {"operation": "xor", "key": "new", "name": "x"},
            {"operation": "union", "key": "a b", "name": "x"},
            {"operation": "union", "key": "s1", "name": "x"},
            {"operation": "union", "key": "new", "name": ""},
        ],
    )
    def test_wrong_input_is_told_and_kept(
        self, marketer: Client, segments: list[Segment], typed: dict[str, str]
    ) -> None:
        numbers = [one.pk for one in segments[:2]]

        told = marketer.post(reverse(ADDRESS), {"segment": numbers, **typed})

        assert told.status_code == 200
        said = [str(one) for one in told.context["messages"]]
        assert said
        assert "This field is required." not in said  # which one?
        assert told.context["typed"]["name"] == typed.get("name", "")
        assert Segment.objects.count() == MOST

    @pytest.mark.parametrize("asked", ["", "?segment=x&segment=99999", "?segment=1"])
    def test_too_few_are_no_error(
        self, marketer: Client, segments: list[Segment], asked: str
    ) -> None:
        told = marketer.get(reverse(ADDRESS) + asked)

        assert (told.status_code, told.context["panels"]) == (200, [])

    def test_who_only_looks_compares_and_makes_none(self, segments: list[Segment]) -> None:
        client = Client()
        client.force_login(make_staff().manager)
        numbers = [one.pk for one in segments[:2]]
        typed = {"segment": numbers, "operation": "union", "key": "new", "name": "x"}

        assert client.get(reverse(ADDRESS), {"segment": numbers}).context["panels"]
        assert client.post(reverse(ADDRESS), typed).status_code == 403
