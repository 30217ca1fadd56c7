"""The import command as programs and people see it; each run is a real process."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from compliance.queries import clock_now
from customers.actions.import_customers import import_customers
from customers.models import Attribute, Customer, Identity, ImportJob
from customers.queries.database import rows
from customers.queries.identities import addresses
from tests.chaos.sizes import HUNG_AFTER

ROOT = Path(__file__).resolve().parents[3]
CASES = ROOT / "tests/customers/cases/csv"
ROWS, KILLS = 100_000, 5  # G22


@pytest.fixture
def environment(process_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return {**process_environment, "TOUCHSTONE_FILES": str(tmp_path / "files")}


def command(*argv: str) -> list[str]:
    return [sys.executable, "manage.py", "import_customers", *argv]


def run(environment: dict[str, str], *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*argv), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


def big_file(path: Path, rows: int) -> Path:
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_no", "name", "phone", "email", "level", "balance"])
        for number in range(rows):
            phone = f"138{number:08d}" if number % 100 else "1.38E+10"
            writer.writerow(
                [f"c{number:07d}", "张伟", phone, f"c{number}@example.com", "VIP", number / 4]
            )
    return path


def test_json_is_one_document_and_progress_goes_to_stderr(environment: dict[str, str]) -> None:
    done = run(environment, str(CASES / "too_many_columns.csv"), "--json")

    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert (told["status"], told["rows_ok"], told["rows_bad"]) == ("import_partial", 1, 1)
    assert "extra_cells" in Path(told["errors_file"]).read_text(encoding="utf-8-sig")
    assert "2/2" in done.stderr


def test_refused_file_is_one_sentence_and_exit_code_2(environment: dict[str, str]) -> None:
    done = run(environment, str(CASES / "missing_id_column.csv"), "--json")

    told = json.loads(done.stdout)
    assert done.returncode == 2
    assert told["status"] == "reject_file"
    assert told["error"]["path"] == "id"
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_file_that_is_not_there_and_a_folder_are_told_apart(
    environment: dict[str, str], tmp_path: Path
) -> None:
    absent = run(environment, str(tmp_path / "none.csv"))
    folder = run(environment, str(tmp_path))

    assert (absent.returncode, absent.stderr.strip()) == (2, "There is no file none.csv.")
    assert folder.returncode == 2
    assert folder.stderr.strip() == f"{tmp_path.name} is a folder: name a file in it."


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (["nowhere.csv"], "nowhere.csv"),
        ([str(CASES / "control_utf8.csv"), "--id", "nope"], "nope"),
        ([str(CASES / "control_utf8.csv"), "--map", "nonsense"], "COLUMN=FIELD"),
        ([str(CASES / "control_utf8.csv"), "--map", "name=x:colour"], "number"),
        ([str(CASES / "control_utf8.csv"), "--consent", "sms"], "--notice"),
        ([str(CASES / "control_utf8.csv"), "--source", "a b"], "1 to 64"),
        ([str(CASES / "control_utf8.csv"), "--consent", "fax", "--notice", "1"], "fax"),
        ([str(CASES / "control_utf8.csv"), "--notice", "13800138000"], "2026-01"),
    ],
)
def test_bad_call_is_one_sentence(environment: dict[str, str], argv: list[str], hint: str) -> None:
    done = run(environment, *argv)

    assert done.returncode == 2
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_killed_import_resumes_to_the_same_rows(
    environment: dict[str, str], tmp_path: Path, settings: Any
) -> None:
    path = big_file(tmp_path / "big.csv", rows=ROWS)
    argv = command(str(path), "--resume", "--consent", "sms", "--notice", "1", "--json")
    kills, seed = 0, random.randrange(2**31)
    pause = random.Random(seed)
    for _ in range(KILLS):
        process = subprocess.Popen(
            argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        if wait_for_more_rows(process):
            time.sleep(pause.uniform(0, 0.3))  # in the midst of the next batch
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.communicate(timeout=60)
    assert kills == KILLS, f"seed {seed}"
    left = ImportJob.objects.get()

    last = subprocess.run(
        argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=HUNG_AFTER
    )

    told = json.loads(last.stdout)
    assert left.state == "running"
    good = ROWS - ROWS // 100
    assert 0 < left.rows_done < ROWS
    assert (told["rows_ok"], told["rows_bad"]) == (good, ROWS // 100)
    assert Customer.objects.count() == good
    assert Identity.objects.count() == 2 * good
    lines = Path(told["errors_file"]).read_text(encoding="utf-8-sig").splitlines()
    listed = list(csv.reader(lines))[1:]
    assert [int(row[0]) for row in listed] == list(range(1, ROWS + 1, 100))
    assert rows("SELECT count(*) FROM customers_consent", {}) == [(good,)]


def wait_for_more_rows(process: "subprocess.Popen[bytes]") -> bool:
    """Whether a batch more was committed while the process still runs."""
    before = ImportJob.objects.values_list("rows_done", flat=True).first() or 0
    while process.poll() is None:
        if (ImportJob.objects.values_list("rows_done", flat=True).first() or 0) > before:
            return process.poll() is None
        time.sleep(0.01)
    return False


@pytest.mark.django_db
def test_dry_run_writes_nothing_but_the_list(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path

    result = import_customers(path=CASES / "phone_bad.csv", dry_run=True, now=clock_now())

    assert (result.rows_ok, result.rows_bad) == (0, 8)
    assert Customer.objects.count() == ImportJob.objects.count() == Attribute.objects.count() == 0


@pytest.mark.django_db
def test_second_import_changes_nothing_and_keeps_what_the_file_leaves_blank(
    tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    first = tmp_path / "first.csv"
    first.write_text("id,city,score\n1,Wuhan,5\n", encoding="utf-8")
    second = tmp_path / "second.csv"
    second.write_text("id,city,score,plan\n1,,,gold\n", encoding="utf-8")

    for path in (first, first, second):
        import_customers(path=path, now=clock_now())

    kept = Customer.objects.get()
    assert (kept.city, kept.attributes) == ("Wuhan", {"score": 5, "plan": "gold"})


@pytest.mark.django_db
def test_mapping_sends_columns_where_it_says(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    path = tmp_path / "f.csv"
    path.write_text("no;Tel;Wert;Datum;x\n1;13800138000;1,000;2026-01-02;secret\n")

    result = import_customers(
        path=path,
        id_column="no",
        mapping={"Tel": "phone", "Wert": "worth:number", "x": "ignore"},
        now=clock_now(),
    )

    kept = Customer.objects.get()
    assert kept.attributes == {"worth": 1000, "datum": "2026-01-02"}
    assert addresses([kept.pk], "phone") == {kept.pk: "+8613800138000"}
    assert result.ignored_columns == ("x",)
    assert result.attributes == {"worth": "number", "datum": "date"}


@pytest.mark.django_db
def test_known_attribute_keeps_its_type_in_later_files(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    for name, text in (("a", "id,score\n1,5\n"), ("b", "id,score\n1,6\n2,many\n")):
        (tmp_path / name).write_text(text)

    import_customers(path=tmp_path / "a", now=clock_now())
    result = import_customers(path=tmp_path / "b", now=clock_now())

    assert (result.rows_ok, result.rows_bad) == (1, 1)
    assert Attribute.objects.get().type == "number"


@pytest.mark.django_db
def test_list_of_refused_rows_is_safe_to_open_and_shows_no_phone(
    tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    path = tmp_path / "f.csv"
    path.write_text('id,phone\n=1+1,x\n2,138001380009\n3,"=HYPERLINK(""http://evil.example"")"\n')

    result = import_customers(path=path, now=clock_now())

    assert result.errors_file
    text = Path(result.errors_file).read_text(encoding="utf-8-sig")
    assert "138001380009" not in text
    cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert Path(result.errors_file).stat().st_mode & 0o077 == 0
