"""The Simplified Chinese catalogue says everything the product says, placeholders included."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Message
from django.utils.translation import gettext, override

CHECKOUT = Path(__file__).resolve().parents[2]
PLACEHOLDER = re.compile(r"%\(\w+\)[.\d]*\w|%[.\d]*[sd]|%%|\{\w*\}")
# A product's name, an abbreviation or a number stays as it is.
SAME_IN_BOTH = {"CSV", "HTML", "JSON", "ROI", "Webhook"}


@pytest.fixture(scope="module")
def refresh() -> ModuleType:
    spec = importlib.util.spec_from_file_location("refresh", CHECKOUT / "locale/refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def translated(refresh: ModuleType) -> Iterator[tuple[Message, str, str]]:
    """Every message with its English and its Chinese text."""
    for message in refresh.catalogue():
        if message.id:
            english = message.id if isinstance(message.id, str) else message.id[0]
            chinese = message.string if isinstance(message.string, str) else message.string[0]
            yield message, english, chinese


def test_everything_said_is_in_the_catalogue_with_a_translation(refresh: ModuleType) -> None:
    known = {
        (message.context, english) for message, english, chinese in translated(refresh) if chinese
    }

    said = {
        (context, text if isinstance(text, str) else text[0])
        for context, text in refresh.messages_in_use()
    }

    assert sorted(str(one) for one in said - known) == []


def test_nothing_is_said_inside_a_formatted_string(refresh: ModuleType) -> None:
    """There the catalogue's extractor does not look."""
    hidden = [
        f"{path.relative_to(CHECKOUT)}:{call.lineno}"
        for package in refresh.PACKAGES
        for path in sorted((CHECKOUT / package).rglob("*.py"))
        if re.search(r"\{\w*(?:_t?|gettext\w*)\(", source := path.read_text(encoding="utf-8"))
        for formatted in ast.walk(ast.parse(source))
        if isinstance(formatted, ast.JoinedStr)
        for call in ast.walk(formatted)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in refresh.KEYWORDS
    ]

    assert hidden == []


def test_unfolds_own_strings_are_among_them(refresh: ModuleType) -> None:
    said = {text for _context, text in refresh.messages_in_use()}

    assert "Search apps and models..." in said
    with override("zh-hans"):
        assert gettext("Search apps and models...") == "搜索应用与数据表……"


def test_translations_keep_every_placeholder(refresh: ModuleType) -> None:
    wrong = [
        english
        for _message, english, chinese in translated(refresh)
        if sorted(PLACEHOLDER.findall(english)) != sorted(PLACEHOLDER.findall(chinese))
    ]

    assert wrong == []


def test_translations_are_chinese(refresh: ModuleType) -> None:
    latin = [
        english
        for _message, english, chinese in translated(refresh)
        if english not in SAME_IN_BOTH
        and re.search(r"[A-Za-z]{2}", PLACEHOLDER.sub("", english))
        and not re.search(r"[一-鿿]", chinese)
    ]

    assert latin == []
