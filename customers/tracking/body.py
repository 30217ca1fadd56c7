"""From the bytes of a request to JSON, without trusting either.

Clients label bodies freely (text/plain, form-urlencoded, gzip with or without saying so), so the
label is not asked: gzip is known by its first bytes and everything else must be UTF-8 JSON.
"""

import codecs
import json
import math
import zlib
from typing import Any, NoReturn

import orjson

from customers.errors import BodyRefused
from customers.tracking import reasons

GZIP_MAGIC = b"\x1f\x8b"


class Irregular:
    """A JSON value that is well-formed but has no one meaning; its event goes to quarantine."""

    __slots__ = ("code", "value")

    def __init__(self, code: str, value: str | list[tuple[str, Any]]) -> None:
        self.code = code
        self.value = value
        """The number as it was written, or the object's keys and values in their order."""


def parse_body(raw: bytes, *, content_encoding: str, limit: int) -> object:
    """The JSON value of a body.

    Parameters
    ----------
    raw : the bytes as received
    content_encoding : the header's value, "" when absent
    limit : bytes allowed after decompression

    Raises
    ------
    BodyRefused : 400 not JSON, 413 too large, 415 compressed in a way other than gzip.
    """
    if content_encoding.strip().lower() not in {"", "gzip", "identity"}:
        raise BodyRefused(reasons.BODY_ENCODING, status=415)
    if raw.startswith(GZIP_MAGIC):
        raw = _gunzip(raw, limit)
    elif content_encoding.strip().lower() == "gzip":
        raise BodyRefused(reasons.BODY_NOT_GZIP)
    # RFC 8259 §8.1: nobody should write it, and a parser may pass over it.
    raw = raw.removeprefix(codecs.BOM_UTF8)
    plain = _plain(raw)
    if plain is not None:
        return plain
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_float,
        )
    except UnicodeDecodeError as error:
        raise BodyRefused(reasons.BODY_NOT_UTF8) from error
    except RecursionError as error:
        raise BodyRefused(reasons.BODY_TOO_DEEP) from error
    except ValueError as error:
        raise BodyRefused(reasons.BODY_NOT_JSON) from error


def _plain(raw: bytes) -> object:
    """The value of a body that the fast parser gives back to the byte, None for any other.

    What comes back the same has no key twice, no number that was rounded and no half character;
    browsers and Node write it so. The rest is read by the parser that tells those apart.
    """
    try:
        value = orjson.loads(raw)
        return value if orjson.dumps(value) == raw else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        # No JSON, or nested more deeply than it writes.
        return None


def _gunzip(raw: bytes, limit: int) -> bytes:
    """All of a gzip file's members, one behind the other; what follows them is no part of it."""
    plain = b""
    while raw.startswith(GZIP_MAGIC):
        unpacker = zlib.decompressobj(wbits=31)
        try:
            plain += unpacker.decompress(raw, limit + 1 - len(plain))
        except zlib.error as error:
            raise BodyRefused(reasons.BODY_GZIP_DAMAGED) from error
        if len(plain) > limit:
            raise BodyRefused(reasons.BODY_UNPACKED_TOO_LARGE, status=413)
        if not unpacker.eof:
            raise BodyRefused(reasons.BODY_GZIP_DAMAGED)
        raw = unpacker.unused_data
    return plain


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Irregular:
    whole = dict(pairs)
    if len(whole) == len(pairs):
        return whole
    # Parsers disagree on which of two equal keys counts; whose event this is must not depend
    # on the parser.
    # Kept as it is: as text, each object around it would escape and so double it.
    return Irregular("duplicate_key", pairs)


def _float(text: str) -> float | Irregular:
    number = float(text)
    return number if math.isfinite(number) else Irregular("number_out_of_range", text)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)


def describe(value: object) -> object:
    """An irregular value as JSON can say it, for the quarantine's copy of the payload."""
    return value.value if isinstance(value, Irregular) else repr(value)
