"""A key for each of 2^63 numbers from one seed, single keys of which can be destroyed for ever.

The tree of Goldreich, Goldwasser and Micali (1986): a node's seed makes the seeds of its two
children, a leaf's seed is the key of its number. What is kept is not the root but a set of nodes
that covers what may still be read. Destroying one number replaces the node above it by the siblings
along its path, from which nobody can climb back (a puncturable pseudorandom function: Green and
Miers 2015, "Forward Secure Asynchronous Messaging from Puncturable Encryption").
"""

import hashlib
import hmac
import struct
from collections.abc import Iterable, Mapping
from typing import Final

from customers.errors import KeyDestroyed, UnknownKey
from customers.keyed_hash import digest_once

DEPTH: Final = 63
"""Numbers have 63 bits: a positive ``bigint``."""
SEED_BYTES: Final = 32
_NODE: Final = struct.Struct(">BQ32s")  # depth, the number's leading bits, seed
_MAGIC: Final = b"TOUCHSTONE PERSON KEYS 1\n"
_KEPT_KEYS: Final = 4_096


class KeyTree:
    """The nodes that are left. Immutable but for what it remembers to be quick."""

    def __init__(self, nodes: Mapping[tuple[int, int], bytes]) -> None:
        self.nodes: Final = dict(nodes)
        self._depths = tuple(sorted({depth for depth, _prefix in self.nodes}))
        # The last path walked: neighbours share most of theirs. One tuple, so that threads see
        # either the old one or the new one.
        self._path: tuple[int, int, list[bytes]] = (-1, 0, [])
        self._keys: dict[int, bytes] = {}

    def key(self, number: int) -> bytes:
        """The 32 bytes of a number.

        Neighbours cost 2 HMACs each, numbers of the same million about 20, others up to 63.

        Raises KeyDestroyed: it was destroyed, and nobody can make it again.
        """
        if known := self._keys.get(number):
            return known
        start = self._covering(number)
        if start is None:
            raise KeyDestroyed("destroyed", "This person was erased: the key is destroyed.")
        path = self._walked(number, start)
        if len(self._keys) >= _KEPT_KEYS:
            self._keys.clear()
        self._keys[number] = path[-1]
        return path[-1]

    def is_destroyed(self, number: int) -> bool:
        """Whether the number has no key any more."""
        return self._covering(number) is None

    def without(self, numbers: Iterable[int]) -> "KeyTree":
        """The tree in which these numbers have no key; those without one already are passed over.

        Each costs at most 63 nodes, and about log2(known / destroyed) once many are destroyed.
        """
        nodes = dict(self.nodes)
        for number in numbers:
            depth = next((d for d in range(DEPTH + 1) if (d, number >> (DEPTH - d)) in nodes), None)
            if depth is None:
                continue
            seed = nodes.pop((depth, number >> (DEPTH - depth)))
            for below in range(depth + 1, DEPTH + 1):
                prefix = number >> (DEPTH - below)
                nodes[below, prefix ^ 1] = _child(seed, (prefix ^ 1) & 1)
                seed = _child(seed, prefix & 1)
        return KeyTree(nodes)

    def _covering(self, number: int) -> int | None:
        if self._depths == (0,):  # nobody was ever erased
            return 0
        return next((d for d in self._depths if (d, number >> (DEPTH - d)) in self.nodes), None)

    def _walked(self, number: int, start: int) -> list[bytes]:
        """Seeds from the covering node (at depth ``start``) down to the leaf."""
        last, last_start, seeds = self._path
        shared = DEPTH - (last ^ number).bit_length() if last_start == start and last >= 0 else -1
        if shared >= start:
            path = seeds[: shared - start + 1]
        else:
            path = [self.nodes[start, number >> (DEPTH - start)]]
        for below in range(start + len(path), DEPTH + 1):
            path.append(_child(path[-1], number >> (DEPTH - below) & 1))
        self._path = number, start, path
        return path


def _child(seed: bytes, side: int) -> bytes:
    return digest_once(seed, b"\x01" if side else b"\x00")


def new_tree(seed: bytes) -> KeyTree:
    """A tree in which every number has its key.

    Raises ValueError: the seed has not 32 bytes.
    """
    if len(seed) != SEED_BYTES:
        raise ValueError("A seed has 32 bytes.")
    return KeyTree({(0, 0): seed})


def packed(tree: KeyTree) -> bytes:
    """The tree as it is kept in a file: 41 bytes a node, and a checksum."""
    body = _MAGIC + b"".join(
        _NODE.pack(depth, prefix, seed) for (depth, prefix), seed in sorted(tree.nodes.items())
    )
    return body + hashlib.sha256(body).digest()


def unpacked(content: bytes) -> KeyTree:
    """The tree that `packed` wrote.

    Raises UnknownKey: it is none, or not whole.
    """
    body, checksum = content[:-32], content[-32:]
    is_whole = hmac.compare_digest(hashlib.sha256(body).digest(), checksum)
    if not is_whole or not body.startswith(_MAGIC):
        raise UnknownKey("key_file_broken", "The file of person keys is not whole.")
    nodes = _NODE.iter_unpack(body[len(_MAGIC) :])
    return KeyTree({(depth, prefix): seed for depth, prefix, seed in nodes})
