"""Attacks by spreadsheet: entities that fetch or swell, archives that unpack to gigabytes."""

import http.server
import os
import resource
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from customers.errors import FileRejected
from customers.importing.layout import find_layout
from customers.importing.reader import read_header, read_records

SHEET, STRINGS, BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
TYPES = "[Content_Types].xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHARED = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
LAUGHS = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
SWELLING = f'<!DOCTYPE x [<!ENTITY e0 "ha">{LAUGHS}]>'
ROW = '<row r="9"><c r="A9" t="inlineStr"><is><t>{}</t></is></c></row></sheetData>'


@pytest.fixture
def fetched() -> Iterator[list[str]]:
    """What a server of this machine was asked for; the first is its address."""
    asked: list[str] = []

    class Door(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"fetched")

        def log_message(self, *_told: Any) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    asked.append(f"http://127.0.0.1:{server.server_port}/evil")
    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


def workbook(path: Path, part: str, prefix: str = "", old: str = "", new: str = "") -> Path:
    """A workbook of one customer, a part of it with something in front and something replaced."""
    book = openpyxl.Workbook()
    book.active.append(["customer_no", "name"])
    book.active.append(["c1", "王"])
    plain = path.with_suffix(".plain")
    book.save(plain)
    with zipfile.ZipFile(plain) as source:
        parts = {name: source.read(name).decode() for name in source.namelist()}
    parts.setdefault(STRINGS, f'<sst xmlns="{MAIN}"><si><t>x</t></si></sst>')
    if SHARED not in parts[TYPES]:
        shared = f'<Override PartName="/{STRINGS}" ContentType="{SHARED}"/></Types>'
        parts[TYPES] = parts[TYPES].replace("</Types>", shared)
    head, body = "", parts[part]
    if body.startswith("<?xml"):
        head, _, body = body.partition("?>")
        head += "?>"
    assert not old or old in body
    parts[part] = head + prefix + (body.replace(old, new) if old else body)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in parts.items():
            target.writestr(name, text)
    return path


def cells(path: Path) -> list[list[str]]:
    layout = find_layout(path, encoding=None)
    header = read_header(path, layout)
    return [header, *(record.cells for record in read_records(path, layout, columns=len(header)))]


def told(path: Path) -> str:
    """The cells, or the refusal; anything else is the test's failure."""
    try:
        return str(cells(path))
    except FileRejected as refusal:
        return str(refusal)


def test_a_workbook_that_is_one_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "f.xlsx", SHEET)

    assert cells(path) == [["customer_no", "name"], ["c1", "王"]]


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        (SHEET, "</sheetData>", ROW.format("&e;")),
        (STRINGS, "</sst>", "<si><t>&e;</t></si></sst>"),
        (BOOK, 'name="Sheet"', 'name="S"'),
        (TYPES, "", ""),
    ],
    ids=["sheet", "shared texts", "workbook", "types"],
)
@pytest.mark.parametrize(
    "entity",
    [
        '<!ENTITY e SYSTEM "{url}">',
        '<!ENTITY % p SYSTEM "{url}"> %p;',
        '<!ENTITY e SYSTEM "file:///etc/passwd">',
        '<!ENTITY e PUBLIC "x" "{url}">',
    ],
)
def test_no_entity_is_fetched(
    tmp_path: Path, fetched: list[str], part: str, old: str, new: str, entity: str
) -> None:
    kinds = f"<!DOCTYPE x [{entity.format(url=fetched[0])}]>"
    path = workbook(tmp_path / "f.xlsx", part, kinds, old, new)

    said = told(path)

    assert fetched[1:] == []
    assert "root:" not in said
    assert "fetched" not in said


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        (SHEET, "</sheetData>", ROW.format("&e9;")),
        (STRINGS, "</sst>", "<si><t>&e9;</t></si></sst>"),
        (BOOK, 'name="Sheet"', 'name="&e9;"'),
    ],
    ids=["sheet", "shared texts", "workbook"],
)
def test_entities_that_swell_are_a_damaged_file(
    tmp_path: Path, part: str, old: str, new: str
) -> None:
    path = workbook(tmp_path / "f.xlsx", part, SWELLING, old, new)
    began = time.process_time()

    with pytest.raises(FileRejected, match="damaged"):
        cells(path)

    assert time.process_time() - began < 5


@pytest.mark.parametrize("part", [SHEET, STRINGS, BOOK, TYPES])
@pytest.mark.parametrize("text", ["", "<x", "<x/>", "\x00", "<a></b>"])
def test_a_part_that_is_no_xml_is_a_refusal_in_words(tmp_path: Path, part: str, text: str) -> None:
    path = workbook(tmp_path / "f.xlsx", SHEET)
    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w") as target:
        for name, body in parts.items():
            target.writestr(name, text if name == part else body)

    assert told(path)


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_a_workbook_with_spoilt_bytes_is_a_refusal_in_words(tmp_path: Path, place: float) -> None:
    path = workbook(tmp_path / "f.xlsx", SHEET)
    raw = bytearray(path.read_bytes())
    at = int(len(raw) * place)
    raw[at : at + 40] = b"\xff" * 40
    path.write_bytes(raw)

    assert told(path)


@pytest.mark.parametrize(
    ("part", "old", "unit"),
    [
        (STRINGS, "</sst>", "<si><t>{}</t></si></sst>"),
        (SHEET, "</sheetData>", ROW),
    ],
    ids=["shared texts", "one cell"],
)
def test_an_archive_that_unpacks_to_hundreds_of_times_its_size_is_refused_unread(
    tmp_path: Path, part: str, old: str, unit: str
) -> None:
    path = workbook(tmp_path / "f.xlsx", part, "", old, unit.format("a" * 100_000_000))
    assert path.stat().st_size < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(FileRejected, match="times its size"):
        find_layout(path, encoding=None)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_an_archive_that_lies_about_its_size_is_not_unpacked_beyond_it(tmp_path: Path) -> None:
    """The size an entry claims is all that is ever read of it, in a process that may not grow."""
    path = workbook(tmp_path / "f.xlsx", SHEET, "", "</sheetData>", ROW.format("a" * 50_000_000))
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(SHEET).file_size
    path.write_bytes(raw.replace(size.to_bytes(4, "little"), (5_000).to_bytes(4, "little")))

    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))\n"
        "import django; django.setup()\n"
        "from pathlib import Path\n"
        "from tests.attacks.test_spreadsheets import cells\n"
        "from customers.errors import FileRejected\n"
        "try: cells(Path(sys.argv[1]))\n"
        "except FileRejected as refusal: print(refusal)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**_environment(), "TOUCHSTONE_NO_SERVERS": "1"},
    )

    assert "damaged" in done.stdout, done.stderr[-500:]


def _environment() -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": "."}
