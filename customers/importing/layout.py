"""What kind of file it is: its fingerprint, encoding, delimiter and header.

The encoding is decided by decoding the whole file, in this order: a byte order mark, UTF-16 by
where its zero bytes stand, UTF-8, GB18030. Statistical detectors misjudge short Chinese files;
decoding doesn't. What decodes as GB18030 but reads like another encoding is put before a person.
A mark of UTF-8 in front of other text is what a program added to it: the bytes behind it decide.
"""

import codecs
import csv
import hashlib
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from django.utils.translation import gettext as _

from customers.errors import FileRejected, NeedsConfirmation

XLSX = "xlsx"
ENCODINGS = ("utf-8", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "big5", "latin-1")
COLUMNS_AT_MOST = 500
MARK = "\ufeff"  # the byte order mark, where the codec leaves it
_PROOF = 2
_CHUNK = 1 << 20
_SAMPLE = 1 << 18
_DELIMITERS = ",;\t|"
# The line by which spreadsheets tell each other the delimiter; it is no row.
_TOLD_DELIMITER = re.compile(r"\"?sep=([,;\t|])\"?\s*", re.IGNORECASE)
# Text in UTF-16 has a zero byte for each ASCII letter; other text that has so many is none.
_MANY_ZEROS = 1 / 20
_ONE_SIDE = 4
# An XLSX is a ZIP: refuse what unpacks to more than any sheet of a million rows needs.
_UNPACKED_AT_MOST = 2 << 30
# A large part of one that unpacks to more than this many times its size was made to swell: texts
# that cells share are all kept in memory. Real sheets come to some thirty.
_LARGE = 32 << 20
_SWELLS_AT_MOST = 100
_EURO = 0x80
# Names under which `codecs` knows what to do with bytes that are none of GB18030.
_WINDOWS, _WINDOWS_DAMAGED = "touchstone.windows936", "touchstone.windows936_damaged"
_DAMAGE_BECOMES = {
    "utf-8": "surrogateescape",
    "utf-8-sig": "surrogateescape",
    "gb18030": _WINDOWS_DAMAGED,
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLE = b"\xd0\xcf\x11\xe0"  # of old workbooks, and of new ones that are encrypted
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_FOREIGN = (
    (_OLE, "xls"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "gzip"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How to read one file."""

    encoding: str
    """A codec name, or `XLSX`."""
    delimiter: str
    fingerprint: str
    """SHA-256 of the bytes, hex."""


def find_layout(path: Path, *, encoding: str | None) -> Layout:
    """Look through the whole file once.

    Parameters
    ----------
    encoding : what a person said, None to find out

    Raises
    ------
    FileRejected : it is missing, empty, not text, or not decodable.
    NeedsConfirmation : it may be in more than one encoding.
    """
    if encoding is not None and encoding not in ENCODINGS:
        raise FileRejected(
            "encoding_unknown", _("Known encodings: %s.") % ", ".join(ENCODINGS), path="encoding"
        )
    head = _head(path)
    if head.startswith(b"PK\x03\x04"):
        _check_zip(path)
        return Layout(encoding=XLSX, delimiter="", fingerprint=_fingerprint(path))
    _refuse_foreign(path, head)
    chosen = encoding or _find_encoding(path, head)
    return Layout(
        encoding=chosen, delimiter=_find_delimiter(path, chosen), fingerprint=_fingerprint(path)
    )


def _euro(error: UnicodeError) -> tuple[str, int]:
    """A lone 0x80 is the euro sign of Windows' code page 936, which calls itself GB2312 or GBK."""
    if isinstance(error, UnicodeDecodeError) and error.object[error.start] == _EURO:
        return "€", error.start + 1
    raise error


def _euro_or_damage(error: UnicodeError) -> tuple[str, int]:
    try:
        return _euro(error)
    except UnicodeError:
        found, end = codecs.lookup_error("surrogateescape")(error)
        return str(found), end


codecs.register_error(_WINDOWS, _euro)
codecs.register_error(_WINDOWS_DAMAGED, _euro_or_damage)


def open_text(path: Path, encoding: str) -> TextIO:
    """The file as text. What is damaged becomes lone surrogates, which mark the rows holding them.

    Only of UTF-8 and GB18030: no byte of a line's end is part of their longer characters, so that
    damage never reaches the next line.
    """
    errors = _DAMAGE_BECOMES.get(encoding, "strict")
    return TextIOWrapper(_open(path), encoding=encoding, errors=errors, newline=None)


def _open(path: Path) -> BinaryIO:
    """The file's bytes, behind a mark of UTF-8 if it has one: no codec but UTF-8's knows it."""
    file = path.open("rb")
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)
    return file


def told_delimiter(line: str) -> str:
    """The delimiter that a first line such as ``sep=;`` tells; "" where it is another line."""
    found = _TOLD_DELIMITER.fullmatch(line)
    return found[1] if found else ""


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError as error:
        raise FileRejected("file_unreadable", _("There is no file %s.") % path.name) from error
    except IsADirectoryError as error:
        raise FileRejected(
            "file_unreadable", _("%s is a folder: name a file in it.") % path.name
        ) from error
    except PermissionError as error:
        raise FileRejected(
            "file_unreadable", _("The file %s cannot be read.") % path.name
        ) from error
    if not head:
        raise FileRejected("file_empty", _("The file is empty."))
    return head


def _refuse_foreign(path: Path, head: bytes) -> None:
    if head.startswith(_OLE) and any(_ENCRYPTED in chunk for chunk in _chunks(path)):
        raise FileRejected(
            "file_protected",
            _("The workbook is protected by a password: save it without one and bring it again."),
        )
    for magic, kind in _FOREIGN:
        if head.startswith(magic):
            raise FileRejected(
                "not_a_table",
                _("This is a file of type %s: export it as CSV (UTF-8) or XLSX.") % kind,
            )
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower()
    if start.startswith((b"<html", b"<table", b"<!doctype", b"<?xml")):
        raise FileRejected(
            "not_a_table", _("This is a web page: open it and export it as CSV (UTF-8) or XLSX.")
        )


def _check_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise FileRejected("xlsx_damaged", _("The XLSX file is damaged.")) from error
    is_workbook = any(entry.filename == "[Content_Types].xml" for entry in entries)
    if not is_workbook or sum(entry.file_size for entry in entries) > _UNPACKED_AT_MOST:
        raise FileRejected("not_a_table", _("This is not an XLSX workbook that can be read."))
    if any(_swells(entry) for entry in entries):
        raise FileRejected(
            "xlsx_swells",
            _("The XLSX file unpacks to more than %d times its size: save it as CSV (UTF-8).")
            % _SWELLS_AT_MOST,
        )


def _swells(entry: zipfile.ZipInfo) -> bool:
    """By what the archive says; more than that is never unpacked."""
    return entry.file_size > max(_LARGE, _SWELLS_AT_MOST * entry.compress_size)


def _chunks(path: Path, *, behind_mark: bool = False) -> Iterator[bytes]:
    with _open(path) if behind_mark else path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _fingerprint(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def _find_encoding(path: Path, head: bytes) -> str:
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return _marked_gb18030(path, mark) or encoding
    if head.count(0) > len(head) * _MANY_ZEROS:
        return _find_utf16(path, head)
    if _is_utf8(path):
        return "utf-8"
    sample = _sample(path)
    if _decodes(path, "gb18030"):
        _confirm_chinese(sample.decode("gb18030", errors="ignore"))
        return "gb18030"
    if encoding := _find_damaged(sample):
        return encoding
    raise FileRejected(
        "encoding_unknown", _("The file is neither UTF-8 nor GB18030: save it as CSV UTF-8.")
    )


def _marked_gb18030(path: Path, mark: bytes) -> str:
    """``gb18030`` where a mark of UTF-8 stands before such text, as a program added it; else ""."""
    if mark != codecs.BOM_UTF8 or _is_utf8(path):
        return ""
    found = _find_damaged(_sample(path))
    return found if found == "gb18030" else ""


def _find_utf16(path: Path, head: bytes) -> str:
    """Which half of each pair is zero says which comes first."""
    first, second = head[::2].count(0), head[1::2].count(0)
    encoding = "utf-16-le" if second > first else "utf-16-be"
    one_sided = max(first, second) >= _ONE_SIDE * min(first, second)
    if not one_sided or not _decodes(path, encoding):
        raise FileRejected("not_text", _("The file holds zero bytes: it is not a text file."))
    return encoding


def _find_damaged(sample: bytes) -> str:
    """The encoding in which far more reads well than is damaged; "" for none."""
    as_utf8 = sample.decode("utf-8", errors="replace")
    if _far_letters(as_utf8.replace("\ufffd", "")) > as_utf8.count("\ufffd"):
        return "utf-8"
    letters = [letter for letter in sample.decode("gb18030", errors="replace") if letter > "\x7f"]
    common = sum(_is_gb2312(letter) for letter in letters)
    return "gb18030" if common >= _PROOF and common > len(letters) / 2 else ""


def _is_utf8(path: Path) -> bool:
    """Whether the text is UTF-8, be it with a few damaged places.

    A file cut off inside a character would often decode as GB18030 too, to nonsense. Two valid
    three-byte characters before the damage hardly come about by chance (two-byte ones do).
    """
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    multibyte = 0
    for chunk in _chunks(path, behind_mark=True):
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode("utf-8")
            return multibyte + _far_letters(good) >= _PROOF
        if multibyte < _PROOF:
            multibyte += _far_letters(text)
    return not decoder.getstate()[0] or multibyte >= _PROOF


def _far_letters(text: str) -> int:
    return 0 if text.isascii() else sum(character >= "\u0800" for character in text)


def _decodes(path: Path, encoding: str) -> bool:
    errors = _WINDOWS if encoding == "gb18030" else "strict"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    try:
        for chunk in _chunks(path, behind_mark=True):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _sample(path: Path) -> bytes:
    with _open(path) as file:
        return file.read(_SAMPLE)


def _confirm_chinese(text: str) -> None:
    """Refuse to guess when the text only happens to decode as GB18030."""
    letters = [character for character in text if not character.isascii()]
    private = sum("\ue000" <= character <= "\uf8ff" for character in letters)
    rare = sum(len(character.encode("gb18030")) == 4 for character in letters)
    common = sum(_is_gb2312(character) for character in letters)
    # Four-byte characters only come about on purpose; Big5 and Latin-1 read as GB18030 give
    # private-use characters and hardly any of GB2312's.
    if private or (not rare and common < len(letters) / 2):
        raise NeedsConfirmation(
            "encoding_ambiguous",
            _(
                "The file is not UTF-8 and does not read like GB18030 (%s): say --encoding big5,"
                " latin-1 or gb18030, or save it as CSV UTF-8."
            )
            % "".join(letters[:12]),
            path="encoding",
        )


def _is_gb2312(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _find_delimiter(path: Path, encoding: str) -> str:
    """What the first line tells, or the character that parts the header into most columns."""
    try:
        with open_text(path, encoding) as file:
            header = file.readline(_SAMPLE)
            while header and not header.strip():
                header = file.readline(_SAMPLE)
    except UnicodeError as error:
        raise FileRejected(
            "encoding_wrong", _("The file is not in the encoding %s.") % encoding, path="encoding"
        ) from error
    header = header.lstrip(MARK)
    return told_delimiter(header) or max(
        _DELIMITERS, key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter), []))
    )
