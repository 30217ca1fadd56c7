"""Bad input to any command: one sentence, exit code 2, and the same as JSON."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from config.command_line import run
from tests.chaos.worlds import own_servers

CHECKOUT = Path(__file__).resolve().parents[2]


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "words"),
    [
        (["no_such_command"], {}, "bad_input", "no_such_command"),
        (["up", "--nonsense"], {}, "bad_input", "--nonsense"),
        (["up", "--port", "70000"], {}, "bad_input", "65535"),
        (
            ["migrate"],
            {"DATABASE_URL": "postgresql://me:sesame42@127.0.0.1:1/none"},
            "server_unavailable",
            "cannot be reached",
        ),
        (
            ["check"],
            {"DATABASE_URL": "mysql://127.0.0.1/none", "TOUCHSTONE_NO_SERVERS": "1"},
            "configuration",
            "postgresql://",
        ),
        (
            ["check"],
            {"TOUCHSTONE_ENV": "production", "SECRET_KEY": "", "DATABASE_URL": ""},
            "configuration",
            "SECRET_KEY",
        ),
        (
            ["migrate"],
            {"DATABASE_URL": "", "TOUCHSTONE_STATE": "/proc/nowhere"},
            "server_unavailable",
            "TOUCHSTONE_STATE",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    arguments: list[str], environment: dict[str, str], code: str, words: str
) -> None:
    finished = manage(*arguments, "--json", **environment)

    assert finished.returncode == 2, finished.stderr
    error = json.loads(finished.stdout)["error"]
    assert set(error) == {"code", "message", "path"}
    assert error["code"] == code
    assert words in error["message"]
    assert finished.stderr == error["message"] + "\n"
    assert "sesame42" not in finished.stderr + finished.stdout


@pytest.mark.django_db(transaction=True)
def test_an_argument_that_is_no_text_is_refused(process_environment: dict[str, str]) -> None:
    finished = manage("why", "\udcff", "--json", **process_environment)

    assert finished.returncode == 2
    assert json.loads(finished.stdout)["error"]["code"] == "bad_input"
    assert "UTF-8" in finished.stderr


def test_servers_status_names_the_running_servers() -> None:
    finished = manage("servers", "status", "--json")

    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["postgres_pid"]


def test_a_command_on_a_fresh_checkout_makes_its_tables_first() -> None:
    with own_servers() as environment:
        first = manage("why", "nobody", "--json", **environment)
        again = manage("why", "nobody", "--json", **environment)

    for done in (first, again):
        assert done.returncode == 2, done.stderr
        assert json.loads(done.stdout)["error"]["code"] == "no_such_customer"
    assert "Making the tables" in first.stderr
    assert "Making the tables" not in again.stderr


@pytest.mark.django_db(transaction=True)
def test_of_a_server_of_ones_own_the_missing_tables_are_told(
    process_environment: dict[str, str],
) -> None:
    name = "without_tables"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    url = process_environment["DATABASE_URL"]
    own = url.replace(f"/{connection.settings_dict['NAME']}?", f"/{name}?")
    try:
        done = manage("why", "nobody", "--json", **{**process_environment, "DATABASE_URL": own})
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")

    assert done.returncode == 2
    assert "manage.py migrate" in json.loads(done.stdout)["error"]["message"]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("command", "pages"), [("demo", "16MB"), ("chaos", "16MB"), ("up", None)])
def test_what_has_few_people_starts_a_small_database(
    command: str, pages: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SPACE", "CURRENCY", "POSTGRES_BUFFERS", "NO_SERVERS"):
        monkeypatch.setenv(f"TOUCHSTONE_{name}", "")  # so that it is put back
        monkeypatch.delenv(f"TOUCHSTONE_{name}")

    with pytest.raises(SystemExit):
        run(["manage.py", command, "--help"])

    assert os.environ.get("TOUCHSTONE_POSTGRES_BUFFERS") == pages
