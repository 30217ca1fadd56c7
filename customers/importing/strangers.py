"""Customers of a batch whom nobody knows yet, as the streams in which they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple

import orjson

from customers.identifiers import Sealer, identity_binding, name_binding
from customers.importing.cells import Value
from customers.importing.rows import GoodRow
from customers.queries.strangers import add_consents, add_customers, add_identities, stopped
from customers.vocabulary import Purpose

_NULL: Final = "\\N"
_ARRAYS: Final = frozenset({"objectives", "permissions"})
# What may not be null and no file need say.
_UNSAID: Final = {"aml_hold": "f", "internal_hold": "f", "attributes": "{}"}


class Newcomer(NamedTuple):
    """One of them."""

    pk: int
    slot: int
    place: int
    """From 1, in his batch."""
    sealer: Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class Consents:
    """What they say of channels: of each the customer's place in the batch, the channel, the line.

    Lists and not a list of tuples, which take three times as long from process to process.
    """

    places: list[int]
    channels: list[str]
    lines: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Consents that count only where nobody else has said no from the same identifier."""

    hashes: list[bytes]
    at: list[int]
    """Which of the consents each is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strangers:
    """All of one batch, sealed; lines are in the text form of COPY."""

    columns: tuple[str, ...]
    customers: bytes
    identities: bytes
    consents: Consents
    claims: Mapping[tuple[str, str], Claims]
    """By kind of identifier and channel."""


class Roll:
    """Strangers as they come, one after the other."""

    def __init__(self, *, source: str, now: datetime) -> None:
        self._stamp = f"{_text(source)}\t{now.isoformat()}\n"
        self._times = f"{now.isoformat()}\t{now.isoformat()}"
        self._people: list[tuple[str, Mapping[str, str]]] = []
        self._identities: list[str] = []
        self._consents = Consents(places=[], channels=[], lines=[])
        self._claims: dict[tuple[str, str], Claims] = {}

    def add(self, row: GoodRow, who: Newcomer) -> None:
        """A customer, with his name sealed."""
        cells = {name: _cell(name, value) for name, value in row.columns.items()}
        if cells.pop("name", None):
            name = str(row.columns["name"]).encode()
            sealed = who.sealer.seal(name, name_binding(row.customer_no))
            cells["name_cipher"] = f"\\\\x{sealed.hex()}"
        if row.attributes:
            cells["attributes"] = _text(orjson.dumps(row.attributes).decode())
        begin = f"{_text(row.customer_no)}\t{who.pk}\t{who.slot}\tt\tactive\tf\t{{}}\t{self._times}"
        self._people.append((begin, cells))

    def add_identity(self, who: Newcomer, kind: str, value: str, digest: bytes) -> None:
        """One of his identifiers, whose keyed hash is ``digest``."""
        cipher = who.sealer.encrypt(value.encode(), identity_binding(kind, digest))
        self._identities.append(
            f"{who.pk}\t{kind}\t\\\\x{digest.hex()}\t\\\\x{cipher.hex()}"
            f"\t{_text(who.sealer.key_id)}\t{self._stamp}"
        )

    def add_consent(
        self, who: Newcomer, told: Mapping[str, Any], claimed: tuple[str, bytes] | None
    ) -> None:
        """What he says of a channel; ``claimed``: by which of his identifiers he is reached there,
        where he says yes."""
        channel = told["channel"]
        if claimed:
            kind, digest = claimed
            claims = self._claims.setdefault((kind, channel), Claims(hashes=[], at=[]))
            claims.hashes.append(digest)
            claims.at.append(len(self._consents.lines))
        self._consents.places.append(who.place)
        self._consents.channels.append(channel)
        self._consents.lines.append(
            f"{who.pk}\t{told['purpose']}\t{channel}\t{told['state']}"
            f"\t{_text(told['notice_version'])}"
            f"\t{_text(orjson.dumps(told['evidence']).decode())}\t{self._stamp}"
        )

    def closed(self) -> Strangers | None:
        """All of them; None where there are none."""
        if not self._people:
            return None
        names = tuple({*chain.from_iterable(cells for _begin, cells in self._people), *_UNSAID})
        unsaid = [(name, _UNSAID.get(name, _NULL)) for name in names]
        # By their numbers, which an index holds in this order.
        lines = sorted(
            "\t".join([begin, *[cells.get(name, else_) for name, else_ in unsaid]])
            for begin, cells in self._people
        )
        return Strangers(
            columns=names,
            customers="\n".join([*lines, ""]).encode(),
            identities="".join(self._identities).encode(),
            consents=self._consents,
            claims=self._claims,
        )


def write_strangers(them: Strangers) -> list[tuple[int, str]]:
    """Write all in the caller's transaction; place and channel of consents that do not count."""
    said = them.consents
    refused = {
        claims.at[place]
        for (kind, channel), claims in them.claims.items()
        for place in stopped(kind, claims.hashes, purpose=Purpose.MARKETING.value, channel=channel)
    }
    add_customers(them.columns, them.customers)
    if them.identities:
        add_identities(them.identities)
    lines = said.lines
    if refused:
        lines = [line for at, line in enumerate(lines) if at not in refused]
    if lines:
        add_consents("".join(lines).encode())
    return [(said.places[at], said.channels[at]) for at in sorted(refused)]


def _cell(column: str, value: Value) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if not isinstance(value, str):
        return repr(value)
    return _text(_array(value.split("|")) if column in _ARRAYS else value)


def _array(items: Sequence[str]) -> str:
    quoted = (item.replace("\\", r"\\").replace('"', r"\"") for item in items)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}"


def _text(value: str) -> str:
    if value.isprintable() and "\\" not in value:
        return value
    for meant, told in (("\\", r"\\"), ("\t", r"\t"), ("\n", r"\n"), ("\r", r"\r")):
        value = value.replace(meant, told)
    return value
