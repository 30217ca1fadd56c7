"""What the addressees received: on the disk, read page by page.

Raw messages are stored as they came and taken apart only when read, so that
accepting costs one write.
"""

import os
import re
from array import array
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from html import unescape
from pathlib import Path

import orjson

from campaigns.sandbox.ledger import Entry

_STRIDE = 256  # messages between two remembered offsets
_URL = re.compile(r"https?://[^\s\"'<>）】]+")
_HREF = re.compile(r"""href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")


class Inbox:
    """The accepted messages of one channel, in order of `seq`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets = array("Q", [0])
        self._size = 0
        self._count = 0
        if path.exists():
            self._index()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, entry: Entry, content: dict[str, str]) -> None:
        """Keep one message; `content` is `{"mime"}` or the fields of the channel."""
        line = orjson.dumps(
            {
                "seq": entry.seq,
                "channel": entry.channel,
                "account": entry.account,
                "address": entry.address,
                "key": entry.key,
                "provider_id": entry.provider_id,
                "at": entry.at,
                **content,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        os.write(self._file, line)
        self._note(len(line))

    def page(self, *, after: int, limit: int) -> list[dict[str, object]]:
        """Return up to `limit` messages with `seq` above `after`."""
        found: list[dict[str, object]] = []
        for line in self._lines_from(after):
            if int(str(line["seq"])) <= after:
                continue
            found.append(_as_read(line))
            if len(found) >= limit:
                break
        return found

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _lines_from(self, after: int) -> Iterator[dict[str, object]]:
        # A kill between ledger and inbox can leave a gap in seq, so the
        # remembered place is at or before the one wanted, never past it.
        stride = min(after // _STRIDE, len(self._offsets) - 1)
        with self._path.open("rb") as file:
            while stride > 0:
                file.seek(self._offsets[stride])
                first = orjson.loads(file.readline() or b'{"seq": 0}')
                if first["seq"] <= after + 1:
                    break
                stride -= 1
            file.seek(self._offsets[stride])
            for raw in file:
                if raw.endswith(b"\n"):
                    yield orjson.loads(raw)

    def _index(self) -> None:
        with self._path.open("rb") as file:
            for raw in file:
                self._note(len(raw))

    def _note(self, length: int) -> None:
        self._size += length
        self._count += 1
        if self._count % _STRIDE == 0:
            self._offsets.append(self._size)


def _as_read(line: dict[str, object]) -> dict[str, object]:
    """Return the message as its reader sees it: subject, text and links."""
    mime = line.pop("mime", None)
    if isinstance(mime, str):
        line.update(_read_mail(mime.encode("latin-1")))
        return line
    texts = [str(line.get(name, "")) for name in ("text", "title", "body", "url")]
    line["links"] = _links("\n".join(texts), "")
    return line


def _read_mail(raw: bytes) -> dict[str, object]:
    message = message_from_bytes(raw)
    text, html = _body(message, "text/plain"), _body(message, "text/html")
    unsubscribe = str(message.get("List-Unsubscribe", "")).strip().strip("<>")
    return {
        "subject": str(make_header(decode_header(str(message.get("Subject", ""))))),
        "from": str(message.get("From", "")),
        "text": text or unescape(_TAG.sub("", html)),
        "html": html,
        "links": _links(text, html),
        "unsubscribe_url": unsubscribe,
        "headers": sorted({name for name, _ in message.items()}),
    }


def _body(message: Message, kind: str) -> str:
    for part in message.walk():
        if part.get_content_type() == kind:
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return payload.decode("utf-8", "replace")
    return ""


def _links(text: str, html: str) -> list[str]:
    """Return each link once, those of the HTML first."""
    hrefs = [unescape(href) for href in _HREF.findall(html)]
    plain = [url.rstrip(".,;:!?)") for url in _URL.findall(text)]
    return list(dict.fromkeys(link for link in [*hrefs, *plain] if link.startswith("http")))
