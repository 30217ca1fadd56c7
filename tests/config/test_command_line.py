"""Bad input to any command: one sentence, exit code 2, and the same as JSON."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
        (["why", "\udcff"], {}, "bad_input", "UTF-8"),
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


def test_servers_status_names_the_running_servers() -> None:
    finished = manage("servers", "status", "--json")

    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["postgres_pid"]
