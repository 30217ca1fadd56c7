"""Exported cells a spreadsheet must not run. The cases are a sample of the acceptance suite's
(area `export_cells`); `neutralised` means a single quote in front."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.spreadsheet import csv_bytes, neutralised, restored

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "export_cells.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_text_cells_are_neutralised_or_left_as_the_case_says(
    case: dict[str, dict[str, str]],
) -> None:
    cell = case["input"]["cell"]
    # A number written as text is text here: only typed numbers stay numbers.
    expected = f"'{cell}" if case["expect"]["class"] == "neutralised" else cell
    allowed = {expected, f"'{cell}"} if "typed_number" in case["expect"]["class"] else {expected}

    assert neutralised(cell) in allowed


@given(st.text())
def test_whatever_is_exported_can_be_restored(text: str) -> None:
    assert restored(neutralised(text)) == text


@given(st.text())
def test_no_exported_text_begins_like_a_formula(text: str) -> None:
    assert not neutralised(text).startswith(
        ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋")
    )


def test_typed_numbers_stay_numbers() -> None:
    body = csv_bytes(headers=["n"], rows=[[-5], [Decimal("-1.50")], [0.1], [None]])

    assert body.decode("utf-8-sig").split("\r\n") == ["n", "-5", "-1.50", "0.1", '""', ""]


def test_the_file_opens_as_utf8_and_quotes_by_rfc_4180() -> None:
    body = csv_bytes(headers=["渠道"], rows=[['a,"b"\nc']])

    assert body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert rows == [["渠道"], ['a,"b"\nc']]
