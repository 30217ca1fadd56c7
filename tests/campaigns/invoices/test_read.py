"""An invoice is read line by line; what cannot be read is told, and stops nothing else."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.invoices.read import BadLine, Fault, FileUnreadable, Line, read_invoice

HEADER = "provider_id,segments,amount,currency,date\n"


def read(text: str) -> list[Line | BadLine]:
    return list(read_invoice(text.encode(), currency="CNY"))


@pytest.mark.parametrize("day", ["2026-03-02", "2026/03/02", "20260302", "2026/3/2", "2026-3-02"])
def test_a_line_is_read_with_every_digit(day: str) -> None:
    [line] = read(f"{HEADER}sms-1,2,0.090001,cny,{day}\n")

    assert line == Line(
        number=2,
        reference="sms-1",
        segments=2,
        amount=Decimal("0.090001"),
        billed_on=date(2026, 3, 2),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_an_invoice_of_a_house_in_china_is_read(encoding: str) -> None:
    told = "备注,provider_id,amount,date\r\n三月账单，含税,sms-1,0.05,2026/03/02\r\n"

    [line] = read_invoice(told.encode(encoding), currency="CNY")

    assert isinstance(line, Line)
    assert (line.reference, line.amount) == ("sms-1", Decimal("0.05"))


def test_our_key_names_a_touch_in_any_spelling() -> None:
    key = "0F0E0D0C-0B0A-0908-0706-050403020100"
    [line] = read(f"\ufeffKEY, Amount ,date\n{key},1,2026-03-02\n")

    assert isinstance(line, Line)
    assert (line.reference, line.segments) == ("0f0e0d0c0b0a09080706050403020100", 1)


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (",1,1,CNY,2026-03-02", Fault.NO_REFERENCE),
        ("x" * 201 + ",1,1,CNY,2026-03-02", Fault.NO_REFERENCE),
        ('a,1,"1,234",CNY,2026-03-02', Fault.BAD_AMOUNT),
        ('a,1,"12,34.5",CNY,2026-03-02', Fault.BAD_AMOUNT),
        ('a,1,"1.234,5",CNY,2026-03-02', Fault.BAD_AMOUNT),
        ("a,1,--1,CNY,2026-03-02", Fault.BAD_AMOUNT),
        ("a,1,(-1),CNY,2026-03-02", Fault.BAD_AMOUNT),
        ("a,1,$1,CNY,2026-03-02", Fault.BAD_AMOUNT),
        ("a,1,1元,CNY,2026-03-02", Fault.BAD_AMOUNT),
        ("a,1,NaN,CNY,2026-03-02", Fault.BAD_AMOUNT),
        ("a,1,1e400,CNY,2026-03-02", Fault.BAD_AMOUNT),
        ("a,1,,CNY,2026-03-02", Fault.BAD_AMOUNT),
        ("a,0,1,CNY,2026-03-02", Fault.BAD_SEGMENTS),
        ("a,１,1,CNY,2026-03-02", Fault.BAD_SEGMENTS),
        ("a,99999,1,CNY,2026-03-02", Fault.BAD_SEGMENTS),
        ("a,1,1,CNY,2026-02-30", Fault.BAD_DATE),
        ("a,1,1,CNY", Fault.BAD_DATE),
        ("a,1,1,USD,2026-03-02", Fault.OTHER_CURRENCY),
    ],
)
def test_a_bad_line_is_told_with_its_number_beside_a_good_one(cells: str, fault: Fault) -> None:
    bad, good = read(f"{HEADER}{cells}\nb,1,1,CNY,2026-03-02\n")

    assert bad == BadLine(number=2, fault=fault)
    assert isinstance(good, Line)
    assert good.number == 3


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ('"1,234.50"', "1234.50"),
        ('"12,345,678.000001"', "12345678.000001"),
        ("￥0.045", "0.045"),
        ('"¥1,234.5"', "1234.5"),
        ("-0.05", "-0.05"),
        ("\u22120.05", "-0.05"),
        ("(0.05)", "-0.05"),
        ("-￥0.05", "-0.05"),
        ("0", "0"),
    ],
)
def test_an_amount_is_read_as_spreadsheets_write_it(cell: str, amount: str) -> None:
    [line] = read(f"{HEADER}a,1,{cell},CNY,2026-03-02\n")

    assert isinstance(line, Line)
    assert line.amount == Decimal(amount)


def test_a_credits_segments_may_stand_below_zero_like_its_amount() -> None:
    [line] = read(f"{HEADER}a,-2,-0.1,CNY,2026-03-02\n")

    assert isinstance(line, Line)
    assert (line.segments, line.amount) == (2, Decimal("-0.1"))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", Fault.NO_COLUMNS),
        (b"provider_id,date\n", Fault.NO_COLUMNS),
        (b"amount,date\n1,2026-03-02\n", Fault.NO_COLUMNS),
        ("金额,日期\n1,2026-03-02\n".encode("gb18030"), Fault.NO_COLUMNS),
        (HEADER.encode("utf-16"), Fault.NOT_TEXT),
        (b"provider_id;amount;date\na;1;2026-03-02\n", Fault.NO_COLUMNS),
        (b"provider_id,amount,date,AMOUNT\na,1,2026-03-02,2\n", Fault.COLUMN_TWICE),
        (b"\x89PNG\r\n\x1a\n\x00\xff\xff", Fault.NOT_TEXT),
        (b" " * 50_000_001, Fault.TOO_LARGE),
    ],
    ids=[
        *("empty", "no amount", "no reference", "other words", "UTF-16", "semicolons"),
        *("an amount twice", "a picture", "too large"),
    ],
)
def test_a_file_that_is_no_invoice_is_refused_as_a_whole(content: bytes, fault: Fault) -> None:
    with pytest.raises(FileUnreadable) as refused:
        read_invoice(content, currency="CNY")

    assert refused.value.fault is fault


@given(st.text(max_size=300))
def test_any_text_below_the_header_is_read_without_an_error(text: str) -> None:
    for line in read(HEADER + text.encode("utf-8", "replace").decode()):
        assert isinstance(line, (Line, BadLine))
