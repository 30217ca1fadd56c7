"""Every act that the audit trail may tell of has a word."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.states import Disposition
from compliance.labels import ACTIONS
from compliance.models import Review

ROOT = Path(__file__).resolve().parents[2]
APPS = ("attribution", "campaigns", "segments", "customers", "compliance")
# The kinds of things under review, and what verbs write besides.
REVIEWED = ("account", "journey", "lexicon", "rules", "template")


def written() -> Iterator[tuple[str, str]]:
    """Each `action=` that is passed to `record`, with its place; a computed part is a star."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record":
                    for keyword in node.keywords:
                        if keyword.arg == "action":
                            for code in codes(keyword.value):
                                yield code, f"{path.relative_to(ROOT)}:{node.lineno}"


def codes(value: ast.expr) -> Iterator[str]:
    match value:
        case ast.Constant(value=str() as code):
            yield code
        case ast.IfExp(body=one, orelse=other):
            yield from codes(one)
            yield from codes(other)
        case ast.JoinedStr(values=parts):
            yield "".join(part.value if isinstance(part, ast.Constant) else "*" for part in parts)
        case _:
            yield "*"


def test_acts_written_as_they_are_have_words() -> None:
    missing = {
        f"{code} ({place})" for code, place in written() if "*" not in code and code not in ACTIONS
    }

    assert not missing


def test_computed_acts_have_some_words() -> None:
    prefixes = {code.partition("*")[0] for code, _place in written() if "*" in code} - {""}

    assert prefixes
    assert all(any(code.startswith(prefix) for code in ACTIONS) for prefix in prefixes)


@pytest.mark.parametrize("kind", REVIEWED)
def test_reviews_have_words(kind: str) -> None:
    verdicts = {"submit", Review.Verdict.APPROVED.value, Review.Verdict.RETURNED.value}

    assert {f"{kind}.{verdict}" for verdict in verdicts} <= ACTIONS.keys()


def test_outcomes_of_calls_have_words() -> None:
    assert {f"task.{disposition.value}" for disposition in Disposition} <= ACTIONS.keys()
