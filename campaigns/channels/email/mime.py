"""One message as the bytes that go over the wire.

Rendered by hand, header by header: the standard library's generator costs
about a millisecond a message and leaves lines over 998 octets alone under its
default policy.  Here every line is short (RFC 5322 §2.1.1), every value that
reaches a header is free of control characters, and the same message gives the
same bytes on every attempt.
"""

import re
from base64 import b64encode, encodebytes
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr
from functools import lru_cache

from campaigns.channels.base import Outgoing

# RFC 5321 §4.1.2 dot-string and §4.5.3.1 lengths; quoted local parts are not used.
_LOCAL = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}(?<!\.)")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_URL = re.compile(r"(?:https?://|mailto:)[!-;=?-~]{1,900}")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_MAILBOX = 998  # octets of a line, by RFC 5322 2.1.1
_LONGEST_PLAIN_SUBJECT = 900  # octets on one line, below the limit of 998
_ENCODED_WORD_OCTETS = 42  # raw octets that fit an encoded word of 75 characters in UTF-8


class Unmailable(ValueError):
    """The message cannot become valid mail; `code` says which part is at fault."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_address(text: str) -> str:
    """Return the address ready for the envelope, its domain in ASCII.  Raises Unmailable."""
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise Unmailable("address_invalid", "the address is not a mailbox")
    return f"{local}@{_ascii_domain(domain)}"


def sender_address(content: Mapping[str, str]) -> str:
    """Return the bare address of `from`.  Raises Unmailable."""
    return _read_mailbox(content.get("from", ""), "from")[1]


def render(message: Outgoing) -> bytes:
    """Render multipart/alternative with the plain text first.

    Returns CRLF lines of at most 998 octets, not yet dot-stuffed.
    Raises Unmailable.
    """
    content = message.content
    if not _KEY.fullmatch(message.key):
        raise Unmailable("key_invalid", "the key is not a plain word")
    boundary = f"=_{message.key}"
    lines = [
        *_headers(message),
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
        f"--{boundary}",
    ]
    return b"".join(
        (
            "\r\n".join(lines).encode("ascii"),
            b"\r\n",
            _part("plain", content.get("text", "")),
            f"--{boundary}\r\n".encode(),
            _part("html", content["html"]),
            f"--{boundary}--\r\n".encode(),
        )
    )


def _headers(message: Outgoing) -> list[str]:
    content = message.content
    sender, sender_bare = _read_mailbox(content.get("from", ""), "from")
    lines = [
        f"Message-ID: <{message.key}@{sender_bare.rpartition('@')[2]}>",
        f"Date: {_date(content.get('date', ''))}",
        f"From: {sender}",
        f"To: {read_address(message.address)}",
        f"Subject: {_words(content['subject'])}",
        "MIME-Version: 1.0",
        f"X-Touchstone-Key: {message.key}",
    ]
    if reply_to := content.get("reply_to"):
        lines.append(f"Reply-To: {_read_mailbox(reply_to, 'reply_to')[0]}")
    if url := content.get("unsubscribe_url"):
        if not _URL.fullmatch(url):
            raise Unmailable("content_invalid", "unsubscribe_url is not a plain URL")
        lines.append(f"List-Unsubscribe: <{url}>")
        if not url.startswith("mailto:"):
            # RFC 8058: the pair of headers makes it one click.
            lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    return lines


def _part(subtype: str, text: str) -> bytes:
    if text.isascii() and "\x00" not in text:
        lines = text.splitlines()
        if max(map(len, lines), default=0) <= 998:
            body, encoding = ("\r\n".join(lines) + "\r\n").encode("ascii"), "7bit"
            return _part_head(subtype, encoding) + body
    # surrogatepass would put invalid UTF-8 on the wire; a lone surrogate becomes "?".
    encoded = encodebytes(text.encode("utf-8", "replace")).replace(b"\n", b"\r\n")
    return _part_head(subtype, "base64") + encoded


def _part_head(subtype: str, encoding: str) -> bytes:
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    ).encode()


@lru_cache(maxsize=1024)
def _read_mailbox(text: str, name: str) -> tuple[str, str]:
    """Return the header form and the bare address of `"Name" <local@domain>`."""
    if _CONTROLS.search(text):
        raise Unmailable("content_invalid", f"{name} holds control characters")
    if len(text) > _LONGEST_MAILBOX:
        raise Unmailable("content_invalid", f"{name} is longer than a line may be")
    shown, bare = parseaddr(text)
    try:
        address = read_address(bare)
    except Unmailable as error:
        raise Unmailable("content_invalid", f"{name} is not a mailbox") from error
    if not shown:
        return address, address
    return f"{_words(shown, quoted=True)} <{address}>", address


@lru_cache(maxsize=1024)
def _words(text: str, *, quoted: bool = False) -> str:
    """Return text for a header: plain where it may be, else RFC 2047 encoded words, folded."""
    clean = _CONTROLS.sub(" ", text).strip()
    if clean.isascii() and "=?" not in clean and len(clean) <= _LONGEST_PLAIN_SUBJECT:
        if not quoted:
            return clean
        escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    encoded = (b64encode(chunk).decode() for chunk in _chunks(clean))
    return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in encoded)


def _chunks(text: str) -> list[bytes]:
    """Cut into UTF-8 pieces of whole characters, each short enough for one encoded word."""
    pieces: list[bytes] = []
    current = b""
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(current) + len(octets) > _ENCODED_WORD_OCTETS:
            pieces.append(current)
            current = b""
        current += octets
    return [*pieces, current]


@lru_cache(maxsize=1024)
def _ascii_domain(domain: str) -> str:
    try:
        text = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise Unmailable("address_invalid", "the address's domain is not valid") from error
    if not _DOMAIN.fullmatch(text):
        raise Unmailable("address_invalid", "the address's domain is not valid")
    return text


def _date(text: str) -> str:
    # Without a frozen time two attempts differ in this header alone.
    return _frozen_date(text) if text else _date_of(int(datetime.now(UTC).timestamp()))


@lru_cache(maxsize=1024)
def _frozen_date(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unmailable("content_invalid", "date is not ISO 8601") from error
    return format_datetime(at if at.tzinfo else at.replace(tzinfo=UTC))


@lru_cache(maxsize=4)
def _date_of(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))
