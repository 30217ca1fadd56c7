"""Files that no careful person sends, by the command: each gets its class, and the next good one
is taken."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from customers.models import Customer

SHEET = "xl/worksheets/sheet1.xml"
OK, PART, NO = "import_ok", "import_partial", "reject_file|needs_confirmation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file, its class, and how many rows are in and refused."""

    title: str
    body: bytes
    wanted: str
    ok: int = 0
    bad: int = 0


def text(
    title: str, told: str, wanted: str, ok: int = 0, bad: int = 0, encoding: str = "utf-8"
) -> Case:
    return Case(title=title, body=told.encode(encoding), wanted=wanted, ok=ok, bad=bad)


def book(*rows: list[object]) -> bytes:
    made, told = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.worksheets[0].append(row)
    made.save(told)
    return told.getvalue()


def changed(workbook: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    told = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(told, "w") as new:
        for name in old.namelist():
            part = change(name, old.read(name))
            if part is not None:
                new.writestr(name, part)
    return told.getvalue()


def in_sheet(workbook: bytes, old: bytes, new: bytes) -> bytes:
    return changed(workbook, lambda name, part: re.sub(old, new, part) if name == SHEET else part)


PEOPLE = book(["id", "city"], ["u1", "Wuhan"], ["u2", "Ningbo"])
BOMB = (
    b"<!DOCTYPE x ["
    + b"".join(
        b'<!ENTITY %c "%s">'
        % (letter, b"&%c;" % (letter - 1) * 10 if letter > ord("a") else b"x" * 10)
        for letter in b"abcdefghij"
    )
    + b"]>"
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY c SYSTEM "file:///etc/passwd">]>'
CASES = [
    text("blanks only", " \n \n", NO),
    text("a mark and nothing", "\ufeff", NO),
    text("UTF-16 from its other end", "id,city\nu1,武汉\nu2,宁波\n", OK, 2, encoding="utf-16-be"),
    text("ends of lines of all kinds", "id,city\r\nu1,a\nu2,b\ru3,c\r\n", OK, 3),
    text("names of columns in full-width letters", "ＩＤ,　城 市　\nu1,a\n", OK, 1),
    text("names of columns with blanks", "客 户 号,手 机 号\nu1,13800138000\n", OK, 1),
    text("no names of columns", "id,13800138000,Wuhan\nu1,13900139000,Ningbo\n", NO),
    text("no names of columns but an address", "id,zoe@c.example\nu1,ann@c.example\n", NO),
    text("DOS's end of file", "id,city\nu1,a\n\x1a", OK, 1),
    text("phone and number as spreadsheets' text",
         'id,phone\n="0012",="13800138000"\n"=""0013""",13800138001\n', OK, 2),
    text("numbers that say that there is none",
         "id,city\nNULL,a\nnan,b\n\\N,c\n无,d\n-,e\nu1,f\n", PART, 1, 5),
    text("unionids that say so", "id,unionid\nu1,NULL\nu2,#N/A\nu3,o1\n", PART, 1, 2),
    text("names that say so", "id,name\nu1,NULL\nu2,None\nu3,张伟\n", PART, 1, 2),
    text("a row of totals", "id,total_asset\nu1,5\n合计,5\n", PART, 1, 1),
    text("the header once more", "id,city\nu1,a\nid,city\nu2,b\n", PART, 2, 1),
    text("an amount in dollars", "id,total_asset\nu1,$5\nu2,￥5\n", PART, 1, 1),
    text("a spreadsheet's error as a permission", "id,permissions\nu1,#N/A\nu2,a\n", PART, 1, 1),
    text("lines that end with U+2028", "id,city\u2028u1,a\u2028u2,b", NO),
    text("lines that end with a vertical tab", "id,city\x0bu1,a\x0bu2,b", NO),
    text("single quotes", "'id','city'\n'u1','a'\n", NO),
    Case(title="a workbook with a password", body=b"\xd0\xcf\x11\xe0" + b"\0" * 5_000
         + "EncryptedPackage".encode("utf-16-le"), wanted=NO),
    text("marks within", "id,city\nu1,a\n\ufeffu2,b\n", f"{OK}|{PART}", 1, 1),
    text("a column twice by another name", "id,phone,手机\nu1,13800138000,13900139000\n", NO),
    text("blanks about names of columns", " id , city \nu1,a\n", OK, 1),
    text("no-break spaces about them", "\u00a0id\u00a0,\u3000city\nu1,a\n", OK, 1),
    text("name of a column over two lines", 'id,"ci\nty"\nu1,a\n', OK, 1),
    text("501 columns", ",".join(["id", *(f"c{at}" for at in range(500))]) + "\n", NO),
    text("a quote in the middle", 'id,city\nu1,a"b\nu2,c\n', f"{OK}|{PART}", 1, 1),
    text("a quote and text behind it", 'id,city\nu1,"a"b\nu2,c\n', PART, 1, 1),
    text("number of an earlier one in full width", "id,city\nu1,a\nｕ1,b\n", OK, 2),
    text("numbers with noughts before them", "id,city\n1,a\n01,b\n001,c\n", OK, 3),
    text("number with a control character", "id,city\nu\x071,a\nu2,b\n", PART, 1, 1),
    text("number of 129", f"id,city\n{'u' * 129},a\nu2,b\n", PART, 1, 1),
    text("number of directions", "id,city\nu\u202e1,a\nu2,b\n", f"{OK}|{PART}", 1, 1),
    text("days that are none",
         "id,birth_on\nu1,2023-02-29\nu2,1990-13-01\nu3,2999-01-01\n", PART, 0, 3),
    text("a day in months first", "id,birth_on\nu1,03/07/1990\nu2,1990-03-07\n", PART, 1, 1),
    text("levels in small letters", "id,risk_level\nu1,c3\nu2,C6\n", PART, 1, 1),
    text("a consent of no kind", "id,consent_sms\nu1,maybe\nu2,yes\n", PART, 1, 1),
    text("an amount beyond its column", "id,total_asset\nu1,99999999999999999\nu2,1\n", PART, 1, 1),
    text("an amount that is none",
         "id,total_asset\nu1,NaN\nu2,Infinity\nu3,1e5\nu4,-0\n", PART, 1, 3),
    text("Arabic digits", "id,total_asset\nu1,١٢٣\nu2,1\n", PART, 1, 1),
    text("months without end", f"id,horizon_months\nu1,{'9' * 400}\nu2,12\n", PART, 1, 1),
    text("a zone on Mars", "id,time_zone\nu1,Mars/Olympus\nu2,Asia/Shanghai\n", PART, 1, 1),
    text("a name of 201", f"id,name\nu1,{'名' * 201}\nu2,李四\n", PART, 1, 1),
    text("10 000 quotes", "id,city\nu1," + '"' * 10_001 + "\nu2,b\n", PART, 1, 1),
    text("one line of 3 MB", "id,city\nu1," + "x" * 3_000_000 + "\nu2,b\n", PART, 1, 1),
    Case(title="a workbook by another name", body=PEOPLE, wanted=OK, ok=2),
    Case(title="gzip", body=gzip.compress(b"id,city\nu1,a\n"), wanted=NO),
    Case(title="JSON", body=b'[{"id":"u1"}]\n', wanted=NO),
    Case(title="a zip of something else", body=changed(PEOPLE, lambda name, part: part
         if name == SHEET else None), wanted=NO),
    Case(title="a workbook cut off", body=PEOPLE[:-200], wanted=NO),
    Case(title="a workbook without its sheet", body=changed(PEOPLE, lambda name, part: None
         if name == SHEET else part), wanted=NO),
    Case(title="a sheet that is no XML", body=in_sheet(PEOPLE, rb"<row", b"<row<"), wanted=NO),
    Case(title="a sheet with entities of itself", body=in_sheet(
        in_sheet(PEOPLE, rb"<worksheet", BOMB + b"<worksheet"), rb"Wuhan", b"&j;"), wanted=NO),
    Case(title="a sheet that asks for a file", body=in_sheet(
        in_sheet(PEOPLE, rb"<worksheet", OUTSIDE + b"<worksheet"), rb"Wuhan", b"&c;"),
        wanted=f"{OK}|{NO}", ok=2),
    Case(title="a cell far out", body=in_sheet(PEOPLE, rb'r="B2"', b'r="XFD1048576"'),
         wanted=f"{PART}|{NO}", ok=1, bad=1),
    Case(title="cells in the wrong order", body=in_sheet(PEOPLE, rb'r="B3"', b'r="A3"'),
         wanted=f"{OK}|{PART}|{NO}", ok=2),
    Case(title="a shared text that is not there", body=in_sheet(PEOPLE,
         rb'<c r="B2"[^>]*>.*?</c>', b'<c r="B2" t="s"><v>99</v></c>'), wanted=NO),
    Case(title="errors of a spreadsheet", body=book(["id", "city"], ["u1", "#REF!"], ["u2", "a"]),
         wanted=PART, ok=1, bad=1),
    Case(title="true, a day and a time", body=book(["id", "city"], ["u1", True],
         ["u2", datetime.fromisoformat("2026-01-02T03:04")]), wanted=OK, ok=2),
    Case(title="numbers as customer numbers", body=book(["id", "city"], [10001, "a"],
         [1.5, "b"]), wanted=f"{OK}|{PART}", ok=1, bad=1),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_file_gets_its_class(
    case: Case, tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.FILES = tmp_path / "files"
    path = tmp_path / "people.csv"
    path.write_bytes(case.body)

    try:
        call_command("import_customers", str(path), "--json")
        code = 0
    except (CommandError, SystemExit) as end:
        code = int(str(getattr(end, "code", getattr(end, "returncode", 2)) or 0))

    told = json.loads(capsys.readouterr().out)
    got = told.get("status") or told["error"]["code"]
    classes = case.wanted.split("|")
    if "error" in told:
        assert code == 2
        assert {"reject_file", "needs_confirmation"} & set(classes), told
        assert told["error"]["message"]
        assert Customer.objects.count() == 0
    else:
        assert got in classes, told
        if got == PART or case.wanted == OK:
            assert (told["rows_ok"], told["rows_bad"]) == (case.ok, case.bad), told
        assert Customer.objects.count() == told["rows_ok"]
    assert not Customer.objects.filter(city__contains="root:").exists()
    path.write_bytes(b"id,city\ngood,Wuhan\n")
    call_command("import_customers", str(path), "--json")
    assert json.loads(capsys.readouterr().out)["rows_ok"] == 1
