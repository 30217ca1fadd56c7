"""Whatever a pure room says, it says in Chinese, too, with the same details."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "attribution", "campaigns", "segments", "customers", "compliance")
# Values of JSON, which are written so in every language.
SAME_IN_BOTH = {"true", "null"}


def written() -> Iterator[tuple[str, dict[str, str]]]:
    """Every `Sentence(…)` of the code, by its place."""
    for package in PACKAGES:
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Sentence":
                    place = f"{path.relative_to(CHECKOUT)}:{node.lineno}"
                    yield place, {word.arg or "": _text(word.value) for word in node.keywords}


def _text(value: ast.expr) -> str:
    """A literal: what is put together at run time could not be looked at here."""
    assert isinstance(value, ast.Constant), ast.unparse(value)
    assert isinstance(value.value, str)
    return value.value


SENTENCES = dict(written())


def test_the_sentences_are_found() -> None:
    assert sum(place.startswith("campaigns/journeys/") for place in SENTENCES) > 40
    assert sum(place.startswith("segments/") for place in SENTENCES) > 50


@pytest.mark.parametrize("place", SENTENCES)
def test_a_sentence_is_whole_in_both_languages(place: str) -> None:
    said = SENTENCES[place]

    assert re.fullmatch("[a-z0-9_]+", said["code"])
    assert said["en"] in SAME_IN_BOTH or re.search("[一-鿿]", said["zh"])
    assert not re.search("[一-鿿]", said["en"])
    assert details(said["en"]) == details(said["zh"])


def details(wording: str) -> set[str]:
    """The names in a wording's braces."""
    return {name for _text, name, _format, _conversion in Formatter().parse(wording) if name}
