"""`manage.py import_file` as programs and people see it; each run is a real process."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections

from compliance.queries import clock_now
from customers.actions.load_file import load_file
from customers.models import Account, ImportJob, SavedMapping, StagedRow
from customers.queries.database import rows
from tests.conftest import server_options
from tests.factories import make_people

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def environment(process_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return {**process_environment, "TOUCHSTONE_FILES": str(tmp_path / "files")}


def command(*argv: str) -> list[str]:
    return [sys.executable, "manage.py", "import_file", *argv]


def run(environment: dict[str, str], *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*argv), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


def accounts(path: Path, count: int, header: str = "number,customer,kind,opened_on") -> Path:
    lines = (f"A{number},C00000,现金,2020-01-02" for number in range(count))
    path.write_text("\n".join([header, *lines]) + "\n", encoding="gb18030")
    return path


@pytest.mark.django_db(transaction=True)
def test_json_tells_what_became_of_the_file(environment: dict[str, str], tmp_path: Path) -> None:
    make_people(1, prefix="C")

    done = run(environment, "accounts", str(accounts(tmp_path / "a.csv", 3)), "--json")

    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["rows_ok"]) == (0, "import_ok", 3)
    assert "3/3" in done.stderr
    assert len(told["findings"]) == 8


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_shows_rows_rate_and_time_left_and_writes_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    make_people(1, prefix="C")
    path = accounts(tmp_path / "a.csv", 40_000)

    done = run(environment, "accounts", str(path), "--dry-run")

    lines = re.findall(r"(\d+)/40000, [\d,]+/s, \d+ s left", done.stderr)
    assert lines[-1] == "40000"
    assert "40000 rows would be imported, 0 refused; nothing was written." in done.stdout
    assert not Account.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_blocked_file_is_exit_code_2_and_says_why(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = run(environment, "accounts", str(accounts(tmp_path / "a.csv", 3)))

    assert done.returncode == 2
    assert "Blocked" in done.stdout
    assert "references" in done.stdout


@pytest.mark.django_db(transaction=True)
def test_a_mapping_is_saved_with_one_file_and_reads_the_next(
    environment: dict[str, str], tmp_path: Path
) -> None:
    make_people(1, prefix="C")
    first = accounts(tmp_path / "a.csv", 2, "Konto,Wem,Art,opened_on")
    maps = ["Konto=number", "Wem=customer", "Art=kind"]
    told = [part for pair in maps for part in ("--map", pair)]

    run(environment, "accounts", str(first), *told, "--save-mapping", "core")
    again = run(environment, "accounts", str(first), "--mapping", "core", "--json")

    assert SavedMapping.objects.get().columns["Konto"] == "number"
    assert json.loads(again.stdout)["status"] == "import_ok"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("argv", "path"),
    [(["nonsense", "x.csv"], "kind"), (["accounts", "x.csv", "--mapping", "none"], "mapping")],
)
def test_what_cannot_be_done_is_one_sentence_with_its_place(
    environment: dict[str, str], argv: list[str], path: str
) -> None:
    done = run(environment, *argv, "--json")

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["path"] == path
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_killed_file_goes_on_where_it_was(environment: dict[str, str], tmp_path: Path) -> None:
    make_people(1, prefix="C")
    path = accounts(tmp_path / "a.csv", 60_000)
    with subprocess.Popen(
        command("accounts", str(path)), cwd=ROOT, env=environment, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 60
        while not StagedRow.objects.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    left = ImportJob.objects.get()
    assert 0 < left.rows_done == StagedRow.objects.count()
    assert Account.objects.count() == 0

    result = load_file(
        kind_key="accounts", path=path, source_key="file-import", resume=True, now=clock_now()
    )

    assert (result.load, result.rows_ok) == (left.pk, 60_000)
    assert Account.objects.count() == 60_000


@pytest.mark.django_db(transaction=True)
def test_killed_while_rows_are_released_nothing_of_it_is_in_and_the_next_run_ends_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    make_people(1, prefix="C")
    path = accounts(tmp_path / "a.csv", 2_000)
    load_file(kind_key="accounts", path=path, source_key="file-import", now=clock_now())
    path.write_text(path.read_text("gb18030").replace("现金", "bank"), encoding="utf-8")
    last = Account.objects.order_by("-number").first()
    assert last is not None

    # The release comes as far as this row, all that stand before it written, and waits.
    with own_connection() as other:
        other.execute("SELECT FROM customers_account WHERE id = %s FOR UPDATE", [last.pk])
        with subprocess.Popen(
            command("accounts", str(path)), cwd=ROOT, env=environment, stderr=subprocess.PIPE
        ) as process:
            wait_until(lambda: releasing() == ["Lock"])
            os.kill(process.pid, signal.SIGKILL)
        other.rollback()
    wait_until(lambda: releasing() == [])
    left = ImportJob.objects.get(state=ImportJob.State.RUNNING)
    assert (left.rows_done, StagedRow.objects.count()) == (2_000, 2_000)
    assert list(Account.objects.values_list("kind").distinct()) == [("cash",)]

    result = load_file(
        kind_key="accounts", path=path, source_key="file-import", resume=True, now=clock_now()
    )

    assert (result.load, result.rows_ok, result.status) == (left.pk, 2_000, "import_ok")
    assert list(Account.objects.values_list("kind").distinct()) == [("bank",)]
    assert not StagedRow.objects.exists()


def releasing() -> list[str | None]:
    """What each session that releases accounts waits for."""
    query = """
        SELECT wait_event_type FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND query LIKE '%%INSERT INTO customers_account %%'
    """
    return [waits_for for (waits_for,) in rows(query, {})]


def own_connection() -> "psycopg.Connection[tuple[Any, ...]]":
    name = connections["default"].settings_dict["NAME"]
    return psycopg.connect(dbname=name, **server_options())


def wait_until(has_come: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not has_come():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.05)
