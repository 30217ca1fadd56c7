"""The quarantine in the console: read masked, mended, replayed and discarded."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from compliance.models import User
from compliance.queries import clock_now
from customers.actions.collect import collect
from customers.actions.quarantine_runs import continue_run
from customers.actions.sources import create_api_key, internal_source
from customers.models import Event, Quarantine, QuarantineRun
from customers.tracking.parse import Envelope, Rejection, parse_message
from customers.vocabulary import KeyScope
from tests.factories import NOW, make_staff


def hold(call: object) -> Quarantine:
    """The call, refused and stored."""
    envelope = Envelope(kind="track", received_at=NOW)
    verdict = parse_message(call, index=0, envelope=envelope)
    assert isinstance(verdict, Rejection)
    source = internal_source(key="shop", name="Shop", now=NOW)
    collect(source=source, messages=[], rejections=[verdict], now=NOW)
    return Quarantine.objects.latest("pk")


@pytest.fixture
def operator(client: Client) -> Client:
    """Logged in, reading Chinese."""
    make_staff()
    client.force_login(User.objects.create_superuser("root"))
    client.cookies["django_language"] = "zh-hans"
    return client


@pytest.mark.django_db
def test_the_reason_is_said_in_chinese(operator: Client) -> None:
    held = hold({"event": "Seen", "userId": 3})

    page = operator.get(f"/admin/customers/quarantine/{held.pk}/change/").content.decode()

    assert held.message.startswith("Its userId")
    assert "userId 不是 1 到 256 个可打印字符的文本。" in page
    assert held.message not in page
    # Nor a hash as bytes, nor a state by its code.
    assert "b&#x27;" not in page
    assert ">held<" not in page


@pytest.mark.django_db
def test_a_code_of_an_older_release_shows_what_was_stored(operator: Client) -> None:
    held = Quarantine.objects.create(
        source_id=internal_source(key="shop", name="Shop", now=NOW).pk,
        code="no_longer_used",
        message="It was said so once.",
        payload="",
        received_at=datetime(2025, 1, 1, tzinfo=UTC),
    )

    page = operator.get(f"/admin/customers/quarantine/{held.pk}/change/").content.decode()

    assert "It was said so once." in page


PERSONAL = {
    "event": "Seen",
    "userId": 3,
    "messageId": "m1",
    "properties": {"phone": 13800138000, "email": "li.na@example.com", "realName": "李娜"},
}


@pytest.mark.django_db
def test_event_nested_as_deep_as_can_be_read_has_a_page(operator: Client) -> None:
    deep: object = "13800138000"
    for _ in range(900):
        deep = [deep]
    held = hold({"event": "Seen", "userId": "u", "properties": {"k": deep}})

    page = operator.get(f"/admin/customers/quarantine/{held.pk}/change/")

    assert (held.code, page.status_code) == ("too_deep", 200)
    assert "138****8000" in page.text
    assert "13800138000" not in page.text


@pytest.mark.django_db
def test_payload_is_shown_without_what_names_a_person(operator: Client) -> None:
    held = hold(PERSONAL)

    page = operator.get(f"/admin/customers/quarantine/{held.pk}/change/").content.decode()

    assert "138****8000" in page
    assert not any(told in page for told in ("13800138000", "li.na@example.com", "李娜"))


@pytest.mark.django_db
def test_mended_event_keeps_the_values_that_were_hidden(operator: Client) -> None:
    held = hold(PERSONAL)
    url = f"/admin/customers/quarantine/{held.pk}/mend/"
    shown = operator.get(url).context["form"]["payload"].value()
    assert "13800138000" not in shown

    answer = operator.post(url, {"payload": shown.replace('"userId": 3', '"userId": "u3"')})

    held.refresh_from_db()
    assert (answer.status_code, held.state, held.handled_by) == (302, "replayed", "root")
    event = Event.objects.get()
    assert event.user_id == "u3"
    # The ledger masks them; had the masks been taken for values it would hold the brackets.
    assert event.properties["phone"] == "138****8000"
    assert event.properties["realName"] == "李娜"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed", ["{", '{"userId": "⟦99:x⟧", "event": "a", "type": "track"}', "[]"]
)
def test_what_cannot_be_taken_is_shown_again_as_it_was_typed(operator: Client, typed: str) -> None:
    held = hold(PERSONAL)

    answer = operator.post(f"/admin/customers/quarantine/{held.pk}/mend/", {"payload": typed})

    assert answer.status_code == 200
    assert answer.context["form"]["payload"].value() == typed
    assert Event.objects.count() == 0


@pytest.mark.django_db
def test_list_is_filtered_by_reason_and_by_source(operator: Client) -> None:
    hold({"event": "Seen", "userId": 3, "messageId": "message-1"})
    hold({"event": 4, "userId": "u", "messageId": "message-2"})
    other = create_api_key(name="Other", scope=KeyScope.INGEST, now=NOW).source

    by_code = operator.get("/admin/customers/quarantine/?code=invalid_user_id").content.decode()
    by_source = operator.get(f"/admin/customers/quarantine/?source={other.pk}").content.decode()

    assert ("message-1" in by_code, "message-2" in by_code) == (True, False)
    assert "message-1" not in by_source
    assert operator.get("/admin/customers/quarantine/?source=x").status_code in {200, 302}


@pytest.mark.django_db
def test_many_are_discarded_after_a_look_with_progress(operator: Client) -> None:
    ids = [hold({"event": "Seen", "userId": n, "messageId": f"m{n}"}).pk for n in range(3)]

    looked = operator.post(
        "/admin/customers/quarantine/",
        {"action": "on_many_discard", "_selected_action": ids, "index": 0},
    )
    fields = dict(looked.context["hidden"]) | {"opinion": "test traffic"}
    asked = operator.post(looked.context["action"], fields)
    continue_run(now=clock_now())

    assert asked["Location"].endswith("/quarantinerun/")
    assert QuarantineRun.objects.get().discarded == 3
    assert "3 / 3" in operator.get(asked["Location"]).content.decode()
    held = Quarantine.objects.first()
    assert held is not None
    assert (held.state, held.note) == ("discarded", "test traffic")


@pytest.mark.django_db
def test_dry_run_of_a_replay_counts_what_is_still_refused(operator: Client) -> None:
    ids = [hold({"event": "Seen", "userId": n, "messageId": f"m{n}"}).pk for n in range(2)]

    looked = operator.post(
        "/admin/customers/quarantine/",
        {"action": "on_many_replay", "_selected_action": ids, "index": 0},
    )

    assert ("仍被拒收：invalid_user_id", "2") in [
        (str(name), value) for name, value in looked.context["facts"]
    ]


@pytest.mark.django_db
def test_who_only_looks_gets_no_acts(client: Client) -> None:
    staff = make_staff()
    held = hold({"event": "Seen", "userId": 3})
    client.force_login(staff.marketer)

    assert client.get(f"/admin/customers/quarantine/{held.pk}/mend/").status_code == 403
    assert client.post("/admin/customers/quarantine/many/", {"act": "replay"}).status_code == 403


@pytest.mark.django_db
def test_one_is_discarded_with_its_reason(client: Client) -> None:
    client.force_login(make_staff().operator)
    held = hold({"event": "Seen", "userId": 3})

    client.post(
        f"/admin/customers/quarantine/{held.pk}/act/", {"act": "discard", "opinion": "noise"}
    )

    held.refresh_from_db()
    assert (held.state, held.note) == ("discarded", "noise")


@pytest.mark.django_db
@pytest.mark.parametrize("payload", ["", "{}", "not base64", "AAAA"])
def test_payload_that_cannot_be_read_is_said_so(operator: Client, payload: str) -> None:
    held = hold(PERSONAL)
    Quarantine.objects.update(payload=payload)

    page = operator.get(f"/admin/customers/quarantine/{held.pk}/change/")
    mend = operator.get(f"/admin/customers/quarantine/{held.pk}/mend/")

    assert "无法读取该事件" in page.content.decode()
    assert mend.status_code == 302
