"""Content as it is kept: compressed, encrypted, bound to its touch's key."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from campaigns.errors import ContentChanged
from campaigns.models import AdvisorTask, Call
from customers.identifiers import Keyring
from customers.queries.identities import keyring

WORTH_COMPRESSING: Final = 512  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A touch's content as it is kept: its hash, and the sealed bytes the hash is of."""

    content_hash: str
    sealed: bytes


def freeze(content: Mapping[str, str], key: str, *, slot: int, ring: Keyring) -> Frozen:
    """Canonical JSON, hashed, then encrypted for its person and bound to the touch's key.

    What is long is compressed first; for a text message that would cost more than it saves.
    """
    text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    packed = zlib.compress(text, 1) if len(text) > WORTH_COMPRESSING else text
    return Frozen(
        content_hash=hashlib.sha256(text).hexdigest(),
        sealed=ring.seal_bytes(packed, f"touch:{key}".encode(), slot=slot),
    )


def thaw(frozen: Frozen, key: str) -> dict[str, str]:
    """The content of the touch with this key.

    Raises
    ------
    customers.errors.UnknownKey : the keyring lacks its key
    ContentChanged : it is not what the hash was taken of
    """
    packed = keyring().unseal_bytes(frozen.sealed, f"touch:{key}".encode())
    text = packed if packed.startswith(b"{") else zlib.decompress(packed)
    if hashlib.sha256(text).hexdigest() != frozen.content_hash:
        raise ContentChanged(f"touch {key}: not the content that was frozen")
    content: dict[str, str] = orjson.loads(text)
    return content


def sealed_note(task: AdvisorTask, note: str) -> bytes:
    """An advisor's note, encrypted and bound to its task."""
    slot = task.touch.customer.slot
    return keyring().seal(note, f"call:{task.key.hex}".encode(), slot=slot)


def note_of(call: Call) -> str:
    """What the advisor wrote down, in clear."""
    binding = f"call:{call.task.key.hex}".encode()
    return keyring().unseal(bytes(call.note_cipher), binding) if call.note_cipher else ""
