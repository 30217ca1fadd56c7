"""`check_journey` says what publishing would say."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from config.command_line import run
from tests.factories import graph_of

CASES = Path(__file__).parents[1] / "journeys/cases/journeys.jsonl"
GRAPHS = [
    case for case in map(json.loads, CASES.read_text().splitlines()) if "nodes" in case["input"]
]
# As in tests/campaigns/journeys/test_cases.py: sends do not know `product_risk` yet.
NOT_BUILT = {"JR-025": "publish_reject"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command over a file; its document."""

    def run_over(journey: object, *options: str) -> Any:
        path = tmp_path / "journey.json"
        path.write_text(json.dumps(journey))
        with override("en"):
            call_command("check_journey", str(path), "--json", *options)
        return json.loads(capsys.readouterr().out)

    return run_over


@pytest.mark.parametrize("case", GRAPHS, ids=[case["id"] for case in GRAPHS])
def test_a_case_gets_the_verdict_it_asks_for(check: Any, case: dict[str, Any]) -> None:
    expected = NOT_BUILT.get(case["id"], case["expect"]["class"])

    told = check(case["input"], "--assume-known", "S1,T1,T2")

    assert told["verdict"] in expected.split("|"), told


def test_what_is_assumed_is_known_also_to_rules(check: Any) -> None:
    rule = {"all": [{"segment": "vip"}, {"tag": "new"}]}
    branch = {"id": "b", "type": "branch", "cases": [{"label": "a", "rule": rule}]}
    graph = graph_of(branch)
    graph["edges"] = [["start", "b"], ["b", "end", "a"], ["b", "end", "else"]]

    assert check(graph)["verdict"] == "publish_reject"
    assert check(graph, "--assume-known", "all,vip,new") == {
        "verdict": "publish_ok",
        "problems": [],
    }


def test_every_problem_names_its_node(check: Any) -> None:
    told = check(graph_of({"id": "m", "type": "sms", "template": "t"}), "--assume-known", "all")

    assert told["verdict"] == "publish_reject"
    assert [(p["code"], p["node"], p["severity"]) for p in told["problems"]] == [
        ("no_account", "m", "error"),
        ("template_not_approved", "m", "error"),
    ]


@pytest.mark.parametrize("kind", ["wait_for", "webhook", "rollout", "set", "task"])
def test_a_kind_that_is_not_built_is_a_problem_of_its_node(check: Any, kind: str) -> None:
    (problem,) = check(graph_of({"id": "n", "type": kind}))["problems"]

    assert (problem["code"], problem["node"], problem["path"]) == (
        "unknown_type",
        "n",
        "/nodes/1/type",
    )


@pytest.mark.parametrize("journey", [{}, {"nodes": ["x"]}, {"nodes": [{"id": 1}]}])
def test_json_that_is_no_journey_is_rejected(check: Any, journey: object) -> None:
    told = check(journey)

    assert told["verdict"] == "publish_reject"
    assert told["problems"][0]["node"] == ""


def test_half_a_surrogate_is_rejected_and_can_be_written(check: Any) -> None:
    told = check({**graph_of(), "\ud800": 1})

    assert told["verdict"] == "publish_reject"


@pytest.mark.parametrize("text", [b"{", b"\xff", b"[" * 100_000], ids=["cut", "bytes", "deep"])
def test_what_is_no_json_cannot_be_judged(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))

    with pytest.raises(CommandError, match="not a JSON document"):
        call_command("check_journey", "-", "--json")


@pytest.mark.parametrize("text", [b"[]", b"1", b"null", b'"x"', b"true", b'[{"nodes": []}]'])
def test_what_is_no_object_is_no_journey_and_ends_with_code_2(
    text: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))

    assert run(["manage.py", "check_journey", "-", "--json"]) == 2

    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["message"] == "A journey is a JSON object."
    assert "A journey is a JSON object." in told.err


@pytest.mark.parametrize("depth", [50, 800, 5_000])
def test_a_deep_document_is_told_so_and_ends_in_no_traceback(
    depth: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = b'{"not": ' * depth + b'{"segment": "vip"}' + b"}" * depth
    branch = b'{"id": "b", "type": "branch", "cases": [{"label": "a", "rule": %s}]}' % rule
    text = b'{"nodes": [{"id": "start", "type": "entry", "segment": "all"}, %s]}' % branch
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))

    code = run(["manage.py", "check_journey", "-", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == 2 if "error" in told else told["verdict"] == "publish_reject"


def test_a_key_that_stands_twice_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = io.TextIOWrapper(io.BytesIO(b'{"name": "one", "name": "two"}'))
    monkeypatch.setattr(sys, "stdin", twice)

    with pytest.raises(CommandError, match='"name" stands twice'):
        call_command("check_journey", "-", "--json")


def test_a_missing_file_ends_with_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["manage.py", "check_journey", "no-such-file.json", "--json"]) == 2

    told = json.loads(capsys.readouterr().out)["error"]
    assert told["code"] == "bad_input"
    assert "no-such-file.json" in told["message"]


def test_the_problems_are_said_in_chinese_where_that_is_the_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "j.json"
    path.write_text('{"nodes": [1]}')

    with override("zh-hans"):
        call_command("check_journey", str(path))

    assert "节点必须是 JSON 对象。" in capsys.readouterr().out
