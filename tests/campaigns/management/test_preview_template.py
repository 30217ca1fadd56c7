"""`manage.py preview_template` as programs call it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]


def preview(told: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "preview_template", *(arguments or ("-", "--json"))],
        cwd=CHECKOUT,
        input=told,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_preview_is_one_json_document() -> None:
    asked = {"template": "{{ v }}您好", "context": {"v": "张伟"}, "channel": "sms"}

    done = preview(json.dumps(asked))

    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told.pop("lexicon")["version"] == 0
    assert told == {
        "class": "ok",
        "output": "张伟您好",
        "segments": 1,
        "problems": [],
    }


def test_a_file_is_read_and_problems_are_told_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "asked.json"
    file.write_text("\ufeff" + json.dumps({"template": "x\n{% foo %}"}), encoding="utf-8")

    done = preview("", str(file), "--json")

    (problem,) = json.loads(done.stdout)["problems"]
    assert done.returncode == 0
    assert (problem["code"], problem["line"], problem["column"]) == ("unknown_tag", 2, 4)


@pytest.mark.parametrize(
    ("told", "arguments", "code"),
    [
        ("{", ("-", "--json"), "not_json"),
        ('{"template": "\\ud800"}', ("-", "--json"), "not_json"),
        ("[" * 100_000, ("-", "--json"), "not_json"),
        ('{"template": "one", "template": "two"}', ("-", "--json"), "not_json"),
        ("[]", ("-", "--json"), "not_an_object"),
        ("", ("/nowhere/at/all.json", "--json"), "bad_input"),
    ],
    ids=["no JSON", "half a character", "deep", "a key twice", "a list", "no file"],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    told: str, arguments: tuple[str, ...], code: str
) -> None:
    done = preview(told, *arguments)

    error: dict[str, Any] = json.loads(done.stdout)["error"]
    assert done.returncode == 2
    assert error["code"] == code
    assert done.stderr.strip() == error["message"]
    assert "\n" not in done.stderr.strip()
