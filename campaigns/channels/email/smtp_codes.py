"""What a mail relay's refusals mean where 5xx alone would burn one message after the other.

Sources: RFC 3463 and the IANA registry of its codes (RFC 4954, RFC 7372); Postfix, which by default
tells at RCPT what it has against the client or the sender (`smtpd_delay_reject`); Gmail, "SMTP
errors and codes"; Exchange Online, "Non-delivery reports in Exchange Online" (learn.microsoft.com/
exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online, by excerpts only, on 29
November 2026); Amazon SES, "SMTP response codes".
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from campaigns.channels.meanings import IN_AN_HOUR, LATER_THAT_DAY, Meaning

_CODE: Final = re.compile(r"\s*(5\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")
MEANINGS: Final[Mapping[str, Meaning]] = {
    "5.1.7": Meaning.SENDER_REFUSED,  # the sender's mailbox
    "5.1.8": Meaning.SENDER_REFUSED,  # the sender's domain
    "5.1.90": Meaning.OUT_OF_SERVICE,  # the day's recipients are used up
    # At Exchange, of the addressee's hour, from us or from all.
    "5.2.121": Meaning.RECIPIENT_LIMIT,
    "5.2.122": Meaning.RECIPIENT_LIMIT,
    "5.3.2": Meaning.RETRY,  # takes no messages now
    "5.4.5": Meaning.OUT_OF_SERVICE,  # congested; at Gmail the day's limit
    "5.7.8": Meaning.UNAUTHORISED,
    "5.7.9": Meaning.UNAUTHORISED,
    "5.7.11": Meaning.UNAUTHORISED,
    "5.7.14": Meaning.UNAUTHORISED,
    # No passing DKIM, SPF or DMARC, no name for our address: of every message alike.
    "5.7.20": Meaning.SENDER_REFUSED,
    "5.7.21": Meaning.SENDER_REFUSED,
    "5.7.22": Meaning.SENDER_REFUSED,
    "5.7.23": Meaning.SENDER_REFUSED,
    "5.7.24": Meaning.SENDER_REFUSED,
    "5.7.25": Meaning.SENDER_REFUSED,
    "5.7.26": Meaning.SENDER_REFUSED,
    "5.7.27": Meaning.SENDER_REFUSED,
    "5.7.28": Meaning.OUT_OF_SERVICE,  # a flood of messages
    "5.7.60": Meaning.SENDER_REFUSED,  # may not send as this sender
    "5.7.64": Meaning.UNAUTHORISED,  # belongs to no tenant of theirs
    "5.7.232": Meaning.OUT_OF_SERVICE,
    "5.7.233": Meaning.OUT_OF_SERVICE,
    "5.7.501": Meaning.OUT_OF_SERVICE,
    "5.7.502": Meaning.OUT_OF_SERVICE,
    "5.7.503": Meaning.OUT_OF_SERVICE,
    "5.7.506": Meaning.OUT_OF_SERVICE,  # our name in EHLO
    "5.7.508": Meaning.OUT_OF_SERVICE,  # too much from our address
    "5.7.509": Meaning.SENDER_REFUSED,  # our domain does not pass DMARC
    "5.7.511": Meaning.OUT_OF_SERVICE,  # banned sender
    "5.7.515": Meaning.SENDER_REFUSED,  # our domain is not authenticated well enough
    # 5.7.606 to 5.7.649: banned sending address.
    **{f"5.7.{detail}": Meaning.OUT_OF_SERVICE for detail in range(606, 650)},
    "5.7.705": Meaning.OUT_OF_SERVICE,
    "5.7.708": Meaning.OUT_OF_SERVICE,
    "5.7.750": Meaning.SENDER_REFUSED,
}
# What stands first in the reply, behind its code and whom it is about. A relay that repeats another
# server's words puts its own before them.
_BEFORE: Final = (
    r"\s*(?:5\.[0-9]{1,3}\.[0-9]{1,3}\s+)?(?:<[^<>]{0,400}>[:.\s]{0,5})?"
    r"(?:(?:recipient address|message) rejected: )?"
)
_WORDS: Final[Mapping[Meaning, str]] = {
    Meaning.SENDER_REFUSED: "sender (?:address )?rejected|email address is not verified",
    Meaning.UNAUTHORISED: (
        "relay(?:ing)? (?:access )?(?:denied|not permitted)|unable to relay|client host rejected"
        "|helo command rejected|authentication (?:is )?required"
    ),
    Meaning.OUT_OF_SERVICE: (
        "(?:sending|account is) (?:paused|suspended)|daily [a-z ]{0,60}exceeded"
    ),
    Meaning.RETRY: "(?:ip|connection|domain) frequency limited",
}
_SAYS: Final = tuple(
    (meaning, re.compile(f"{_BEFORE}(?:{words})", re.IGNORECASE))
    for meaning, words in _WORDS.items()
)
_GREY: Final = timedelta(minutes=10)
_GREYLISTED: Final = re.compile(r"\bgr[ae]y-?list", re.IGNORECASE)
_FLOODED: Final = re.compile(r"recipient thread limit", re.IGNORECASE)  # Exchange, 432 4.3.2
# RFC 3463: the addressee's address (X.1.7 and X.1.8 are the sender's) and his mailbox.
_MAILBOX: Final = re.compile(r"\s*4\.(?P<code>1\.(?:[1-6]|10)|2\.[0-9]{1,3})(?![0-9.])")
_OF_US: Final = re.compile("(?:sender address|client host|helo command) rejected", re.IGNORECASE)
_TOO_LONG: Final = re.compile(r"\s*5\.(?:3\.4|2\.3)(?![0-9.])")


def meaning_of(told: str) -> Meaning | None:
    """Return what a refusal says of more than this message; None where it says nothing of the kind.

    >>> meaning_of("5.7.1 <a@b.example>: Relay access denied").value
    'unauthorised'
    """
    if (found := _CODE.match(told)) and found[1] in MEANINGS:
        return MEANINGS[found[1]]
    return next((meaning for meaning, words in _SAYS if words.match(told)), None)


def mailbox_wait(told: str) -> timedelta | None:
    """Return how long a refusal for now (4xx) lasts that is about the addressee alone, else None.

    Such a one neither wears out the relay's good name nor passes within the few minutes that
    attempts in a row take: whoever greylists wants some minutes (RFC 6647 §5), and RFC 5321
    §4.5.4.1 half an hour.

    >>> mailbox_wait("4.2.2 mailbox full"), mailbox_wait("4.3.1 out of storage")
    (datetime.timedelta(seconds=21600), None)
    """
    if _OF_US.search(told):
        return None
    if _GREYLISTED.search(told):
        return _GREY
    found = _MAILBOX.match(told)
    if found is None:
        return IN_AN_HOUR if _FLOODED.search(told) else None
    return LATER_THAT_DAY if found["code"] == "2.2" else IN_AN_HOUR


def is_too_long(code: int, told: str) -> bool:
    """Return whether the message is longer than the relay, or its addressee, takes."""
    return code == 552 or _TOO_LONG.match(told) is not None
