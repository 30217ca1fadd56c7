"""The file of person keys: which keys there still are, kept outside the database.

A backup of the database holds ciphertexts only; what opens them is this file together with the
settings' encryption keys. A key that was destroyed here is gone for every backup.
"""

import contextlib
import fcntl
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from customers.errors import UnknownKey
from customers.key_tree import SEED_BYTES, KeyTree, new_tree, packed, unpacked
from customers.queries.database import rows

NEXT_SLOTS = """
    SELECT nextval('customers_person_slot') FROM generate_series(1, %(count)s::int)
"""


_IS_KEYED = "SELECT EXISTS (SELECT FROM customers_identity WHERE strpos(key_id, '@') > 0)"


class KeyFile:
    """The tree in a file, read again whenever some process has replaced it."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self._known: tuple[tuple[int, int], KeyTree] | None = None

    def tree(self) -> KeyTree:
        """What the file holds now; the first process of an installation makes it.

        Raises UnknownKey: it is not whole, or it is missing although there are rows that need it.
        """
        try:
            stamp = _stamp(self.path.stat())
        except FileNotFoundError:
            self._begin()
            stamp = _stamp(self.path.stat())
        if self._known is None or self._known[0] != stamp:
            self._known = stamp, self._read()
        return self._known[1]

    def key(self, slot: int) -> bytes:
        """The key of one person.  Raises KeyDestroyed, UnknownKey."""
        return self.tree().key(slot)

    def destroy(self, slots: Collection[int]) -> None:
        """Take these persons' keys out of the file and write over what it held.

        Safe to run twice. Returns once the new file is on the disk.
        """
        self.tree()
        with self._locked():
            tree = unpacked(self.path.read_bytes())
            if all(tree.is_destroyed(slot) for slot in slots):
                return
            with self.path.open("r+b") as old:
                self._replace(tree.without(slots))
                # The name leads to the new file; whoever finds the old blocks finds nothing.
                length = old.seek(0, os.SEEK_END)
                old.seek(0)
                old.write(bytes(length))
                old.flush()
                os.fsync(old.fileno())

    def _read(self) -> KeyTree:
        try:
            return unpacked(self.path.read_bytes())
        except UnknownKey:
            # It was replaced and written over between opening and reading: the name tells.
            return unpacked(self.path.read_bytes())

    def _begin(self) -> None:
        if rows(_IS_KEYED, {})[0][0]:
            raise UnknownKey(
                "no_key_file",
                f"The file of person keys ({self.path}) is missing. Bring it back from its copy:"
                " without it nobody's identifiers can be read.",
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if not self.path.exists():
                self._replace(new_tree(os.urandom(SEED_BYTES)))

    def _replace(self, tree: KeyTree) -> None:
        fresh = self.path.with_name(self.path.name + ".new")
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()  # left by a process that died
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(packed(tree))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self.path.with_name(self.path.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


_files: dict[str, KeyFile] = {}


def person_keys() -> KeyFile:
    """The file that the settings name."""
    path = str(settings.PERSON_KEYS)
    if not path:
        raise ImproperlyConfigured("TOUCHSTONE_PERSON_KEYS must name a file.")
    if path not in _files:
        _files[path] = KeyFile(Path(path))
    return _files[path]


def fresh_slots(count: int) -> list[int]:
    """Numbers that nobody has, whose keys exist.

    A restored database counts again from where it was, over numbers of people who were erased
    since: they are passed over.
    """
    tree, found = person_keys().tree(), list[int]()
    while len(found) < count:
        given = rows(NEXT_SLOTS, {"count": count - len(found)})
        found += [slot for (slot,) in given if not tree.is_destroyed(slot)]
    return found


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_ino, status.st_mtime_ns
