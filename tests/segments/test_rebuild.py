"""`manage.py archive_events` and `manage.py rebuild_segment`, as an operator runs them."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from campaigns.channels.base import Channel
from compliance.queries import clock_now
from customers.models import Customer
from segments.actions.refresh import refresh
from segments.engines.shape import MANIFEST
from segments.models import Membership, Segment
from tests.factories import make_people, make_segment

pytestmark = pytest.mark.django_db
NEAR = {"field": "city", "op": "eq", "value": "Shanghai"}
ENGINES = ["postgres", "duckdb"]


@pytest.fixture(autouse=True)
def archive(tmp_path: Path, settings: object) -> Path:
    settings.ANALYTICS_ARCHIVE = tmp_path / "archive"  # type: ignore[attr-defined]
    return tmp_path / "archive"


@pytest.fixture
def near() -> Segment:
    make_people(3, columns={"city": "Shanghai"})
    make_people(1, prefix="Q", columns={"city": "Suzhou"})
    return make_segment("near", NEAR)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert caught.value.returncode == 2
    return str(caught.value)


def members(segment: Segment) -> set[int]:
    rows = Membership.objects.filter(segment=segment, left_at=None)
    return set(rows.values_list("customer_id", flat=True))


def move(city: str, customer: int) -> None:
    Customer.objects.filter(pk=customer).update(city=city)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_rebuild_moves_whom_the_engine_finds(near: Segment, engine: str) -> None:
    run("archive_events")

    told = run("rebuild_segment", "near", "--engine", engine)

    assert f"{engine}: 3 members, +3 -0" in told
    assert members(near) == set(
        Customer.objects.filter(city="Shanghai").values_list("pk", flat=True)
    )
    near.refresh_from_db()
    assert near.size == 3
    assert near.refreshed_at is not None


def test_both_commands_tell_as_json(near: Segment) -> None:
    written = json.loads(run("archive_events", "--json"))
    told = json.loads(run("rebuild_segment", "near", "--engine", "duckdb", "--json"))

    assert written["rows"]["customers"] == 4
    assert (told["engine"], told["size"], told["entered"], told["left"]) == ("duckdb", 3, 3, 0)
    assert told["is_held"] is False


def test_an_archive_without_events_can_be_read(near: Segment) -> None:
    run("archive_events", "--since", "2999-01-01")

    assert "duckdb: 3 members" in run("rebuild_segment", "near", "--engine", "duckdb", "--dry-run")


def test_a_day_that_is_none_is_told() -> None:
    with pytest.raises(CommandError, match="'yesterday' is no day, as 2026-09-30"):
        run("archive_events", "--since", "yesterday")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_dry_run_tells_and_changes_nothing(near: Segment, engine: str) -> None:
    run("archive_events")

    told = run("rebuild_segment", "near", "--engine", engine, "--dry-run")

    assert "3 members, +3 -0" in told
    assert "Nothing was changed" in told
    assert members(near) == set()
    near.refresh_from_db()
    assert near.size is None


def test_an_archive_older_than_the_last_move_is_refused_unless_accepted(near: Segment) -> None:
    run("archive_events")
    refresh(segment=near, now=clock_now())

    told = refused("rebuild_segment", "near", "--engine", "duckdb")

    assert "--as-of" in told
    assert "3 members, +0 -0" in run("rebuild_segment", "near", "--engine", "duckdb", "--as-of")
    run("archive_events")
    assert "3 members, +0 -0" in run("rebuild_segment", "near", "--engine", "duckdb")


def test_who_is_gone_since_the_archive_does_not_come_back(near: Segment) -> None:
    run("archive_events")
    gone = Customer.objects.filter(city="Shanghai").first()
    assert gone is not None
    Customer.objects.filter(pk=gone.pk).update(status="erased")

    told = run("rebuild_segment", "near", "--engine", "duckdb")

    assert "2 members, +2 -0" in told
    assert gone.pk not in members(near)


def test_a_move_too_large_is_held_by_whatever_engine(near: Segment) -> None:
    make_people(120, prefix="R", columns={"city": "Shanghai"})
    refresh(segment=near, now=clock_now())
    Customer.objects.filter(customer_no__startswith="R").update(city="Suzhou")
    run("archive_events")

    with pytest.raises(SystemExit) as caught:
        run("rebuild_segment", "near", "--engine", "duckdb")

    assert caught.value.code == 1
    assert len(members(near)) == 123


def test_what_cannot_be_done_is_said_in_a_sentence(near: Segment) -> None:
    assert "archive_events" in refused("rebuild_segment", "near", "--engine", "duckdb")
    assert "no segment nowhere" in refused("rebuild_segment", "nowhere")


def test_a_rule_the_archive_cannot_answer_is_refused(near: Segment) -> None:
    make_segment("numbered", {"field": "customer_no", "op": "eq", "value": "P1"})
    make_segment("ever", {"event": "login"})
    make_segment("lately", {"event": "login", "within_days": 7})
    run("archive_events", "--since", f"{clock_now() - timedelta(days=30):%Y-%m-%d}")

    assert "customer_no" in refused("rebuild_segment", "numbered", "--engine", "duckdb")
    assert "looks back" in refused("rebuild_segment", "ever", "--engine", "duckdb")
    assert "0 members" in run("rebuild_segment", "lately", "--engine", "duckdb")


def test_an_archive_holds_nothing_that_names_a_person(near: Segment, archive: Path) -> None:
    make_people(
        1,
        prefix="S",
        channels=(Channel.EMAIL, Channel.SMS),
        columns={"name": "张伟", "city": "Wuhan"},
    )
    (customer,) = Customer.objects.filter(city="Wuhan")
    cipher = bytes(customer.name_cipher)

    run("archive_events")

    (folder,) = (path.parent for path in archive.glob(f"*/{MANIFEST}"))
    found = duckdb.sql(f"SELECT * FROM '{folder}/customers/*.parquet' WHERE city = 'Wuhan'")
    row = dict(zip(found.columns, found.fetchall()[0], strict=True))
    assert row["name"] is True
    assert customer.customer_no not in map(str, row.values())
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for secret in (cipher, "张伟".encode(), b"8613800000000", b"person0@example"):
        assert secret not in written


def test_a_broken_off_archive_is_seen_by_nobody(
    near: Segment, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("archive_events")
    (whole,) = archive.glob(f"*/{MANIFEST}")
    (archive / ".begun-of-a-killed-run").mkdir()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE customers_tagging RENAME TO customers_tagging_gone")

    with pytest.raises(Exception, match="customers_tagging"):
        run("archive_events")

    assert list(archive.glob(f"*/{MANIFEST}")) == [whole]
    assert [path.name for path in archive.iterdir() if path.is_dir()] == [whole.parent.name]
