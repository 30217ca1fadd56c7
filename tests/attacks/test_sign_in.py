"""Attacks on the way in: guessing, asking who exists, and sessions that should be over."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from compliance import sign_in
from compliance.models import SignInTries, User
from compliance.roles import Role
from compliance.setup import ensure_roles

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing as it is, with fewer rounds: a million of them take half a second."""
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1_000)


@pytest.fixture(autouse=True)
def alice(quick: None) -> User:
    made = User.objects.create_user("alice", "", PASSWORD, is_staff=True)
    made.groups.add(ensure_roles()[Role.MARKETER])
    return made


def sign(name: str, password: str, *, client: Client | None = None, **meta: Any) -> Any:
    """One try by the form of the console."""
    told = {"username": name, "password": password}
    return (client or Client()).post(reverse("admin:login"), told, **{"REMOTE_ADDR": HERE, **meta})


def is_in(answer: Any) -> bool:
    return bool(answer.status_code == 302)


def said(answer: Any) -> list[str]:
    """What the form answers, and nothing of what was typed."""
    return [str(line) for line in answer.context["form"].non_field_errors()]


def guess(times: int, name: str = "alice", **meta: Any) -> Any:
    """Wrong passwords one after the other; the last answer."""
    return [sign(name, f"wrong {number}", **meta) for number in range(times)][-1]


def test_after_five_wrong_passwords_the_right_one_is_refused_until_the_pause_is_over() -> None:
    last = guess(20)

    locked = sign("alice", PASSWORD)
    SignInTries.objects.update(last_at=sign_in.timezone.now() - sign_in.PAUSE)
    later = sign("alice", PASSWORD)

    assert not is_in(locked)
    assert said(locked) == said(last)
    assert is_in(later)
    assert not SignInTries.objects.exists()


def test_four_wrong_passwords_lock_nobody_out() -> None:
    guess(4)

    assert is_in(sign("alice", PASSWORD))


def test_trying_on_does_not_make_the_pause_longer() -> None:
    guess(5)
    began = SignInTries.objects.get().last_at

    guess(10)

    assert SignInTries.objects.get().last_at == began


@pytest.mark.parametrize("typed", ["ALICE", " alice ", "Alice"])
def test_other_spellings_of_a_name_are_counted_together(typed: str) -> None:
    guess(5, typed)

    assert not is_in(sign("alice", PASSWORD))


def test_guesses_from_elsewhere_lock_nobody_out_of_his_own_desk() -> None:
    guess(20, REMOTE_ADDR=ELSEWHERE)

    assert is_in(sign("alice", PASSWORD))


@pytest.mark.parametrize("meta", [{}, {"HTTP_X_FORWARDED_FOR": "198.51.100.1"}])
def test_a_made_up_forwarded_address_is_no_way_around(settings: Any, meta: dict[str, str]) -> None:
    """Without proxies the header counts for nothing; with one, only what that one appended."""
    settings.PROXIES = 1 if meta else 0

    for number in range(10):
        forged = f"10.0.0.{number}"
        real = meta.get("HTTP_X_FORWARDED_FOR")
        sign("alice", "wrong", HTTP_X_FORWARDED_FOR=f"{forged}, {real}" if real else forged)

    assert not is_in(sign("alice", PASSWORD, **meta))


def test_behind_a_proxy_people_are_told_apart(settings: Any) -> None:
    settings.PROXIES = 1
    guess(20, HTTP_X_FORWARDED_FOR=ELSEWHERE)

    assert is_in(sign("alice", PASSWORD, HTTP_X_FORWARDED_FOR=HERE))


def test_another_address_of_the_same_ipv6_network_is_no_way_around() -> None:
    for number in range(6):
        sign("alice", "wrong", REMOTE_ADDR=f"2001:db8:1:2::{number}")

    assert not is_in(sign("alice", PASSWORD, REMOTE_ADDR="2001:db8:1:2:ffff::9"))
    assert is_in(sign("alice", PASSWORD, REMOTE_ADDR="2001:db8:1:3::1"))


@pytest.mark.django_db(transaction=True)
def test_twenty_tries_at_once_are_no_way_around(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    judged = sign_in.CountingBackend._judged

    def note(self: Any, request: Any, username: str, password: str, **others: Any) -> Any:
        looked.append(password)
        return judged(self, request, username, password, **others)

    monkeypatch.setattr(sign_in.CountingBackend, "_judged", note)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(_sign_and_hang_up, range(20)))

    assert len(looked) == sign_in.MOST_TRIES


def _sign_and_hang_up(number: int) -> None:
    try:
        sign("alice", f"wrong {number}")
    finally:
        sign_in.connection.close()


def test_neither_name_nor_address_nor_password_is_kept() -> None:
    sign("my secret password", "wrong")

    kept = repr(SignInTries.objects.values_list().get())
    assert "secret" not in kept
    assert HERE not in kept


def test_tries_of_yesterday_are_forgotten_when_somebody_signs_in() -> None:
    guess(1, "nobody")
    SignInTries.objects.update(last_at=sign_in.timezone.now() - timedelta(days=2))

    sign("alice", PASSWORD)

    assert not SignInTries.objects.exists()


def make(name: str, **fields: Any) -> str:
    User.objects.create_user(name, "", PASSWORD, **{"is_staff": True, **fields})
    return name


@pytest.mark.parametrize(
    ("name", "password"),
    [
        (lambda: make("carol"), "wrong"),
        (lambda: "nobody", "wrong"),
        (lambda: "nobody", PASSWORD),
        (lambda: make("left", is_active=False), PASSWORD),
        (lambda: make("left", is_active=False), "wrong"),
        (lambda: make("app-user", is_staff=False), PASSWORD),
        (lambda: "x" * 150, "wrong"),
    ],
    ids=[
        "known", "unknown", "unknown with a password of somebody", "disabled, right password",
        "disabled", "no member of staff, right password", "a long name",
    ],
)  # fmt: skip
@pytest.mark.parametrize("tries", [1, 6], ids=["at once", "locked"])
def test_no_answer_tells_who_exists(name: Callable[[], str], password: str, tries: int) -> None:
    who = name()
    known = [sign("alice", "wrong") for _ in range(tries)][-1]

    other = [sign(who, password) for _ in range(tries)][-1]

    assert (other.status_code, said(other)) == (known.status_code, said(known))
    assert len(said(other)) == 1
    assert {key: value for key, value in other.headers.items() if key not in _VARYING} == {
        key: value for key, value in known.headers.items() if key not in _VARYING
    }


_VARYING = {"X-Request-ID", "Expires", "Content-Length"}  # the name as typed stands in the page


@pytest.mark.parametrize("other", ["nobody", "left"])
def test_no_answer_takes_its_time_over_those_who_exist(
    alice: User, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """The password of somebody unknown is hashed, too: medians differ by less than a quarter."""
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 200_000)
    alice.set_password(PASSWORD)
    alice.save()
    make("left", is_active=False)
    taken: dict[str, list[float]] = {"alice": [], other: []}

    for _round in range(9):
        for name, times in taken.items():
            SignInTries.objects.all().delete()
            began = time.process_time()
            sign(name, "wrong")
            times.append(time.process_time() - began)

    known, unknown = (statistics.median(times) for times in taken.values())
    assert abs(known - unknown) / known < 0.25, (known, unknown)


def leave(client: Client, user: User) -> None:
    client.post(reverse("admin:logout"))


def disable(client: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(client: Client, user: User) -> None:
    user.set_password("another horse battery staple")
    user.save()


def leave_the_staff(client: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=False)


@pytest.mark.parametrize("end", [leave, disable, change_password, leave_the_staff])
def test_an_old_cookie_opens_nothing_once_its_session_is_over(
    alice: User, end: Callable[[Client, User], None]
) -> None:
    client, thief = Client(), Client()
    sign("alice", PASSWORD, client=client)
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    page = reverse("admin:customers_customer_changelist")
    assert thief.get(page).status_code == 200

    end(client, alice)

    for address in (page, reverse("reports:index"), reverse("operations:index")):
        assert thief.get(address).status_code in {302, 403}, address


def test_a_session_fixed_beforehand_is_not_the_one_that_signs_in() -> None:
    client = Client()
    client.session.save()
    fixed = client.cookies["sessionid"] = "attackerschosenkey0123456789abcd"

    sign("alice", PASSWORD, client=client)

    assert client.cookies["sessionid"].value not in {fixed, ""}


def test_a_role_that_is_taken_away_counts_no_more_at_the_next_request(alice: User) -> None:
    client = Client()
    sign("alice", PASSWORD, client=client)
    pages = [
        reverse("admin:customers_customer_changelist"),
        reverse("admin:campaigns_template_add"),
        reverse("reports:index"),
        reverse("workbench:index"),
    ]
    before = [client.get(page).status_code for page in pages]

    alice.groups.remove(Group.objects.get(name=Role.MARKETER))

    assert before[:3] == [200, 200, 200]
    assert [client.get(page).status_code for page in pages] == [403, 403, 403, 403]


@pytest.mark.parametrize("address", ["/accounts/password_reset/", "/admin/password_reset/"])
def test_there_is_no_reset_by_mail_that_could_be_asked_or_poisoned(address: str) -> None:
    """A forgotten password is set anew by a superuser or `manage.py changepassword`."""
    answer = Client().post(address, {"email": "a@example.com"}, HTTP_HOST="evil.example")

    assert answer.status_code in {302, 403, 404}
    assert "evil.example" not in answer.headers.get("Location", "")
