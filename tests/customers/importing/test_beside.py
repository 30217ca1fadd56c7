"""A long file is read and sealed by a process beside the one that writes: nothing else changes."""

import threading
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection, transaction
from django.utils import translation

from compliance.queries import clock_now
from customers.actions import import_customers as action
from customers.actions.import_customers import ConsentTerms, ImportResult, import_customers
from customers.actions.people import Person, put_people
from customers.errors import FileRejected, ImportBroken
from customers.identifiers import name_binding
from customers.importing.desk import Ask, Order
from customers.models import Consent, Customer, ImportJob
from customers.queries.identities import addresses, keyring

ROWS = 40


@pytest.fixture(autouse=True)
def in_a_process(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """Even this short file is worth a process, and has several batches."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(action, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr(action, "BATCH_ROWS", 7)


def file(folder: Path, *, bad: int = 3) -> Path:
    path = folder / "people.csv"
    lines = ["客户号,姓名,手机,level"]
    for at in range(ROWS):
        phone = "12345" if at < bad else f"138{at:08d}"
        lines.append(f"c{at:03d},张{at},{phone},{at}")
    path.write_text("\r\n".join(lines) + "\r\n", encoding="gb18030")
    return path


def brought(path: Path, **told: Any) -> ImportResult:
    terms = ConsentTerms(channels=("sms",), notice_version="1")
    return import_customers(path=path, consents=terms, now=clock_now(), **told)


def make_person(number: str) -> None:
    put_people(
        people=[Person(customer_no=number)],
        source="api",
        may_replace_contacts=True,
        now=clock_now(),
    )


def end_state() -> list[tuple[object, ...]]:
    """Everybody as he is stored, his identifiers and name read with his own key."""
    found = []
    for one in Customer.objects.order_by("customer_no"):
        name = keyring().unseal(bytes(one.name_cipher or b""), name_binding(one.customer_no))
        phone = addresses([one.pk], "phone").get(one.pk)
        found.append((one.customer_no, name, phone, one.attributes))
    return found


@pytest.mark.django_db
def test_rows_are_stored_and_refused_as_they_are_without_it(tmp_path: Path) -> None:
    result = brought(file(tmp_path))

    assert (result.rows_ok, result.rows_bad) == (ROWS - 3, 3)
    assert end_state() == [
        (f"c{at:03d}", f"张{at}", f"+86138{at:08d}", {"level": at}) for at in range(3, ROWS)
    ]
    assert Consent.objects.count() == ROWS - 3
    listed = Path(str(result.errors_file)).read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[1] for line in listed] == ["line", "2", "3", "4"]


@pytest.mark.django_db
def test_reasons_are_told_in_the_language_of_who_imports(tmp_path: Path) -> None:
    with translation.override("zh-hans"):
        result = brought(file(tmp_path))

    assert "不是" in Path(str(result.errors_file)).read_text(encoding="utf-8-sig")


@pytest.mark.django_db
def test_customer_made_by_another_writer_meanwhile_is_sealed_for_his_own_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = action.places_of

    def places_of(numbers: list[str]) -> tuple[list[int], list[int | None]]:
        found = usual(numbers)
        if "c020" in numbers:
            make_person("c020")
        return found

    monkeypatch.setattr(action, "places_of", places_of)

    result = brought(file(tmp_path, bad=0))

    assert (result.rows_ok, result.rows_flagged) == (ROWS, 0)
    assert end_state() == [
        (f"c{at:03d}", f"张{at}", f"+86138{at:08d}", {"level": at}) for at in range(ROWS)
    ]
    assert Consent.objects.count() == ROWS


@pytest.mark.django_db(transaction=True)
def test_writer_who_makes_the_same_customers_is_not_made_to_fail(tmp_path: Path) -> None:
    path = file(tmp_path, bad=0)
    make_person("c015")
    begun, made = threading.Event(), list[str]()

    def make() -> None:
        try:
            with transaction.atomic():
                make_person("c015")
                begun.set()
                # Meanwhile the import has written c016 of the same batch, and waits for c015.
                time.sleep(2.5)
                make_person("c016")
            made.append("both")
        finally:
            connection.close()

    writer = threading.Thread(target=make)
    writer.start()
    assert begun.wait(10)
    result = brought(path)
    writer.join()

    assert made == ["both"]
    assert (result.rows_ok, result.rows_bad, result.rows_flagged) == (ROWS, 0, 0)
    assert [told[:3] for told in end_state()] == [
        (f"c{at:03d}", f"张{at}", f"+86138{at:08d}") for at in range(ROWS)
    ]
    assert Consent.objects.count() == ROWS


@pytest.mark.django_db
def test_import_whose_process_is_killed_says_so_and_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(tmp_path)

    def kill(_step: object) -> None:
        found = psutil.Process().children()
        found[-1].kill()
        found[-1].wait()

    with pytest.raises(ImportBroken, match="--resume"):
        brought(path, progress=kill)
    left = ImportJob.objects.get()
    # Killed after the first batch of seven; how many more were in its pipe by then is chance.
    assert left.state == "running"
    assert 0 < left.rows_done < ROWS
    assert left.rows_done % 7 == 0

    result = brought(path, resume=True)

    assert (result.rows_ok, result.rows_bad) == (ROWS - 3, 3)
    assert [one.pk for one in ImportJob.objects.all()] == [left.pk]
    assert len(end_state()) == ROWS - 3


@pytest.mark.django_db
def test_file_that_breaks_off_is_refused_as_it_is_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(tmp_path)
    usual = action._desk

    def cut(order: Order, rows_left: int) -> AbstractContextManager[Ask]:
        path.write_bytes("客户号,姓名\r\nc1,张伟\r\n".encode("utf-16")[:-1])
        return usual(replace(order, layout=replace(order.layout, encoding="utf-16")), rows_left)

    monkeypatch.setattr(action, "_desk", cut)

    with pytest.raises(FileRejected) as refusal:
        brought(path)

    assert (refusal.value.code, refusal.value.path) == ("encoding_wrong", "encoding")


@pytest.mark.django_db
def test_no_process_is_left_behind(tmp_path: Path) -> None:
    before = psutil.Process().children()

    brought(file(tmp_path))

    assert psutil.Process().children() == before
