"""Files brought by the console: kept for few eyes, tried, imported by workers that may die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections

from compliance.errors import NotPermitted
from compliance.keeping import Kept
from compliance.models import AuditEntry, User
from compliance.queries import clock_now, kept_for
from customers.actions.upload_runs import continue_uploads
from customers.actions.uploads import (
    ask_check,
    expire_lists,
    expire_uploads,
    start_upload,
    stored_path,
    take_upload,
)
from customers.errors import FileRejected
from customers.models import Account, Customer, Identity, ImportJob, SavedMapping, Upload
from customers.vocabulary import UploadState
from tests.conftest import server_options
from tests.factories import make_people, make_staff

ROOT = Path(__file__).resolve().parents[3]
CUSTOMERS = "Nummer,Handy,risk_level\nC1,13800000001,C3\nC2,1.38E+10,C1\nC3,13800000003,C2\n"
FIELDS = {"Nummer": "customer_no", "Handy": "phone"}


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def operator(db: None) -> User:
    return make_staff().operator


def bring(actor: User, text: str = CUSTOMERS, kind: str = "customers") -> Upload:
    return take_upload(
        kind=kind,
        source_key="core",
        file_name="../客户 2026.csv",
        chunks=[text.encode()],
        encoding=None,
        actor=actor,
        now=clock_now(),
    )


def checked(actor: User, upload: Upload, fields: dict[str, str]) -> Upload:
    ask_check(upload=upload, fields=fields, save_as="", actor=actor, now=clock_now())
    continue_uploads(now=clock_now())
    upload.refresh_from_db()
    return upload


def test_a_file_is_kept_for_this_account_alone_under_its_own_name(operator: User) -> None:
    upload = bring(operator)

    path = stored_path(upload)
    assert path.name == upload.file_name == "客户_2026.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert (upload.encoding, upload.delimiter) == ("utf-8", ",")


def test_what_is_no_table_leaves_nothing(operator: User, folder: Path) -> None:
    with pytest.raises(FileRejected):
        bring(operator, text="<html></html>")

    assert not Upload.objects.exists()
    assert list((folder / "imports/uploads").iterdir()) == []


def test_a_check_tells_what_would_become_of_it_and_writes_nothing(operator: User) -> None:
    upload = checked(operator, bring(operator), FIELDS)

    assert upload.state == UploadState.CHECKED
    assert (upload.result["rows_ok"], upload.result["rows_bad"]) == (2, 1)
    assert [(bad["line"], bad["code"]) for bad in upload.result["first_bad"]] == [
        ("3", "scientific_notation")
    ]
    assert Customer.objects.count() == ImportJob.objects.count() == 0


def test_an_import_takes_the_file_away_and_names_its_job(operator: User) -> None:
    upload = checked(operator, bring(operator), FIELDS)

    start_upload(upload=upload, actor=operator, now=clock_now())
    continue_uploads(now=clock_now())

    upload.refresh_from_db()
    job = upload.job
    assert upload.state == UploadState.DONE
    assert job is not None
    assert (job.file_name, job.rows_ok, job.started_by) == ("客户_2026.csv", 2, operator.username)
    assert set(Customer.objects.values_list("customer_no", flat=True)) == {"C1", "C3"}
    assert not stored_path(upload).parent.exists()


def test_a_staged_kind_is_checked_and_imported_too(operator: User) -> None:
    make_people(2, prefix="C")
    text = "Konto,customer,kind,opened_on\nA1,C00000,cash,2020-01-02\nA2,C00001,cash,2020-01-02\n"
    upload = checked(operator, bring(operator, text, "accounts"), {"Konto": "number"})
    assert upload.result["rows_ok"] == 2
    assert Account.objects.count() == 0

    start_upload(upload=upload, actor=operator, now=clock_now())
    continue_uploads(now=clock_now())

    upload.refresh_from_db()
    assert upload.job is not None
    assert upload.job.state == ImportJob.State.DONE
    assert Account.objects.count() == 2


def test_columns_that_cannot_be_read_so_change_nothing(operator: User) -> None:
    upload = bring(operator)

    with pytest.raises(FileRejected) as refused:
        ask_check(
            upload=upload, fields={"Handy": "phone"}, save_as="", actor=operator, now=clock_now()
        )

    upload.refresh_from_db()
    assert refused.value.code == "id_column_missing"
    assert upload.state == UploadState.NEW


def test_a_mapping_is_kept_under_a_name_with_the_column_of_the_number(operator: User) -> None:
    ask_check(upload=bring(operator), fields=FIELDS, save_as="crm", actor=operator, now=clock_now())

    saved = SavedMapping.objects.get()
    assert (saved.name, saved.id_column, saved.columns) == ("crm", "Nummer", {"Handy": "phone"})


def test_nothing_is_imported_that_was_not_checked(operator: User) -> None:
    upload = bring(operator)

    with pytest.raises(FileRejected) as refused:
        start_upload(upload=upload, actor=operator, now=clock_now())

    assert refused.value.code == "upload_unchecked"


def test_whoever_starts_a_file_checks_it_again_after_somebody_else_did(operator: User) -> None:
    other = User.objects.create_user("zoe", is_staff=True)
    other.groups.set(operator.groups.all())
    upload = checked(operator, bring(operator), FIELDS)
    checked(other, upload, {**FIELDS, "Handy": "ignore"})

    with pytest.raises(FileRejected) as refused:
        start_upload(upload=upload, actor=operator, now=clock_now())

    upload.refresh_from_db()
    assert (refused.value.code, upload.state) == ("upload_checked_by_other", UploadState.CHECKED)
    assert "zoe had this file checked last" in refused.value.message
    assert not AuditEntry.objects.filter(action="upload.start").exists()

    checked(operator, upload, FIELDS)
    start_upload(upload=upload, actor=operator, now=clock_now())
    continue_uploads(now=clock_now())

    assert set(Identity.objects.values_list("kind", flat=True)) == {"phone"}


def test_only_whose_role_says_so_brings_files(operator: User) -> None:
    marketer = User.objects.get(groups__name="marketer")
    upload = bring(operator)

    with pytest.raises(NotPermitted):
        bring(marketer)
    with pytest.raises(NotPermitted):
        ask_check(upload=upload, fields=FIELDS, save_as="", actor=marketer, now=clock_now())
    with pytest.raises(NotPermitted):
        start_upload(upload=upload, actor=marketer, now=clock_now())


def test_a_file_that_nobody_starts_is_taken_away_after_seven_days(operator: User) -> None:
    upload = bring(operator)

    kept = kept_for(Kept.UPLOADS, now=upload.uploaded_at)
    assert expire_uploads(now=upload.uploaded_at + kept) == 0
    assert expire_uploads(now=upload.uploaded_at + kept + timedelta(seconds=1)) == 1

    upload.refresh_from_db()
    assert upload.state == UploadState.EXPIRED
    assert not stored_path(upload).exists()


def test_old_lists_of_refused_rows_go_and_newer_ones_stay(operator: User) -> None:
    old, new = (checked(operator, bring(operator, CUSTOMERS + tail), FIELDS) for tail in ("", "\n"))
    start_upload(upload=old, actor=operator, now=clock_now())
    continue_uploads(now=clock_now())
    job = ImportJob.objects.get()
    ended = [Path(job.errors_file), Path(old.result["errors_file"])]
    long_ago = (clock_now() - kept_for(Kept.REFUSED_ROWS, now=clock_now())).timestamp() - 60
    for path in ended:
        os.utime(path, (long_ago, long_ago))

    assert expire_lists(now=clock_now()) == 2

    assert not any(path.exists() for path in ended)
    assert Path(new.result["errors_file"]).exists()
    job.refresh_from_db()
    old.refresh_from_db()
    assert (job.errors_file, job.rows_bad, old.result["errors_file"]) == ("", 1, "")


def test_an_import_whose_turn_is_over_goes_on_at_the_next_one(operator: User) -> None:
    text = "customer_no\n" + "".join(f"c{number:05d}\n" for number in range(12_000))
    upload = checked(operator, bring(operator, text), {})
    start_upload(upload=upload, actor=operator, now=clock_now())

    first = continue_uploads(now=clock_now(), seconds=0)
    after_first = Customer.objects.count()
    second = continue_uploads(now=clock_now())

    upload.refresh_from_db()
    assert (first.is_left, after_first) == (True, 5_000)
    assert not second.is_left
    assert upload.job is not None
    assert upload.job.rows_ok == Customer.objects.count() == 12_000
    assert ImportJob.objects.count() == 1


def test_a_file_that_fails_in_an_unforeseen_way_does_not_hold_up_the_next(operator: User) -> None:
    broken = checked(operator, bring(operator), FIELDS)
    good = checked(operator, bring(operator, "customer_no\nC7\n"), {})
    for upload in (broken, good):
        start_upload(upload=upload, actor=operator, now=clock_now())
    Upload.objects.filter(pk=broken.pk).update(mapping={"phone": 5})

    with pytest.raises(AttributeError):
        continue_uploads(now=clock_now())

    good.refresh_from_db()
    assert good.state == UploadState.DONE
    assert set(Customer.objects.values_list("customer_no", flat=True)) == {"C7"}


@pytest.mark.django_db(transaction=True)
def test_others_see_how_far_the_dry_run_of_a_staged_kind_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_people(1, prefix="C")
    rows = "".join(f"A{number},C00000,cash,2020-01-02\n" for number in range(30))
    actor = make_staff().operator
    upload = bring(actor, "number,customer,kind,opened_on\n" + rows, "accounts")
    monkeypatch.setattr("customers.actions.load_file.BATCH_ROWS", 10)
    name = connections["default"].settings_dict["NAME"]
    seen: list[tuple[int, int]] = []

    with psycopg.connect(dbname=name, autocommit=True, **server_options()) as other:

        def look(execute: Callable[..., Any], sql: str, *told: Any) -> Any:
            if sql.startswith('UPDATE "customers_importjob"'):  # once a batch
                seen.extend(other.execute("SELECT rows_done, rows_total FROM customers_upload"))
            return execute(sql, *told)

        with connections["default"].execute_wrapper(look):
            checked(actor, upload, {})

    assert seen[:4] == [(0, 0), (10, 30), (20, 30), (30, 30)]
    assert not ImportJob.objects.exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_workers_import_is_finished_by_another_with_no_row_twice(
    process_environment: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    rows = 25_000
    actor = make_staff().operator
    lines = [f"c{number:05d},138{number:08d}\n" for number in range(rows)]
    upload = checked(actor, bring(actor, "customer_no,phone\n" + "".join(lines)), {})
    start_upload(upload=upload, actor=actor, now=clock_now())
    environment = {**process_environment, "TOUCHSTONE_FILES": str(folder)}

    with worker(environment, tmp_path / "first.log") as first:
        wait_until(lambda: rows_done() > 0)
        os.kill(first.pid, signal.SIGKILL)
    left = ImportJob.objects.get()
    assert 0 < left.rows_done < rows
    assert Customer.objects.count() == left.rows_ok

    with worker(environment, tmp_path / "second.log") as second:
        wait_until(lambda: Upload.objects.get().state == UploadState.DONE)
        second.terminate()

    upload.refresh_from_db()
    assert upload.job == left
    assert Customer.objects.count() == Identity.objects.count() == rows
    assert ImportJob.objects.get().rows_ok == rows


def worker(environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """A worker of Celery that has been rung for uploads."""
    celery = [sys.executable, "-m", "celery", "-A", "config.worker"]
    call = [*celery, "call", "customers.uploads"]
    subprocess.run(call, cwd=ROOT, env=environment, check=True, capture_output=True)
    return subprocess.Popen(
        [*celery, "worker", "--pool=solo", "--queues=default", "--without-mingle"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=log.open("wb"),
    )


def rows_done() -> int:
    return ImportJob.objects.values_list("rows_done", flat=True).first() or 0


def wait_until(has_come: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not has_come():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.02)


def test_the_same_file_brought_twice_with_other_columns_is_imported_as_both_say(
    operator: User,
) -> None:
    first = checked(operator, bring(operator), {**FIELDS, "risk_level": "ignore"})
    second = checked(operator, bring(operator), FIELDS)
    for upload in (first, second):
        start_upload(upload=upload, actor=operator, now=clock_now())

    continue_uploads(now=clock_now())

    first.refresh_from_db()
    second.refresh_from_db()
    assert [first.state, second.state] == [UploadState.DONE] * 2
    assert first.job_id != second.job_id
    assert Customer.objects.get(customer_no="C1").risk_level == "C3"


def test_two_checks_of_one_file_keep_their_own_lists(operator: User) -> None:
    text = "Nummer,Handy,risk_level\nC1,13800000001,C9\n"
    strict = checked(operator, bring(operator, text), FIELDS)
    lenient = checked(operator, bring(operator, text), {**FIELDS, "risk_level": "ignore"})

    assert (strict.result["rows_bad"], lenient.result["rows_bad"]) == (1, 0)
    assert "risk_level_unknown" in Path(strict.result["errors_file"]).read_text()


@pytest.mark.parametrize("act", [start_upload, partial(ask_check, fields={}, save_as="")])
def test_a_second_click_on_a_file_under_way_changes_nothing(
    operator: User, act: Callable[..., None]
) -> None:
    upload = checked(operator, bring(operator), FIELDS)
    start_upload(upload=upload, actor=operator, now=clock_now())

    with pytest.raises(FileRejected):
        act(upload=upload, actor=operator, now=clock_now())

    upload.refresh_from_db()
    assert (upload.state, upload.mapping) == (UploadState.LOADING, {"Handy": "phone"})


@pytest.mark.django_db(transaction=True)
def test_a_file_that_another_worker_has_is_left_to_it(folder: Path) -> None:
    actor = make_staff().operator
    upload = bring(actor)
    ask_check(upload=upload, fields=FIELDS, save_as="", actor=actor, now=clock_now())

    name = connections["default"].settings_dict["NAME"]
    with psycopg.connect(dbname=name, autocommit=True, **server_options()) as other:
        key = f"upload:{upload.pk}"
        other.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
        meanwhile = continue_uploads(now=clock_now())
    upload.refresh_from_db()
    assert (meanwhile.dealt_with, upload.state) == (0, UploadState.CHECKING)

    assert continue_uploads(now=clock_now()).dealt_with == 1
