"""The shipped table of readings is the first reading that pypinyin gives."""

import os
import unicodedata

import pytest

from compliance.rulebook.shipped import shipped_wordbook


@pytest.fixture
def pypinyin_readings(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setitem(os.environ, "PYPINYIN_NO_PHRASES", "true")
    from pypinyin.constants import PINYIN_DICT

    return {chr(code): toneless(readings) for code, readings in PINYIN_DICT.items()}


def toneless(readings: str) -> str:
    """The first reading without its tone; ü is v, as it is typed."""
    first = readings.split(",")[0].lower()
    for letter in "üǖǘǚǜ":
        first = first.replace(letter, "v")
    return "".join(c for c in unicodedata.normalize("NFD", first) if not unicodedata.combining(c))


def test_readings_are_pypinyins(pypinyin_readings: dict[str, str]) -> None:
    shipped = shipped_wordbook().readings

    wrong = {c: read for c, read in shipped.items() if pypinyin_readings.get(c) != read}

    assert wrong == {}
    assert len(shipped) > 20_000
