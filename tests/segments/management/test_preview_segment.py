"""`manage.py preview_segment` as programs call it."""

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils.translation import override

from config.command_line import run
from segments.queries import sizes
from tests.factories import make_people
from tests.segments.rules.test_cases import CASES, expanded

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    code: int
    document: Any
    complained: str


@pytest.fixture
def preview(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Run the command over a file, with --json."""
    # `run` ends with the process: it would close the test's own connection.
    monkeypatch.setattr("config.command_line.connections.close_all", lambda: None)

    def run_over(text: str | bytes) -> Told:
        path = tmp_path / "rule.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with override("en"):
            code = run(["manage.py", "preview_segment", str(path), "--json"])
        said = capsys.readouterr()
        return Told(code=code, document=json.loads(said.out), complained=said.err)

    return run_over


def test_a_rule_is_counted_sampled_and_said_in_both_languages(preview: Any) -> None:
    make_people(3)
    rule = {"all": [{"everyone": True}, {"field": "customer_no", "op": "neq", "value": "P00001"}]}

    told = preview(json.dumps(rule))

    found = told.document
    assert (told.code, told.complained) == (0, "")
    assert (found["count"], found["sample"]) == (2, ["P00000", "P00002"])
    assert set(found["explain"]) == {"en", "zh"}
    assert found["milliseconds"] > 0
    with connection.cursor() as cursor:
        cursor.execute(found["sql"], found["params"])
        assert len(cursor.fetchall()) == 2


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_case_is_used_or_refused_with_its_place(preview: Any, case: dict[str, Any]) -> None:
    told = preview(json.dumps(expanded(case["input"]["rule"])))

    classes = set(case["expect"]["class"].split("|"))
    if told.code == 0:
        assert classes & {"valid", "valid_warn"}
        assert {"count", "sample", "explain", "sql", "milliseconds"} <= set(told.document)
    else:
        assert told.code == 2
        assert classes & {"invalid", "too_deep", "too_large"}
        error = told.document["error"]
        assert error["path"] == "" or error["path"].startswith("/")
        assert told.complained == error["message"] + "\n"


def test_an_unknown_field_is_named_with_its_place_and_a_hint(preview: Any) -> None:
    told = preview('{"all": [{"everyone": true}, {"field": "risk_lvl", "op": "exists"}]}')

    assert told.code == 2
    assert told.document["error"]["path"] == "/all/1/field"
    assert "risk_level" in told.document["error"]["message"]


@pytest.mark.parametrize(
    "text",
    ["{", b"\xff\xfe{", '{"sample": 1, "sample": 2}', "[" * 100_000, '{"sample": NaN}'],
    ids=["cut off", "not UTF-8", "a key twice", "deep", "no number"],
)
def test_what_is_no_json_is_refused(preview: Any, text: str | bytes) -> None:
    told = preview(text)

    assert told.code == 2
    assert told.document["error"]["code"] == "not_json"
    assert told.document["error"]["path"] == ""


def test_the_rule_comes_by_standard_input_with_a_mark_at_its_head(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.command_line.connections.close_all", lambda: None)
    raw = b'\xef\xbb\xbf{"everyone": true}'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    make_people(1)

    code = run(["manage.py", "preview_segment", "-"])

    said = capsys.readouterr().out
    assert code == 0
    assert "every customer" in said
    assert "P00000" in said


def test_what_cannot_be_counted_in_time_is_estimated(
    preview: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_people(3)

    def too_slow(*_told: object) -> object:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(sizes, "_counted", too_slow)

    found = preview('{"everyone": true}').document

    assert found["is_estimate"]
    assert found["asked"] == 3
    assert found["margin"] > 0
