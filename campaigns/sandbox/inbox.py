"""What the addressees received: on the disk, read page by page.

Raw messages are stored as they came and taken apart only when read, so that
accepting costs one write.
"""

import os
from array import array
from collections.abc import Iterator
from pathlib import Path

import orjson

from campaigns.sandbox.ledger import Entry
from campaigns.sandbox.mail import links, read_mail

_STRIDE = 256  # messages between two remembered offsets


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
        line.update(read_mail(mime.encode("latin-1")))
        return line
    texts = [str(line.get(name, "")) for name in ("text", "title", "body", "url")]
    line["links"] = links("\n".join(texts), "")
    return line
