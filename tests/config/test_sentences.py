"""Whatever a pure room says, it says in Chinese, too, with the same details."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "attribution", "campaigns", "segments", "customers", "compliance")
# Values of JSON and names, which are written so in every language; and what says nothing.
SAME_IN_BOTH = {"true", "false", "null", "HTML", ""}


def written() -> Iterator[tuple[str, tuple[str, str]]]:
    """The English and the Chinese of every `Sentence(…)` of the code, by its place.

    Where one is made of variables, its wordings stand in pairs in the same module.
    """
    for package in PACKAGES:
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            made = [node for node in nodes if _is_sentence(node)]
            literal = [node for node in made if all(_texts(_wordings(node)))]
            pairs = [node for node in nodes if isinstance(node, ast.Tuple) and _is_pair(node)]
            for node in literal:
                yield f"{path.relative_to(CHECKOUT)}:{node.lineno}", _texts(_wordings(node))
            for node in pairs if len(literal) < len(made) else ():
                yield f"{path.relative_to(CHECKOUT)}:{node.lineno}", _texts(node.elts)


def _is_sentence(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Sentence"


def _wordings(call: ast.Call) -> list[ast.expr]:
    told = {word.arg: word.value for word in call.keywords}
    return [told["en"], told["zh"]]


def _is_pair(node: ast.Tuple) -> bool:
    texts = _texts(node.elts)
    return len(texts) == 2 and all(texts) and bool(re.search("[一-鿿]", texts[1]))


def _texts(values: list[ast.expr]) -> tuple[str, ...]:
    """Literal texts; empty ones for what is put together at run time."""
    return tuple(
        value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
        for value in values
    )


SENTENCES = dict(written())


def test_the_sentences_are_found() -> None:
    assert sum(place.startswith("campaigns/journeys/") for place in SENTENCES) > 40
    assert sum(place.startswith("segments/") for place in SENTENCES) > 50


@pytest.mark.parametrize("place", SENTENCES)
def test_a_sentence_is_whole_in_both_languages(place: str) -> None:
    english, chinese = SENTENCES[place]

    assert english in SAME_IN_BOTH or re.search("[一-鿿]", chinese)
    assert not re.search("[一-鿿]", english)
    assert details(english) == details(chinese)


def details(wording: str) -> set[str]:
    """The names in a wording's braces."""
    return {name for _text, name, _format, _conversion in Formatter().parse(wording) if name}
