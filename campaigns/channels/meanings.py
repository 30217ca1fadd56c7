"""What a vendor's error codes amount to: each vendor holds one table of these."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final, assert_never

from campaigns.channels.base import Refused, Unavailable, Unknown


class Meaning(StrEnum):
    """What an error code can say."""

    REFUSED = "refused"  # this message or address, for ever
    NO_SUCH_ADDRESS = "no_such_address"  # every message to this address, for ever
    OPTED_OUT = "opted_out"  # its owner wants no messages, and told the vendor so
    RETRY = "retry"  # not taken now: too many requests
    RECIPIENT_LIMIT = "recipient_limit"  # not now to this address: it has had its fill
    UNAUTHORISED = "unauthorised"  # key, signature or permission: the account is at fault
    OUT_OF_SERVICE = "out_of_service"  # balance or contract: the account is at fault
    SENDER_REFUSED = "sender_refused"  # sign name, template or sender: the account is at fault
    UNKNOWN = "unknown"  # the vendor itself does not know


_OF_ONE: Final = frozenset(
    {Meaning.REFUSED, Meaning.NO_SUCH_ADDRESS, Meaning.OPTED_OUT, Meaning.RECIPIENT_LIMIT}
)
# When a vendor's limits on one number end: eight attempts outlast a calendar day anywhere.
IN_A_MINUTE: Final = timedelta(minutes=1)
IN_AN_HOUR: Final = timedelta(hours=1)
LATER_THAT_DAY: Final = timedelta(hours=6)


def judge_code(
    *,
    key: str,
    code: str,
    message: str,
    table: Mapping[str, Meaning],
    default: Meaning = Meaning.UNKNOWN,
    retry_after: timedelta | None = None,
) -> Refused | Unavailable | Unknown:
    """Judge by the longest dotted prefix of `code` in the table.

    What an unlisted code leaves behind is not known, so by itself it causes no
    second attempt: a receipt, a relay or a person tells (decision 58).
    """
    told = f"{code}: {message}"[:200]
    listed = _look_up(code, table)
    meaning = listed or default
    match meaning:
        case Meaning.REFUSED:
            return Refused(key=key, code=code, message=message[:200])
        case Meaning.NO_SUCH_ADDRESS:
            return Refused(key=key, code=code, message=message[:200], is_address_dead=True)
        case Meaning.OPTED_OUT:
            return Refused(key=key, code=code, message=message[:200], has_opted_out=True)
        case Meaning.RETRY:
            return Unavailable(key=key, code=code, message=message[:200], retry_after=retry_after)
        case Meaning.RECIPIENT_LIMIT:
            return Unavailable(
                key=key,
                code=code,
                message=message[:200],
                # Without a word of when, soon enough for a message that is worth the wait.
                retry_after=retry_after or IN_AN_HOUR,
                is_recipients=True,
            )
        case Meaning.UNAUTHORISED | Meaning.OUT_OF_SERVICE | Meaning.SENDER_REFUSED:
            return Unavailable(key=key, code=meaning.value, message=told)
        case Meaning.UNKNOWN:
            return Unknown(key=key, code=code, message=message[:200], is_unlisted=listed is None)
        case _:
            assert_never(meaning)


def unlisted(status: int) -> Meaning:
    """Return what an error means by its status, where the vendor added a code since.

    Who has no right, or no money, has none for the next message either.  A request
    at fault was not carried out; under any other status nobody knows.
    """
    match status:
        case 401 | 403:
            return Meaning.UNAUTHORISED
        case 402:
            return Meaning.OUT_OF_SERVICE
        case 429 | 503:
            return Meaning.RETRY
        case status if 400 <= status < 500:
            return Meaning.REFUSED
        case _:
            return Meaning.UNKNOWN


def is_about_message(code: str, table: Mapping[str, Meaning]) -> bool:
    """Return whether the code is about one message or address, so that its neighbours may pass."""
    return _look_up(code, table) in _OF_ONE


def _look_up(code: str, table: Mapping[str, Meaning]) -> Meaning | None:
    prefix = code
    while prefix:
        if prefix in table:
            return table[prefix]
        prefix = prefix.rpartition(".")[0]
    return None
