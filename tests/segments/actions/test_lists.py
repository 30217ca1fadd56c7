"""Static lists: looked through first, taken over whole or not at all, followed at once."""

from pathlib import Path

import openpyxl
import pytest
from django.db import connection

from campaigns.queries.journeys import references
from segments.actions.archive import archive_segment
from segments.actions.follow import follow
from segments.actions.lists import (
    Typed,
    drop_list,
    read_file,
    read_text,
    snapshot_segment,
    stage_list,
    take_list,
)
from segments.actions.refresh import Refreshed, refresh
from segments.actions.save import save_segment
from segments.errors import NotPossible
from segments.models import ListUpload, Membership, Segment
from segments.tasks import refresh_all
from tests.factories import NOW, make_people, make_segment, make_staff
from tests.segments.actions.test_versions import MINUTE, move, stays

pytestmark = pytest.mark.django_db
NEAR = {"field": "city", "op": "eq", "value": "Shanghai"}


def stage(*numbers: str, key: str = "vip", replaces: bool = False) -> ListUpload:
    return stage_list(
        key=key,
        name=key,
        numbers=[Typed(line, number) for line, number in enumerate(numbers, start=2)],
        file_name="vip.csv",
        replaces=replaces,
        author=make_staff().marketer,
        now=NOW,
    )


def take(upload: ListUpload, minutes: int = 0) -> Segment:
    return take_list(upload=upload, actor=make_staff().marketer, now=NOW + minutes * MINUTE)


def members(segment: Segment) -> set[int]:
    found = Membership.objects.filter(segment=segment, left_at=None)
    return set(found.values_list("customer_id", flat=True))


class TestReading:
    @pytest.mark.parametrize(
        "text",
        [
            "customer_no,name\nP1,a\n'=P2,b\n",
            "name;customer_no\na;P1\nb;=P2\n",
            "P1\n=P2\n",
            "客户号\nP1\n=P2\n",
        ],
    )
    def test_numbers_are_found_by_column_or_in_the_only_one(
        self, tmp_path: Path, text: str
    ) -> None:
        file = tmp_path / "a.csv"
        file.write_text(text, encoding="utf-8")

        assert [one.number for one in read_file(file)] == ["P1", "=P2"]

    def test_a_sheet_is_read_too(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        book.active.append(["customer_no"])
        book.active.append(["P1"])
        book.save(tmp_path / "a.xlsx")

        assert read_file(tmp_path / "a.xlsx") == [Typed(2, "P1")]

    def test_a_file_that_names_no_number_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "a.csv"
        file.write_text("first,second\n1,2\n")

        with pytest.raises(NotPossible) as refused:
            read_file(file)

        assert refused.value.code == "no_column"

    def test_pasted_numbers_stand_in_lines_or_with_commas(self) -> None:
        assert read_text("P1\n\n P2, P3;P4\n") == [
            *(Typed(1, "P1"), Typed(3, "P2"), Typed(3, "P3"), Typed(3, "P4"))
        ]
        assert [one.number for one in read_text("P1，P2；P3、P4")] == ["P1", "P2", "P3", "P4"]


class TestUpload:
    def test_what_leads_nowhere_is_told_by_line_and_nothing_is_written(self) -> None:
        make_people(2)

        upload = stage("P00000", "P00000", "nobody", "", "P00001")

        assert (upload.lines, upload.known) == (5, 2)
        assert upload.problems == [
            (3, "twice", "2"),
            (4, "unknown", "nobody"),
            (5, "unreadable", ""),
        ]
        assert not Segment.objects.exists()

    def test_taken_over_they_are_members_with_version_and_reason(self) -> None:
        ids = make_people(3)
        upload = stage("P00000", "P00001", "nobody")

        segment = take(upload)

        assert members(segment) == set(ids[:2])
        assert stays(segment) == [("upload", 1, "", None)] * 2
        assert (segment.size, segment.versions.get().note) == (2, "vip.csv")
        upload.refresh_from_db()
        assert (upload.state, upload.customers) == ("taken", [])

    def test_a_second_upload_adds_or_replaces(self) -> None:
        ids = make_people(3)
        take(stage("P00000", "P00001"))
        added = take(stage("P00002"), 1)
        assert (members(added), added.size, added.version) == (set(ids), 3, 2)

        replaced = take(stage("P00001", replaces=True), 2)

        assert (members(replaced), replaced.size) == ({ids[1]}, 1)
        assert stays(replaced)[0] == ("upload", 1, "upload", 3)

    def test_it_is_taken_over_once(self) -> None:
        make_people(1)
        upload = stage("P00000")
        take(upload)

        with pytest.raises(NotPossible, match="decided"):
            take(upload)
        with pytest.raises(NotPossible, match="decided"):
            drop_list(upload=upload, now=NOW)

    def test_discarded_it_names_nobody(self) -> None:
        make_people(1)
        upload = stage("P00000")

        drop_list(upload=upload, now=NOW)

        upload.refresh_from_db()
        assert (upload.state, upload.customers) == ("dropped", [])
        assert not Segment.objects.exists()

    def test_the_key_of_a_rule_and_an_empty_list_are_refused(self) -> None:
        make_people(1)
        make_segment("near", NEAR)

        codes = []
        for numbers, key in ((["P00000"], "near"), ([], "vip")):
            with pytest.raises(NotPossible) as refused:
                stage(*numbers, key=key)
            codes.append(refused.value.code)
        with pytest.raises(NotPossible) as refused:
            take(stage("nobody"))

        assert [*codes, refused.value.code] == ["not_a_list", "no_numbers", "nobody"]


class TestUse:
    def test_live_segments_that_name_it_follow_in_the_same_moment(self) -> None:
        ids = make_people(3, columns={"city": "Shanghai"})
        take(stage("P00000"))
        both = make_segment("both", {"all": [{"segment": "vip"}, NEAR]})
        again = make_segment("again", {"not": {"segment": "both"}})
        for segment in (both, again):
            refresh(segment=segment, now=NOW)

        take(stage("P00001", replaces=True), 1)

        assert members(both) == {ids[1]}
        assert members(again) == {ids[0], ids[2]}
        assert stays(both)[-1] == ("segment:vip", 1, "", None)

    def test_rebuilds_leave_it_alone_and_journeys_may_name_it(self) -> None:
        ids = make_people(2)
        segment = take(stage("P00000"))

        refresh_all()

        assert refresh(segment=segment, now=NOW) == Refreshed(size=1, entered=0, left=0)
        assert members(segment) == {ids[0]}
        assert "vip" in references().segments
        segment.refresh_from_db()
        assert segment.held_at is None

    def test_who_is_restricted_leaves_and_never_comes_in(self) -> None:
        ids = make_people(2)
        segment = take(stage("P00000", "P00001"))
        waiting = stage("P00000", "P00001")
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE customers_customer SET status = 'restricted' WHERE id = %s", ids[:1]
            )

        follow(now=NOW + MINUTE)
        take(waiting, 2)

        assert members(segment) == {ids[1]}
        segment.refresh_from_db()
        assert segment.size == 1
        assert stays(segment)[0] == ("upload", 1, "who", 1)

    def test_it_has_no_rule_to_save_and_can_be_archived(self) -> None:
        make_people(1)
        segment = take(stage("P00000"))

        with pytest.raises(NotPossible, match="static list"):
            save_segment(
                key="vip",
                name="vip",
                rule=NEAR,
                description="",
                author=make_staff().marketer,
                now=NOW,
            )
        archive_segment(segment=segment, actor=make_staff().marketer, now=NOW)
        with pytest.raises(NotPossible, match="archived"):
            stage("P00000")


def test_a_snapshot_keeps_who_was_in_at_a_time() -> None:
    ids = make_people(3, columns={"city": "Shanghai"})
    near = make_segment("near", NEAR)
    refresh(segment=near, now=NOW)
    move("Suzhou", ids[0])
    refresh(segment=near, now=NOW + MINUTE)

    made = [
        snapshot_segment(
            segment=near,
            at=at,
            key=key,
            name=key,
            author=make_staff().marketer,
            now=NOW + 2 * MINUTE,
        )
        for key, at in (("then", NOW), ("now", NOW + MINUTE))
    ]

    assert [members(one) for one in made] == [set(ids), set(ids[1:])]
    assert stays(made[0])[0] == ("snapshot", 1, "", None)
