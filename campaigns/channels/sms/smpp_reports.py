"""Delivery reports and replies that a message centre brings, in the form of our receipts.

Source: SMPP 3.4, issue 1.2, §5.2.12, §5.2.28, §5.3.2 and appendix B.
"""

import re
from contextlib import suppress
from datetime import datetime
from typing import Final

from smpplib.command import Command  # type: ignore[import-untyped]  # no annotations

from campaigns.channels.base import ReceiptKind
from campaigns.channels.callbacks import event_id
from campaigns.channels.sms.numbers import failure, from_vendor, has_said_no

_UDHI = 0x40
# A centre may write its ids in one base in its answers and in another in its reports.
SAME_IDS: Final = "same"
ID_BASES: Final = {"decimal": (16, 10), "hex": (10, 16)}
# SMPP 3.4 §5.2.28, for reports whose text does not follow appendix B.
_STATES: Final = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
_ENDED: Final = {
    "DELIVRD": "delivered",
    "UNDELIV": "bounced",
    "EXPIRED": "failed",
    "REJECTD": "failed",
    "DELETED": "failed",
}
# As centres write them that do not keep to appendix B's seven letters.
_SPELT_OUT: Final = {
    "DELIVERED": "DELIVRD",
    "DELIVERD": "DELIVRD",
    "UNDELIVERABLE": "UNDELIV",
    "UNDELIVERED": "UNDELIV",
    "UNDELIVRD": "UNDELIV",
    "REJECTED": "REJECTD",
    "ACCEPTED": "ACCEPTD",
}
# What mainland operators put there of a failure: MK:0001, CB:0053 (CMPP 3.0, "Stat").
_OPERATORS: Final = re.compile(r"[A-Z]{2}:[0-9]{4}")
# Of a reply, where the coding names it: GB18030 as gateways that speak CMPP behind count it.
_GB: Final = 15
_LATIN: Final = 3
_REPORT_BITS, _REPORTS = 0x3C, frozenset({0x04, 0x20})  # of the end, and of what is under way
_REPORT = re.compile(
    r"id:\s*(?!sub:)(?P<id>\S+).*?stat:\s*(?P<stat>[A-Z]{2}:[0-9]{4}|[A-Z]+|[1-8]\b)",
    re.IGNORECASE | re.DOTALL,
)
_REPORT_LENGTH = 1_000  # many times what appendix B asks for


def as_receipts(pdu: Command, now: datetime, report_ids: str) -> list[dict[str, str]]:
    """Return a deliver_sm in the form of our receipts (see receipts.py)."""
    # A text of more than 254 octets stands in message_payload (§5.3.2.32).
    octets = _octets(pdu.short_message) or _octets(pdu.message_payload)
    number = from_vendor("+" + ascii_text(pdu.source_addr).removeprefix("+"))
    kind = int(pdu.esm_class or 0)
    if kind & _REPORT_BITS in _REPORTS:
        return _as_report(pdu, octets.decode("latin-1"), now, report_ids)
    if kind & _UDHI and octets:
        octets = octets[1 + octets[0] :]
    said = _said(octets, int(pdu.data_coding or 0))
    return [
        {
            # A reply has no id: the same words within an hour are one, brought again.
            "id": event_id(number, said, now.strftime("%Y-%m-%d %H")),
            "event": "replied",
            "at": now.isoformat(),
            "text": said,
            "detail": said,
            "address": number,
        }
    ]


def _said(octets: bytes, coding: int) -> str:
    """Read a reply, a 退订 in it too where the coding does not say in what it is written.

    The default alphabet has no octet above 127, so such ones are of another charset.
    """
    # UCS-2, also where a class of message is named beside it (GSM 03.38 §4).
    if coding == 8 or coding & 0xEC == 0x08:
        return octets.decode("utf-16-le" if octets[:2] == b"\xff\xfe" else "utf-16-be", "replace")
    if coding == _LATIN or (octets.isascii() and coding != _GB):
        return octets.decode("latin-1")
    for charset in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            return octets.decode(charset)
    return octets.decode("latin-1")


def _as_report(pdu: Command, told: str, now: datetime, report_ids: str) -> list[dict[str, str]]:
    """Read the text of appendix B, or the optional parameters that say the same.

    States that end nothing are unknown events, and kept.
    """
    found = _REPORT.search(told[:_REPORT_LENGTH])
    state = _state(found["stat"]) if found else _STATES.get(int(pdu.message_state or 0), "")
    # The parameter repeats the answer's id as it stood there (§5.3.2.12); only the text differs.
    repeated = ascii_text(pdu.receipted_message_id)
    named = found["id"] if found else ""
    provider_id = one_spelling(repeated or named, report_ids, is_report=not repeated)
    event = _ENDED.get(state, state.lower())
    if _OPERATORS.fullmatch(state):
        event = "undeliverable" if failure(state) is ReceiptKind.UNDELIVERABLE else "failed"
    report = {
        "id": event_id(provider_id, state),
        "provider_id": provider_id,
        "event": event,
        "at": now.isoformat(),
        "detail": "" if state == "DELIVRD" else told[:200],
    }
    if not has_said_no(state):
        return [report]
    return [report, report | {"id": event_id(provider_id, state, "no"), "event": "unsubscribed"}]


def _state(told: str) -> str:
    state = told.upper()
    return _STATES[int(state)] if state.isdigit() else _SPELT_OUT.get(state, state)


def one_spelling(message_id: str, report_ids: str, *, is_report: bool) -> str:
    """Return a centre's id in decimal where its answers and its reports differ in the base.

    >>> [one_spelling(told, "decimal", is_report=last) for told, last in (("3E8", 0), ("1000", 1))]
    ['1000', '1000']
    """
    bases = ID_BASES.get(report_ids)
    if bases is None:
        return message_id
    try:
        return str(int(message_id, bases[is_report]))
    except ValueError:
        return message_id


def _octets(value: object) -> bytes:
    match value:
        case bytes():
            return value
        case str():
            return value.encode("latin-1", "replace")
        case _:
            return b""


def ascii_text(value: object) -> str:
    """Return the octets of a field as text without its closing NUL."""
    return _octets(value).decode("ascii", "replace").strip("\0")[:200]
