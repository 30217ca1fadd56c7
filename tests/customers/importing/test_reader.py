"""Encodings, delimiters, quotes and workbooks, read as written."""

from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.errors import FileRejected, NeedsConfirmation
from customers.importing.layout import Layout, find_layout
from customers.importing.reader import Record, count_records, read_header, read_records

TABLE = "客户号,姓名,city\n1,张伟,上海\n2,李娜,北京\n"


def read(path: Path, encoding: str | None = None) -> list[Record]:
    layout = find_layout(path, encoding=encoding)
    return list(read_records(path, layout, columns=len(read_header(path, layout))))


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_table_reads_the_same_however_it_is_written(
    tmp_path: Path, encoding: str, delimiter: str, end: str
) -> None:
    text = TABLE.replace(",", delimiter).replace("\n", end)
    path = write(tmp_path / "f.csv", text.encode(encoding))

    cells = [record.cells for record in read(path)]

    assert cells == [["1", "张伟", "上海"], ["2", "李娜", "北京"]]


def test_line_separators_inside_a_name_do_not_split_it(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", "id,name\n1,a\u2028b\n2,c\u0085d\n".encode())

    records = read(path)

    assert [(record.line, record.cells[1]) for record in records] == [
        (2, "a\u2028b"),
        (3, "c\u0085d"),
    ]


def test_quoted_cell_may_hold_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", b'id,name\n1,"two\nlines, ""quoted"""\n2,x\n')

    assert [(r.line, r.cells) for r in read(path)] == [
        (2, ["1", 'two\nlines, "quoted"']),
        (4, ["2", "x"]),
    ]


def test_stray_quotes_in_two_rows_spoil_only_those(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", b'id,name\n1,"a\n2,b\n3,c"x\n4,d\n')

    assert [(r.line, r.code) for r in read(path)] == [
        (2, "quote_unclosed"),
        (3, ""),
        (4, "quote_unclosed"),
        (5, ""),
    ]


def test_row_of_two_megabytes_spoils_only_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", b"id,name\n1," + b"x" * 2_000_000 + b"\n2,b\n")

    assert [(r.line, r.code) for r in read(path)] == [(2, "too_long"), (3, "")]


def test_damaged_utf8_spoils_its_row_and_is_not_taken_for_chinese(tmp_path: Path) -> None:
    body = "id,name\n1,张伟\n2,".encode() + b"\xff" + "\n3,王芳\n".encode()
    path = write(tmp_path / "f.csv", body)

    assert [(r.line, r.code) for r in read(path)] == [(2, ""), (3, "undecodable"), (4, "")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        b"\x89PNG\r\n\x1a\n",
        b"%PDF-1.7",
        b"<HTML><table>",
        b"PK\x03\x04nonsense",
    ],
    ids=["empty", "zeros", "png", "pdf", "html", "broken zip"],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FileRejected, match=r"\w.*\.$"):
        read(write(tmp_path / "f.csv", data))


def test_latin_text_that_decodes_as_chinese_is_put_before_a_person(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", "id,name\n1,Josée\n".encode("latin-1"))

    with pytest.raises(NeedsConfirmation):
        read(path)
    assert read(path, encoding="latin-1")[0].cells == ["1", "Josée"]


def test_workbook_reads_like_a_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["id", "phone", "born", "note"],
        [1, 13800138000.0, date(1990, 3, 7), None],
        [2, "13800138001", None, True],
    ):
        sheet.append(row)
    book.save(tmp_path / "f.xlsx")

    assert [r.cells for r in read(tmp_path / "f.xlsx")] == [
        ["1", "13800138000", "1990-03-07", ""],
        ["2", "13800138001", "", "true"],
    ]


@given(data=st.binary(min_size=1, max_size=400))
def test_no_bytes_make_the_reader_fail_otherwise(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "any.csv", b"id,name\n1," + data)

    try:
        records = read(path)
    except FileRejected:
        return
    assert all(record.code or len(record.cells) == 2 for record in records)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_known_without_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    # U+4E00 has a zero byte on the side where ASCII has none.
    path = write(tmp_path / "f.csv", TABLE.replace("张伟", "一一").encode(encoding))

    assert [r.cells for r in read(path)] == [["1", "一一", "上海"], ["2", "李娜", "北京"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "gb18030"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "f.csv", ("\ufeff" + TABLE).encode(encoding))

    layout = find_layout(path, encoding=encoding)

    assert read_header(path, layout)[0] == "客户号"


@pytest.mark.parametrize("said", [None, "gb18030"])
@pytest.mark.parametrize(
    "tail", [b"", "3,\u738b\u82b3,\u6df1\u5733\n".encode("gb18030")[:-3] + b"\xff\n"]
)
def test_mark_of_utf8_before_chinese_text_is_passed_over(
    tmp_path: Path, said: str | None, tail: bytes
) -> None:
    path = write(tmp_path / "f.csv", b"\xef\xbb\xbf" + TABLE.encode("gb18030") + tail)

    layout = find_layout(path, encoding=said)
    records = read(path, said)

    assert (layout.encoding, read_header(path, layout)[0]) == ("gb18030", "客户号")
    assert [record.cells for record in records][:2] == [
        ["1", "张伟", "上海"],
        ["2", "李娜", "北京"],
    ]
    assert [record.code for record in records][2:] == ["undecodable"] * bool(tail)


def test_marked_utf8_with_damage_is_still_utf8(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", b"\xef\xbb\xbfid,name\n1,\xff\n2,a\n")

    assert [record.code for record in read(path)] == ["undecodable", ""]


def test_blank_lines_before_the_header_hide_no_delimiter(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", b"\r\n \r\nid;name\r\n1;a\r\n")

    assert [(r.line, r.cells) for r in read(path)] == [(4, ["1", "a"])]


def test_the_line_that_tells_the_delimiter_is_no_header(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", b"sep=;\r\nid;name,alias;city\r\n1;a,b;c\r\n")

    assert [(r.line, r.cells) for r in read(path)] == [(3, ["1", "a,b", "c"])]


def test_damage_inside_quotes_on_a_later_line_spoils_the_row(tmp_path: Path) -> None:
    body = 'id,name\n1,"张伟\n李'.encode() + b"\xff" + '娜"\n2,王芳\n'.encode()
    path = write(tmp_path / "f.csv", body)

    assert [(r.line, r.code) for r in read(path)] == [(2, "undecodable"), (4, "")]


def test_a_zero_byte_spoils_its_row_and_no_other(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", TABLE.encode() + b'3,a\0b,c\n4,"a\nb\0",c\n5,d,e\n')

    assert [(r.line, r.code) for r in read(path)][2:] == [
        (4, "control_character"),
        (5, "control_character"),
        (7, ""),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_damage_before_any_good_row_is_that_rows_alone(tmp_path: Path, encoding: str) -> None:
    body = b"id,name,city\n1,a\xff,b\n" + TABLE.partition("\n")[2].encode(encoding)
    path = write(tmp_path / "f.csv", body)

    records = read(path)

    assert [(r.line, r.code) for r in records] == [(2, "undecodable"), (3, ""), (4, "")]
    assert records[1].cells == ["1", "张伟", "上海"]


def test_utf32_is_no_text_that_is_read(tmp_path: Path) -> None:
    with pytest.raises(FileRejected):
        read(write(tmp_path / "f.csv", TABLE.encode("utf-32")))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("end", ["\x1a", "\n\x1a", "\r\n\x1a\x1a"])
def test_dos_end_of_file_is_no_row_and_no_part_of_one(
    tmp_path: Path, encoding: str, end: str
) -> None:
    path = write(tmp_path / "f.csv", (TABLE.rstrip() + end).encode(encoding))

    assert [record.cells[-1] for record in read(path)] == ["上海", "北京"]


def test_control_z_within_the_file_stays_where_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", b"id,city\n1,a\x1a\n2,b\n")

    assert [record.cells for record in read(path)] == [["1", "a\x1a"], ["2", "b"]]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('="13800138000"', "13800138000"),
        ('"=""0012"""', "0012"),
        ('="a""b"', 'a"b'),
        ('=""', ""),
        ('"=1+1"', "=1+1"),
        ('"=""a""&""b"""', '="a"&"b"'),
    ],
)
def test_text_written_for_spreadsheets_as_a_formula_is_that_text(
    tmp_path: Path, written: str, meant: str
) -> None:
    path = write(tmp_path / "f.csv", f"id,phone\n1,{written}\n".encode())

    assert [record.cells for record in read(path)] == [["1", meant]]


def test_euro_sign_of_windows_code_page_936_is_read_and_other_damage_is_not(
    tmp_path: Path,
) -> None:
    first, second, third = (
        line.encode("gb18030") for line in ("客户号,姓名\n1,张伟价", "\n2,李娜", "\n3,王芳\n")
    )
    path = write(tmp_path / "f.csv", first + b"\x80" + second + b"\xff\x80" + third)

    records = read(path)

    assert find_layout(path, encoding=None).encoding == "gb18030"
    assert [record.code for record in records] == ["", "undecodable", ""]
    assert [record.cells for record in records if not record.code] == [
        ["1", "张伟价€"],
        ["3", "王芳"],
    ]


def test_file_whose_only_oddity_is_the_euro_sign_is_chinese(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", TABLE.encode("gb18030").replace(b"\n1", b"\x80\n1"))

    assert read_header(path, find_layout(path, encoding=None))[-1] == "city€"


@given(
    lines=st.lists(
        st.sampled_from(
            ["", " ", "\t", "1,a,b", "2,张", "\ufeff", ",,", "\0,x,y", "\x1a", "\u2028", '"q",1,2']
        )
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    head=st.sampled_from(["", "\ufeff", "sep=,\n", "\n"]),
    closes=st.booleans(),
)
def test_lines_are_counted_as_records_are_read(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], end: str, head: str, closes: bool
) -> None:
    text = head + end.join(["id,name,city", *lines]) + (end if closes else "")
    path = write(tmp_path_factory.mktemp("counted") / "file.csv", text.encode("gb18030"))
    layout = Layout(encoding="gb18030", delimiter=",", fingerprint="")

    counted = count_records(path, layout)

    read_one_by_one = len(list(read_records(path, layout, columns=3)))
    is_plain = not any(mark in text for mark in ('"', "\x1a", "sep="))
    assert counted == (read_one_by_one if is_plain else None)


def test_long_line_and_damaged_text_are_not_counted(tmp_path: Path) -> None:
    long = write(tmp_path / "long.csv", b"id\n" + b"x" * 200_000 + b"\n1\n")
    assert count_records(long, Layout(encoding="utf-8", delimiter=",", fingerprint="")) is None

    cut = write(tmp_path / "cut.csv", "id\n1\n".encode("utf-16")[:-1])
    assert count_records(cut, Layout(encoding="utf-16", delimiter=",", fingerprint="")) is None


def test_rows_whose_cells_were_emptied_are_blank(tmp_path: Path) -> None:
    """A spreadsheet writes them with their delimiters, about the header and behind the last row."""
    for rest in (b",,\r\n , ,\r\n,\r\n" * 20, b'"","",\r\n'):
        path = write(tmp_path / "f.csv", b",,\r\nid,name,city\r\n1,a,b\r\n,,\r\n2,,\r\n" + rest)

        assert [(r.line, r.number, r.cells) for r in read(path)] == [
            (3, 1, ["1", "a", "b"]),
            (5, 2, ["2", "", ""]),
        ]
        counted = count_records(path, find_layout(path, encoding=None))
        assert counted == (None if b'"' in rest else 2)
