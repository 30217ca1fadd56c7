"""Delivery reports and replies that a message centre brings, in the form of our receipts.

Source: SMPP 3.4, issue 1.2, §5.2.12, §5.2.28, §5.3.2 and appendix B.
"""

import re
from datetime import datetime
from typing import Final

from smpplib.command import Command  # type: ignore[import-untyped]  # no annotations

from campaigns.channels.callbacks import event_id
from campaigns.channels.sms.numbers import from_vendor

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
# Of a reply: UCS-2, and GB18030 as gateways in China that speak CMPP behind count it.
_CODINGS: Final = {8: "utf-16-be", 15: "gb18030"}
_REPORT_BITS, _IS_REPORT = 0x3C, 0x04
_REPORT = re.compile(r"id:(?P<id>\S+).*?stat:(?P<stat>[A-Z]+)", re.IGNORECASE | re.DOTALL)
_REPORT_LENGTH = 1_000  # many times what appendix B asks for


def as_receipt(pdu: Command, now: datetime, report_ids: str) -> dict[str, str]:
    """Return a deliver_sm in the form of our receipts (see receipts.py)."""
    # A text of more than 254 octets stands in message_payload (§5.3.2.32).
    octets = _octets(pdu.short_message) or _octets(pdu.message_payload)
    number = from_vendor("+" + ascii_text(pdu.source_addr).removeprefix("+"))
    kind = int(pdu.esm_class or 0)
    if kind & _REPORT_BITS == _IS_REPORT:
        return _as_report(pdu, octets.decode("latin-1"), now, report_ids)
    if kind & _UDHI and octets:
        octets = octets[1 + octets[0] :]
    said = octets.decode(_CODINGS.get(int(pdu.data_coding or 0), "latin-1"), "replace")
    return {
        # A reply has no id: the same words within an hour are one, brought again.
        "id": event_id(number, said, now.strftime("%Y-%m-%d %H")),
        "event": "replied",
        "at": now.isoformat(),
        "text": said,
        "detail": said,
        "address": number,
    }


def _as_report(pdu: Command, told: str, now: datetime, report_ids: str) -> dict[str, str]:
    """Read the text of appendix B, or the optional parameters that say the same.

    States that end nothing are unknown events, and kept.
    """
    found = _REPORT.search(told[:_REPORT_LENGTH])
    state = found["stat"].upper() if found else _STATES.get(int(pdu.message_state or 0), "")
    # The parameter repeats the answer's id as it stood there (§5.3.2.12); only the text differs.
    repeated = ascii_text(pdu.receipted_message_id)
    named = found["id"] if found else ""
    provider_id = one_spelling(repeated or named, report_ids, is_report=not repeated)
    ended = {"DELIVRD": "delivered", "UNDELIV": "bounced"}
    ended |= {"EXPIRED": "failed", "REJECTD": "failed", "DELETED": "failed"}
    return {
        "id": event_id(provider_id, state),
        "provider_id": provider_id,
        "event": ended.get(state, state.lower()),
        "at": now.isoformat(),
        "detail": "" if state == "DELIVRD" else told[:200],
    }


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
