"""The command: one JSON document for a text, one sentence for bad input."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from compliance.lexicon_versions import lexicon_digest, lexicon_in_force
from compliance.queries import clock_now
from compliance.wording.amend import SHIPPED
from tests.factories import add_wording

CHECKOUT = Path(__file__).resolve().parents[3]


def scanned(*arguments: str) -> dict[str, object]:
    out = io.StringIO()
    call_command("scan_wording", *arguments, "--json", stdout=out)
    document: dict[str, object] = json.loads(out.getvalue())
    return document


def test_the_document_has_the_contracts_shape() -> None:
    document = scanned("本产品保本")

    assert {"verdict", "hits", "missing_disclosures"} <= document.keys()
    assert document["verdict"] == "block"
    (hit,) = document["hits"]  # type: ignore[misc]  # a list of one
    assert {"term", "category", "start", "end", "severity", "rule_id", "basis"} <= hit.keys()
    assert (hit["term"], hit["start"], hit["end"]) == ("保本", 3, 5)
    assert (hit["severity"], hit["rule_id"]) == ("red", "A1-01")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "稳赚".encode())

    document = scanned(str(path))

    assert document["verdict"] == "block"
    assert document["hits"][0]["start"] == 0  # type: ignore[index]  # a list of dicts


def test_an_empty_text_says_nothing_forbidden() -> None:
    assert scanned("")["verdict"] == "allow"


def test_product_channel_and_day_count() -> None:
    assert scanned("低门槛", "--on", "2026-09-29")["verdict"] == "allow"
    assert scanned("低门槛", "--on", "2026-09-30")["verdict"] == "block"
    assert scanned("低门槛", "--channel", "task")["verdict"] == "allow"
    assert scanned("开放申购", "--product", "fund")["missing_disclosures"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["x", "--product", "unicorn"], "'unicorn' is no known product"),
        (["x", "--channel", "pigeon"], "'pigeon' is no known channel"),
        (["x", "--on", "2026-02-30"], "'2026-02-30' is no day"),
        (["missing.txt"], "There is no file missing.txt"),
        ([str(CHECKOUT)], "is a folder"),
        (["长" * 1_000_001], "longer than 1000000"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        scanned(*arguments)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"ok\xff")

    with pytest.raises(CommandError, match="not UTF-8 text"):
        scanned(str(path))


def test_standard_input_and_exit_codes_without_any_server() -> None:
    def run(*arguments: str, told: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", "scan_wording", *arguments],
            cwd=CHECKOUT,
            env={**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"},
            input=told,
            capture_output=True,
            text=True,
            timeout=120,
        )

    good = run("-", "--json", told="保 本")
    bad = run("保本", "--product", "unicorn", "--json")

    assert (good.returncode, json.loads(good.stdout)["verdict"]) == (0, "block")
    assert bad.returncode == 2
    error = json.loads(bad.stdout)["error"]
    assert (error["code"], error["path"]) == ("unknown_product", "product")
    assert len(bad.stderr.splitlines()) == 1


def test_without_a_database_the_shipped_lexicon_judges_and_says_so() -> None:
    first, second = scanned("稳稳的幸福"), scanned("保本")

    assert first["lexicon"] == second["lexicon"]
    assert first["lexicon"] == {"version": 0, "digest": lexicon_digest(SHIPPED)}


@pytest.mark.django_db
def test_in_force_is_what_officers_changed() -> None:
    change = add_wording("稳稳的幸福", verdict="review", now=clock_now())

    shipped, told = scanned("稳稳的幸福"), scanned("稳稳的幸福", "--in-force")

    assert (shipped["verdict"], told["verdict"]) == ("allow", "review")
    lexicon = told["lexicon"]
    assert lexicon == {"version": change.version, "digest": lexicon_digest(lexicon_in_force())}
    assert lexicon["digest"] != shipped["lexicon"]["digest"]  # type: ignore[index]  # documents


@pytest.mark.django_db
def test_a_preview_in_force_is_judged_as_before_a_send(tmp_path: Path) -> None:
    change = add_wording("稳稳的幸福", now=clock_now())
    file = tmp_path / "asked.json"
    file.write_text(json.dumps({"template": "稳稳的{{ v }}", "context": {"v": "幸福"}}))

    def previewed(*arguments: str) -> dict[str, object]:
        out = io.StringIO()
        call_command("preview_template", str(file), *arguments, "--json", stdout=out)
        document: dict[str, object] = json.loads(out.getvalue())
        return document

    assert previewed()["class"] == "ok"
    told = previewed("--in-force")
    assert told["class"] == "suppress"
    assert told["lexicon"]["version"] == change.version  # type: ignore[index]  # a document


@pytest.mark.parametrize("command", ["scan_wording", "preview_template"])
def test_in_force_without_a_database_is_one_sentence(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", command, "-", "--in-force", "--json"],
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"},
        input='{"template": "x"}',
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] in (
        "database_unavailable",
        "server_unavailable",
    )
    assert len(done.stderr.splitlines()) == 1
