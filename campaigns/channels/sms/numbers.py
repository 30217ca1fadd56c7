"""Phone numbers in E.164, and as Chinese vendors write them."""

import re
from dataclasses import replace
from typing import Final

from campaigns.channels.base import Receipt, ReceiptKind

# What the mainland operators report of a number that nobody has (空号), and of nothing else: most
# of their codes, such as MN:0001, also stand for a phone that is switched off.
_NO_SUCH_NUMBER: Final = frozenset({"MK:0001", "MK00001", "XL:169", "TA:169"})
# Of a message not delivered because its addressee wants none: he told the vendor or his operator,
# or has complained of advertising to the operator or the ministry.
_SAID_NO: Final = frozenset(
    {
        *("isv.CUSTOMER_REFUSED", "USER_REJECT", "MOBILE_IN_BLACK"),  # Aliyun
        *("MX:0012", "TUIDING", "DB:0141", "MB:1077"),  # Tencent
        "21610",  # Twilio
    }
)

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def is_e164(address: str) -> bool:
    """Return whether the address is `+`, country code and number, nothing else."""
    return _E164.fullmatch(address) is not None


def from_vendor(number: str) -> str:
    """Return E.164 of a vendor's spelling: 11 digits from 1 are China's.

    >>> from_vendor("13800000000"), from_vendor("0086 13800000000"), from_vendor("85290000000")
    ('+8613800000000', '+8613800000000', '+85290000000')
    """
    digits = re.sub(r"[^0-9]", "", number).removeprefix("00")
    if len(digits) == 11 and digits.startswith("1") and not number.startswith("+"):
        return f"+86{digits}"
    return f"+{digits}"


def failure(code: str) -> ReceiptKind:
    """Return what an operator's code of a failure says about the number."""
    return ReceiptKind.UNDELIVERABLE if code in _NO_SUCH_NUMBER else ReceiptKind.FAILED


def has_said_no(code: str) -> bool:
    """Return whether a message failed because its addressee wants none."""
    return code in _SAID_NO


def with_opt_out(report: Receipt, code: str) -> list[Receipt]:
    """Return the report of a failure, followed by the opt-out where that is why it failed."""
    if not has_said_no(code):
        return [report]
    event_id = f"{report.provider_event_id}-no"
    no = replace(report, provider_event_id=event_id, kind=ReceiptKind.UNSUBSCRIBED)
    return [report, no]
