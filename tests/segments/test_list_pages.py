"""Pages of static lists: upload, what was found, the CSV of what was not, snapshots."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from segments.actions.refresh import refresh
from segments.models import ListUpload, Segment
from tests.factories import NOW, make_people, make_segment, make_staff

pytestmark = pytest.mark.django_db
UPLOAD = "admin:segments_segment_upload"


@pytest.fixture
def marketer() -> Client:
    client = Client()
    client.force_login(make_staff().marketer)
    return client


def test_a_file_is_looked_through_and_then_taken_over(marketer: Client) -> None:
    make_people(2)
    file = SimpleUploadedFile("vip.csv", b"customer_no\nP00000\nP00000\n=cmd\nP00001\n")

    found = marketer.post(
        reverse(UPLOAD), {"key": "vip", "name": "VIP", "file": file}, follow=True
    ).content.decode()
    upload = ListUpload.objects.get()
    csv = marketer.get(reverse("admin:segments_listupload_problems", args=[upload.pk]))
    act = reverse("admin:segments_listupload_act", args=[upload.pk])
    told = marketer.post(act, {"act": "take"}, follow=True).content.decode()

    assert "Take over 2 customers" in found
    assert "=cmd" in found
    assert csv.content.decode("utf-8-sig").splitlines() == [
        "line,number,what is wrong",
        "3,,Stands in an earlier line already (2)",
        '4,\'=cmd,"No customer of this number, or one who may be in no segment"',
    ]
    assert "Taken over." in told
    assert Segment.objects.get(key="vip").size == 2


@pytest.mark.parametrize(
    "typed",
    [
        {"key": "vip", "name": "VIP"},
        {"key": "vip", "name": "", "text": "P00000"},
        {"key": "a b", "name": "VIP", "text": "P00000"},
        {"key": "near", "name": "VIP", "text": "P00000"},
        {"key": "preview", "name": "VIP", "text": "P00000"},
        {"key": "vip", "name": "VIP", "file": SimpleUploadedFile("x.csv", b"\x89PNG")},
        {"key": "vip", "name": "VIP", "file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")},
        {"key": "vip", "name": "VIP", "text": "P00000", "file": SimpleUploadedFile("x", b"P00000")},
    ],
)
def test_wrong_input_is_told_kept_and_writes_nothing(
    marketer: Client, typed: dict[str, object]
) -> None:
    make_people(1)
    make_segment("near")

    told = marketer.post(reverse(UPLOAD), typed)

    assert told.status_code == 200
    assert list(told.context["messages"])
    assert told.context["typed"]["text"] == typed.get("text", "")
    assert not ListUpload.objects.exists()


def test_a_snapshot_is_made_from_the_page_of_members(marketer: Client) -> None:
    make_people(2)
    segment = make_segment()
    refresh(segment=segment, now=NOW)
    address = reverse("admin:segments_segment_snapshot", args=[segment.pk])

    marketer.post(address, {"key": "kept", "name": "Kept", "at": NOW.isoformat()})
    again = marketer.post(
        address, {"key": "kept", "name": "Twice", "at": NOW.isoformat()}, follow=True
    )

    assert 'value="Twice"' in again.content.decode()
    assert again.context["asked"]["exactly"] == NOW.isoformat()
    assert Segment.objects.get(key="kept").size == 2
    assert "There is a segment kept already" in again.content.decode()


def test_a_list_is_read_in_the_form_and_not_changed(marketer: Client) -> None:
    make_people(1)
    segment = make_segment()
    refresh(segment=segment, now=NOW)
    address = reverse("admin:segments_segment_snapshot", args=[segment.pk])
    marketer.post(address, {"key": "kept", "name": "Kept"})
    kept = Segment.objects.get(key="kept")
    form = reverse("admin:segments_segment_change", args=[kept.pk])

    assert "Static list" in marketer.get(form).content.decode()
    assert marketer.post(form, {"name": "x", "rule": "{}"}).status_code == 403
    for name in ("members", "sizes", "versions", "use"):
        address = reverse(f"admin:segments_segment_{name}", args=[kept.pk])
        assert marketer.get(address).status_code == 200


def test_who_makes_no_segments_sees_no_uploads() -> None:
    client = Client()
    client.force_login(make_staff().manager)

    assert client.get(reverse(UPLOAD)).status_code == 403
    assert client.get(reverse("admin:segments_listupload_changelist")).status_code == 403
