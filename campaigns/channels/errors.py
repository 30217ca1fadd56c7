"""What can go wrong on the way out and on the way back.

::

    ChannelError
    ├── AccountInvalid        an account lacks an option or secret, or has a bad one
    ├── LookupUnavailable     the vendor cannot be asked about a message now
    ├── RequestUnsent         proved: no byte of the request left, or it was declined
    ├── RequestLost           bytes left and no answer came: the effect is unknown
    └── ReceiptError
        ├── BadSignature      not signed by the vendor, or not over these bytes
        ├── StaleReceipt      signed, but outside the replay window
        └── MalformedReceipt  signed and fresh, but not a list of receipts

`permanent` says whether the same call may succeed later without a change.
"""

from typing import ClassVar

from compliance.sentences import Spoken


class ChannelError(Exception):
    """Root of the tree; `code` is short and stable, the message is for people."""

    permanent: ClassVar[bool] = False

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class AccountInvalid(Spoken, ChannelError):
    """The account's options or secrets cannot make a working provider; says what to set."""

    permanent = True


class LookupUnavailable(ChannelError):
    """The vendor offers no lookup, or did not answer it."""


class RequestUnsent(ChannelError):
    """The request had no effect at the vendor, and this is known."""


class RequestLost(ChannelError):
    """The request may have had its effect: only the vendor can tell."""


class ReceiptError(ChannelError):
    """A post to the receipts door that is not taken in."""

    permanent = True


class BadSignature(ReceiptError):
    """No signature of the account's secrets fits the raw bytes."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="bad_signature")


class StaleReceipt(ReceiptError):
    """The signed time lies too far from now: a replay, or a wrong clock."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="stale_receipt")


class MalformedReceipt(ReceiptError):
    """The body is not a JSON array of receipts of a bearable size."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="malformed_receipt")
