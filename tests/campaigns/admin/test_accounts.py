"""Provider accounts in the console: secrets go in and never out, two persons for an address."""

import asyncio
from collections.abc import Iterator
from threading import Thread

import pytest
from aiohttp import web
from django.test import Client
from django.urls import reverse

from campaigns.channels.runner import close_process_loop
from campaigns.models import ProviderAccount
from campaigns.queries.accounts import account_config
from compliance.models import AuditEntry, Review, User
from compliance.roles import Role
from compliance.setup import ensure_roles

OUTSIDE = "https://sms.example.com/v1"
SECRET = "a-very-secret-value"


@pytest.fixture
def staff(db: None) -> dict[str, Client]:
    """A client for each role, and a second operator."""
    groups = ensure_roles()
    clients = {}
    for name, role in [*((role.value, role) for role in Role), ("operator2", Role.OPERATOR)]:
        user = User.objects.create_user(name, is_staff=True)
        user.groups.add(groups[role])
        clients[name] = Client()
        clients[name].force_login(user)
    return clients


@pytest.fixture
def gateway() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A vendor on loopback that takes everything, and what it took."""
    seen: list[dict[str, object]] = []
    started, loop = [], asyncio.new_event_loop()

    async def take(request: web.Request) -> web.Response:
        told = await request.json()
        seen.append({"headers": dict(request.headers), **told})
        results = [{"key": m["key"], "status": "accepted", "id": "g-1"} for m in told["messages"]]
        return web.json_response({"results": results})

    async def moved(_request: web.Request) -> web.Response:
        raise web.HTTPMovedPermanently("/v1/messages")

    async def broken(_request: web.Request) -> web.Response:
        raise web.HTTPInternalServerError

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/v1/messages", take)
        app.router.add_post("/moved/v1/messages", moved)
        app.router.add_post("/broken/v1/messages", broken)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        started.append((runner, runner.addresses[0][1]))

    loop.run_until_complete(serve())
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{started[0][1]}", seen
    close_process_loop()
    asyncio.run_coroutine_threadsafe(started[0][0].cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def form(**changes: str) -> dict[str, str]:
    told = {
        "key": "gateway",
        "channel": "sms",
        "vendor": "http_sms",
        "base_url": OUTSIDE,
        "options": "{}",
        "unit_cost": "0.05",
        "weight": "0",
        "warm_up_first_day": "50",
        "secret_1": "api_secret",
        "value_1": SECRET,
    }
    return {**told, **changes}


def add(client: Client, **changes: str) -> ProviderAccount:
    answer = client.post(reverse("admin:campaigns_provideraccount_add"), form(**changes))
    assert answer.status_code == 302, answer.context["errors"]
    return ProviderAccount.objects.get(key=changes.get("key", "gateway"))


def change(client: Client, account: ProviderAccount, **changes: str) -> object:
    page = reverse("admin:campaigns_provideraccount_change", args=[account.pk])
    told = {k: v for k, v in form(**changes).items() if k not in {"key", "channel", "vendor"}}
    answer = client.post(page, told)
    account.refresh_from_db()
    return answer


def act(client: Client, account: ProviderAccount, name: str, **fields: str) -> str:
    page = reverse("admin:campaigns_provideraccount_change", args=[account.pk])
    seen = {one.name: one.seen for one in client.get(page).context.get("acts", ())}
    told = {"act": name, "seen": seen.get(name, ""), **fields}
    answer = client.post(
        reverse("admin:campaigns_provideraccount_act", args=[account.pk]), told, follow=True
    )
    account.refresh_from_db()
    return " ".join(str(message) for message in answer.context["messages"])


def test_new_account_that_leads_outside_waits_for_a_second_person(
    staff: dict[str, Client],
) -> None:
    account = add(staff["operator"], is_default="on")
    assert not account.is_active
    assert account.is_default
    review = Review.objects.get()
    assert (review.subject_kind, review.subject_key) == ("account", "gateway")

    act(staff["operator"], account, "approve")
    assert not account.is_active
    act(staff["checker"], account, "approve", opinion="Known vendor.")

    assert account.is_active
    assert act(staff["operator"], account, "deactivate")
    assert not account.is_active
    act(staff["operator"], account, "activate")
    assert account.is_active


def test_account_on_this_machine_needs_nobody_else(staff: dict[str, Client]) -> None:
    account = add(staff["operator"], base_url="http://127.0.0.1:9999")

    assert account.is_active
    assert not Review.objects.exists()


def test_changed_address_takes_the_account_out_until_it_is_approved(
    staff: dict[str, Client],
) -> None:
    account = add(staff["operator"])
    act(staff["checker"], account, "approve")

    change(staff["operator"], account, unit_cost="0.07", secret_1="", value_1="")
    assert account.is_active
    change(staff["operator"], account, base_url="https://evil.example.com")
    assert not account.is_active
    act(staff["operator"], account, "activate")
    act(staff["operator"], account, "test", opinion="+8613800000000")
    assert not account.is_active
    change(staff["operator"], account, options='{"lookup_url": "https://evil.example.com/x"}')
    assert not account.is_active

    change(staff["operator"], account, base_url=OUTSIDE)
    act(staff["operator"], account, "activate")
    assert account.is_active


def test_verdict_on_another_address_than_the_one_shown_does_nothing(
    staff: dict[str, Client],
) -> None:
    account = add(staff["operator"])
    page = reverse("admin:campaigns_provideraccount_change", args=[account.pk])
    seen = next(a.seen for a in staff["checker"].get(page).context["acts"] if a.name == "approve")
    change(staff["operator"], account, base_url="https://other.example.com")

    act(staff["checker"], account, "approve", seen=seen)

    assert not account.is_active


def test_secrets_are_sealed_merged_removed_and_never_shown(staff: dict[str, Client]) -> None:
    account = add(staff["operator"], base_url="http://127.0.0.1:9999")
    change(
        staff["operator"],
        account,
        base_url="http://127.0.0.1:9999",
        secret_1="receipt_secret",
        value_1="another-secret",
    )
    assert account_config(account).secrets == {
        "api_secret": SECRET,
        "receipt_secret": "another-secret",
    }
    assert SECRET.encode() not in bytes(account.secrets_cipher)

    page = reverse("admin:campaigns_provideraccount_change", args=[account.pk])
    for name in ("operator", "checker", "compliance"):
        text = staff[name].get(page).content.decode()
        assert "receipt_secret" in text
        assert SECRET not in text
        assert "another-secret" not in text
    wrong = change(staff["operator"], account, base_url="nonsense", value_1=SECRET)
    assert SECRET not in wrong.content.decode()  # type: ignore[attr-defined]
    assert SECRET not in str(list(AuditEntry.objects.values_list("detail", flat=True)))

    change(
        staff["operator"],
        account,
        base_url="http://127.0.0.1:9999",
        secret_1="receipt_secret",
        value_1="",
    )
    assert set(account_config(account).secrets) == {"api_secret"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value_1": ""}, "api_secret"),
        ({"base_url": "ftp://x"}, "http"),
        ({"base_url": "https://[::1"}, "http"),
        ({"base_url": "https://x:99999"}, "http"),
        ({"base_url": "https://x y"}, "http"),
        ({"options": '{"deadline_seconds": "٣"}'}, "whole number"),
        ({"options": '{"settle_seconds": "0"}'}, "between 1 and 86400"),
        ({"options": '{"honours_key": "yes"}'}, "true or false"),
        ({"channel": "email"}, "sms"),
        ({"options": '{"deadline_seconds": 5}'}, "JSON object of texts"),
        ({"options": '{"honors_key": "true"}'}, "honors_key"),
        ({"options": "{"}, "line 1"),
        ({"options": "[1]"}, "JSON object of texts"),
        ({"vendor": "pigeon"}, "pigeon"),
    ],
)
def test_account_that_cannot_work_is_one_clear_error(
    staff: dict[str, Client], changes: dict[str, str], said: str
) -> None:
    answer = staff["operator"].post(reverse("admin:campaigns_provideraccount_add"), form(**changes))

    assert answer.status_code == 200
    assert said in str(answer.context["adminform"].form.errors)
    assert not ProviderAccount.objects.exists()


@pytest.mark.parametrize("name", ["per_second", "warm_up_first_day"])
def test_a_rate_of_none_is_refused_and_not_taken_for_no_limit(
    staff: dict[str, Client], name: str
) -> None:
    answer = staff["operator"].post(
        reverse("admin:campaigns_provideraccount_add"), form(**{name: "0"})
    )

    assert answer.status_code == 200
    assert "deactivate" in str(answer.context["adminform"].form.errors[name])
    assert not ProviderAccount.objects.exists()


def test_account_says_which_options_its_vendor_reads(staff: dict[str, Client]) -> None:
    add(staff["operator"])
    page = reverse(
        "admin:campaigns_provideraccount_change", args=[ProviderAccount.objects.get().pk]
    )

    told = staff["operator"].get(page).content.decode()

    assert "http_sms reads: account, deadline_seconds, honours_key, settle_seconds." in told


def test_account_whose_vendor_is_gone_still_has_a_page(staff: dict[str, Client]) -> None:
    account = add(staff["operator"])
    ProviderAccount.objects.update(vendor="bygone")
    page = reverse("admin:campaigns_provideraccount_change", args=[account.pk])

    assert staff["operator"].get(page).status_code == 200


def test_what_is_wrong_with_an_account_is_said_in_chinese(staff: dict[str, Client]) -> None:
    page = reverse("admin:campaigns_provideraccount_add")

    answer = staff["operator"].post(page, form(value_1=""), headers={"accept-language": "zh-hans"})

    assert "缺少密钥“api_secret”" in str(answer.context["adminform"].form.errors)


def test_second_default_takes_the_firsts_place(staff: dict[str, Client]) -> None:
    first = add(staff["operator"], base_url="http://127.0.0.1:1", is_default="on")
    second = add(staff["operator"], key="other", base_url="http://127.0.0.1:2", is_default="on")

    first.refresh_from_db()
    assert (first.is_default, second.is_default) == (False, True)


def test_test_message_reaches_the_vendor_and_is_on_record_without_the_number(
    staff: dict[str, Client], gateway: tuple[str, list[dict[str, object]]]
) -> None:
    url, seen = gateway
    account = add(staff["operator"], base_url=url)

    said = act(staff["operator"], account, "test", opinion="13800001234")

    assert "took it" in said
    [post] = seen
    assert post["messages"][0]["to"] == "+8613800001234"  # type: ignore[index]
    asked, answered = AuditEntry.objects.filter(action__startswith="account.test").order_by("seq")
    assert asked.detail["to"] == "138****1234"
    assert answered.detail == {"key": asked.detail["key"], "outcome": "accepted"}


@pytest.mark.parametrize("address", ["", "nonsense", "12"])
def test_test_message_to_no_address_says_so(staff: dict[str, Client], address: str) -> None:
    account = add(staff["operator"], base_url="http://127.0.0.1:9")

    assert "no address" in act(staff["operator"], account, "test", opinion=address)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "It was not sent: the base URL leads on to another address"),
        ("zh-hans", "未发送：基础 URL 会跳转到其他地址"),
    ],
)
def test_test_message_says_that_the_address_leads_on(
    staff: dict[str, Client], gateway: tuple[str, list[dict[str, object]]], language: str, said: str
) -> None:
    url, seen = gateway
    account = add(staff["operator"], base_url=f"{url}/moved")
    staff["operator"].cookies["django_language"] = language

    told = act(staff["operator"], account, "test", opinion="13800001234")

    assert said in told
    assert "HTTP 301" in told
    assert not seen


def test_test_message_whose_outcome_is_unknown_is_not_said_to_be_unsent(
    staff: dict[str, Client], gateway: tuple[str, list[dict[str, object]]]
) -> None:
    account = add(staff["operator"], base_url=f"{gateway[0]}/broken")

    told = act(staff["operator"], account, "test", opinion="13800001234")

    assert "Nobody can tell whether it was sent" in told


def test_test_message_that_fails_says_why(staff: dict[str, Client]) -> None:
    account = add(staff["operator"], base_url="http://127.0.0.1:9")

    assert "unreachable" in act(staff["operator"], account, "test", opinion="13800001234")
    close_process_loop()


@pytest.mark.parametrize("role", ["marketer", "manager", "advisor", "checker", "compliance"])
def test_only_operators_edit(staff: dict[str, Client], role: str) -> None:
    account = add(staff["operator"], base_url="http://127.0.0.1:9")

    assert staff[role].get(reverse("admin:campaigns_provideraccount_add")).status_code == 403
    page = reverse("admin:campaigns_provideraccount_change", args=[account.pk])
    assert staff[role].post(page, form()).status_code == 403
    if role in {"checker", "compliance"}:
        assert staff[role].get(page).status_code == 200
        act(staff[role], account, "deactivate")
        account.refresh_from_db()
        assert account.is_active
