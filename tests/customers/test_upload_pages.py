"""The pages of uploads: what was detected, where columns go, what a check found, how far it is."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from compliance.models import AuditEntry, User
from compliance.queries import clock_now
from customers.actions.upload_runs import continue_uploads
from customers.models import Customer, SavedMapping, Upload
from tests.factories import make_people, make_staff

pytestmark = pytest.mark.django_db
TEXT = "Nummer;Handy;姓名\nC1;13800000001;张伟\nC2;1.38E+10;李娜\n"
BOXES = {"column-0": "customer_no", "column-1": "phone", "column-2": ""}


@pytest.fixture
def operator(client: Client, settings: Any, tmp_path: Path) -> Client:
    settings.MEDIA_ROOT = tmp_path
    client.force_login(make_staff().operator)
    return client


def address(name: str = "", *args: int) -> str:
    return reverse(f"admin:customers_upload{name}", args=args)


def send(client: Client, content: bytes, name: str = "kunden.csv", **typed: str) -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post(address(), {"kind": "customers", "source": "core", "file": file, **typed})


def bring(client: Client) -> Upload:
    assert send(client, TEXT.encode("gb18030")).status_code == 302
    return Upload.objects.latest("pk")


def test_the_page_tells_what_was_detected_and_masks_people(operator: Client) -> None:
    upload = bring(operator)

    told = operator.get(address("_columns", upload.pk)).content.decode()

    assert "gb18030" in told
    assert "Handy" in told
    assert "张**" in told
    for personal in ("13800000001", "张伟"):
        assert personal not in told
    assert "Import it" not in told


def test_a_source_that_is_none_is_refused_before_the_file_is_kept(operator: Client) -> None:
    answer = send(operator, TEXT.encode(), source="kunden.csv")

    assert answer.status_code == 400
    assert "1 to 64 letters, digits, hyphens" in answer.content.decode()
    assert 'value="kunden.csv"' in answer.content.decode()
    assert not Upload.objects.exists()


def test_who_did_not_have_it_checked_last_is_told_so_in_place_of_the_button(
    operator: Client,
) -> None:
    upload = bring(operator)
    operator.post(address("_check", upload.pk), BOXES)
    continue_uploads(now=clock_now())
    assert "Import it" in operator.get(address("_columns", upload.pk)).content.decode()
    other = User.objects.create_user("zoe", is_staff=True)
    other.groups.set(User.objects.get(pk=upload.uploaded_by_id).groups.all())

    operator.force_login(other)
    told = operator.get(address("_columns", upload.pk)).content.decode()

    assert "Import it" not in told
    assert f"{upload.uploaded_by.username} had this file checked last" in told


def test_check_then_import_by_the_buttons(operator: Client) -> None:
    upload = bring(operator)

    operator.post(address("_check", upload.pk), {**BOXES, "save_as": "crm"})
    busy = operator.get(address("_pace", upload.pk)).json()
    continue_uploads(now=clock_now())
    told = operator.get(address("_columns", upload.pk)).content.decode()

    assert (busy["state"], busy["is_busy"]) == ("checking", True)
    assert "A spreadsheet has rounded it" in told
    assert SavedMapping.objects.get().id_column == "Nummer"
    assert Customer.objects.count() == 0
    refused = operator.get(address("_refused", upload.pk))
    assert b"scientific_notation" in b"".join(refused.streaming_content)

    operator.post(address("_start", upload.pk))
    continue_uploads(now=clock_now())

    pace = operator.get(address("_pace", upload.pk)).json()
    upload.refresh_from_db()
    assert upload.job is not None
    job = reverse("admin:customers_importjob_change", args=[upload.job.pk])
    assert (pace["state"], pace["is_busy"], pace["done"]) == ("done", False, 2)
    assert job in operator.get(address("_columns", upload.pk)).content.decode()
    assert list(Customer.objects.values_list("customer_no", flat=True)) == ["C1"]
    acts = AuditEntry.objects.order_by("seq").values_list("action", flat=True)
    assert list(acts) == ["upload.take", "upload.start"]


def test_a_saved_mapping_fills_the_boxes_of_the_next_file(operator: Client) -> None:
    first = bring(operator)
    operator.post(address("_check", first.pk), {**BOXES, "save_as": "crm"})
    second = bring(operator)

    page = operator.get(address("_columns", second.pk), {"mapping": "crm"})

    chosen = {column.name: field for _box, column, field in page.context["columns"]}
    assert chosen == {"Nummer": "customer_no", "Handy": "phone", "姓名": "name"}


def test_a_page_says_which_box_is_missing_instead_of_an_option(operator: Client) -> None:
    upload = bring(operator)

    answer = operator.post(address("_check", upload.pk), {"column-1": "phone"}, follow=True)

    assert "choose which one holds it" in answer.content.decode()
    assert "--id" not in answer.content.decode()


def test_a_file_above_the_limit_is_not_read(operator: Client, settings: Any) -> None:
    settings.UPLOAD_BYTES_AT_MOST = 1024 * 1024

    answer = send(operator, b"x" * (1024 * 1024 + 1))

    assert answer.status_code == 413
    assert "larger than 1 MB" in answer.content.decode()
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("content", "name", "typed", "hint"),
    [
        (b"", "empty.csv", {}, "not empty"),
        (b"%PDF-1.7", "a.pdf", {}, "export it as CSV"),
        (b"a,b\n1,2\n", "a.csv", {"kind": "nonsense"}, "There is no kind"),
        (b"a,b\n1,2\n", "a.csv", {"encoding": "utf-7"}, "Known encodings"),
        ("名\n".encode("big5") + b"\xa4\xa4\xa4\xe5\n" * 9, "a.csv", {}, "choose its encoding"),
    ],
)
def test_what_cannot_be_taken_is_said_on_the_form(
    operator: Client, content: bytes, name: str, typed: dict[str, str], hint: str
) -> None:
    answer = send(operator, content, name, **typed)

    assert answer.status_code == 400
    assert hint in answer.content.decode()
    assert not Upload.objects.exists()


def test_the_encoding_is_found_out_unless_somebody_says_it(operator: Client) -> None:
    fresh = operator.get(address()).content.decode()
    again = send(operator, b"", encoding="gb18030").content.decode()

    assert "selected>utf-8" not in fresh
    assert "selected>gb18030" in again


def test_a_forged_form_is_refused(operator: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies

    assert send(strict, b"a,b\n1,2\n").status_code == 403
    assert not Upload.objects.exists()


@pytest.mark.parametrize("name", ["", "_columns", "_pace", "_refused", "_check", "_start"])
def test_whose_role_brings_no_files_sees_no_page(operator: Client, name: str) -> None:
    upload = bring(operator)
    operator.force_login(type(upload.uploaded_by).objects.get(groups__name="marketer"))
    args = [upload.pk] if name else []

    answer = operator.post(address(name, *args))

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("kind", "text", "typed"),
    [
        ("kyc", "客户号,尽调等级,反洗钱限制,核验日期\nK1,标准,held-so,2026-01-02\n", ""),
        ("kyc", "客户号,尽调等级,Spalte,核验日期\nK1,标准,held-so,2026-01-02\n", "aml_hold"),
        ("customers", "客户号,internal_hold\nK1,held-so\n", ""),
    ],
)
def test_no_page_of_a_file_says_who_is_held(
    operator: Client, kind: str, text: str, typed: str
) -> None:
    """The page is open to everybody who brings files, beside the customers' numbers."""
    if kind == "kyc":
        make_people(1, prefix="K")
    send(operator, text.encode(), kind=kind)
    upload = Upload.objects.latest("pk")
    boxes = {"column-2": typed} if typed else {}
    operator.post(address("_check", upload.pk), boxes)
    continue_uploads(now=clock_now())

    told = operator.get(address("_columns", upload.pk)).content.decode()
    refused = operator.get(address("_refused", upload.pk))

    assert "K1" in told
    assert "First refused rows" in told
    assert "held-so" not in told
    listed = b"".join(refused.streaming_content).decode()
    assert "**" in listed
    assert "held-so" not in listed
