"""The console's pages of invoices and suppressed addresses, as an operator sees them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.actions.suppress import lift, suppress
from campaigns.channels.base import Channel
from campaigns.errors import StateConflict
from campaigns.models import Invoice, Suppression
from compliance.models import AuditEntry, User
from compliance.roles import Role
from compliance.setup import ensure_roles
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db
UPLOAD = "admin:campaigns_invoice_upload"


def client_of(role: Role) -> Client:
    user = User.objects.create(username=f"the-{role}", is_staff=True)
    user.groups.add(ensure_roles()[role])
    client = Client()
    client.force_login(user)
    return client


def take(client: Client, text: str) -> str:
    """Upload a file; the page it leads to."""
    file = SimpleUploadedFile("march.csv", text.encode())
    answer = client.post(reverse(UPLOAD), {"account": "account-sms", "file": file}, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.fixture(autouse=True)
def account() -> None:
    make_account(
        Channel.SMS, vendor="http_sms", base_url="http://127.0.0.1:9", secrets={"api_secret": "s"}
    )


def test_an_invoice_is_taken_in_shown_by_day_and_exported_so_that_nothing_runs() -> None:
    client = client_of(Role.OPERATOR)

    page = take(client, "provider_id,amount,date\n=1+1,0.05,2026-03-02\nx,free,2026-03-02\n")
    invoice = Invoice.objects.get()
    export = client.get(reverse("admin:campaigns_invoice_export", args=[invoice.pk]))

    assert "2026-03-02" in page
    assert "Billed, but not among our touches" in page
    assert "The amount cannot be read" in page
    lines = export.content.decode("utf-8-sig").splitlines()
    assert lines[1] == "missing_ours,2026-03-02,2,'=1+1,,1,,0.050000,,CNY"
    assert client.get(reverse("admin:campaigns_invoice_changelist")).status_code == 200


@pytest.mark.parametrize("text", ["", "amount,date\n1,2026-03-02\n", "\x00"])
def test_a_file_that_is_no_invoice_is_told_and_stores_nothing(text: str) -> None:
    page = take(client_of(Role.OPERATOR), text)

    assert "The file needs the columns" in page or "Choose an account and a file." in page
    assert not Invoice.objects.exists()


def test_a_file_that_was_taken_in_already_says_so() -> None:
    client, text = client_of(Role.OPERATOR), "provider_id,amount,date\nx,0.05,2026/3/2\n"

    first, second = take(client, text), take(client, text)

    told = "This file was taken in already, by the-operator; nothing has changed."
    assert told not in first
    assert told in second
    assert Invoice.objects.get().lines_ok == 1


def test_who_may_not_take_invoices_is_refused() -> None:
    client = client_of(Role.MARKETER)

    assert client.get(reverse(UPLOAD)).status_code == 403
    assert client.post(reverse(UPLOAD), {}).status_code == 403


def test_an_operator_takes_an_address_off_the_list() -> None:
    listed = Suppression.objects.create(
        kind="phone", value_hash=b"x" * 32, why="undeliverable", at=NOW
    )
    client = client_of(Role.OPERATOR)
    page = client.get(reverse("admin:campaigns_suppression_change", args=[listed.pk]))

    answer = client.post(
        reverse("admin:campaigns_suppression_act", args=[listed.pk]),
        {"act": "lift", "opinion": "the number is back"},
    )

    assert "Take off the list" in page.content.decode()
    assert answer.status_code == 302
    assert not Suppression.objects.exists()


def put_on_the_list(number: str) -> Suppression:
    suppress(kind="phone", values=[number], why=Suppression.Why.BY_HAND, account=None, now=NOW)
    return Suppression.objects.latest("pk")


def test_a_suppressed_address_is_found_by_the_whole_of_it() -> None:
    client = client_of(Role.OPERATOR)
    one, other = put_on_the_list("+8613800000001"), put_on_the_list("+8613800000002")

    def found(term: str) -> list[int]:
        page = client.get(reverse("admin:campaigns_suppression_changelist"), {"q": term})
        return [item.pk for item in page.context["cl"].result_list]

    assert found("138 0000 0001") == [one.pk]
    assert found("+8613800000002") == [other.pk]
    assert found("1380000000") == found("somebody@example.com") == []
    assert len(found("")) == 2


def test_an_address_is_taken_off_the_list_once_and_with_a_reason() -> None:
    item = put_on_the_list("+8613800000001")
    first, second = client_of(Role.OPERATOR), Client()
    second.force_login(User.objects.get())
    act = reverse("admin:campaigns_suppression_act", args=[item.pk])

    def said(client: Client, why: str) -> tuple[str, str]:
        answer = client.post(act, {"act": "lift", "opinion": why}, follow=True)
        assert answer.status_code == 200
        (message,) = answer.context["messages"]
        return str(message), answer.redirect_chain[-1][0]

    assert said(first, " ")[0] == "Say why this address may be written to again."
    assert Suppression.objects.exists()
    shown = reverse("admin:campaigns_suppression_changelist")
    assert said(first, "he asked") == ("The address is off the list.", shown)
    assert said(second, "he asked") == ("Somebody took it away before: nothing was done.", shown)
    assert AuditEntry.objects.filter(action="suppression.lift").count() == 1


def test_who_lifts_what_another_lifted_meanwhile_is_told_so() -> None:
    item = put_on_the_list("+8613800000001")
    seen = Suppression.objects.get(pk=item.pk)
    lift(suppression=item, actor="a", opinion="he asked", now=NOW)

    with pytest.raises(StateConflict, match="off the list already"):
        lift(suppression=seen, actor="b", opinion="he asked", now=NOW)

    assert AuditEntry.objects.filter(action="suppression.lift").count() == 1
