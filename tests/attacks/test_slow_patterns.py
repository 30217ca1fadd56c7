"""Attacks by slow patterns (ReDoS): what is read by a pattern costs at most 100 ms, whatever it is.

Texts are as long as the door in front of the field lets through, or 20,000 characters. A machine
that counts to four million in more than that has as long as it counts.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from smpplib.command import DeliverSM

from campaigns.actions import link_hosts, wording
from campaigns.channels.email import mime, smtp_codes
from campaigns.channels.replies import reply_kind
from campaigns.channels.sms.numbers import from_vendor
from campaigns.channels.sms.smpp_reports import _as_report
from campaigns.content import addresses, links, locales, mail, names, pages, plain, snippets
from campaigns.content.sentences import NOWHERE
from compliance.json_box import spelled
from compliance.lexicon_versions import rules_of
from compliance.masking import mask
from compliance.wording.amend import SHIPPED
from compliance.wording.chains import Chains
from compliance.wording.fold import Folder
from compliance.wording.lexicon import Chain
from compliance.wording.pattern import read_pattern
from compliance.wording.shown import shown_links
from customers.identifiers import hide, normalise, redact
from customers.importing import cells
from customers.tracking.traits import sort_traits
from segments.rules.moments import read_moment
from segments.rules.patterns import is_found
from tests.factories import NOW

LONG: Final = 20_000
MOST_SECONDS: Final = 0.1
COUNTED: Final = 4_000_000


def report(text: str) -> Any:
    pdu = DeliverSM("deliver_sm")
    return _as_report(pdu, text, NOW, "same")


FOLDER: Final = Folder({})
# What an officer may write that has most ways to stand in one text.
WIDEST: Final = "a[@|a|0|]{20}[a|aa|1|零|é]{20}[a|%]{20}b"


def under_a_pattern() -> Callable[[str], Any]:
    term = next(iter(rules_of(SHIPPED).values()))
    chain = Chain(term=term, stretches=read_pattern(WIDEST, FOLDER.plain))
    return Chains([chain], FOLDER).may_stand


FIELDS: Mapping[str, tuple[Callable[[str], Any], int]] = {
    "an e-mail address": (lambda text: normalise("email", text), LONG),
    "a phone number": (lambda text: normalise("phone", text), LONG),
    "a held event, masked": (redact, LONG),
    "a held event, hidden": (hide, LONG),
    "a line of the log": (mask, LONG),
    "a trait's name and value": (lambda text: sort_traits({text: text}, from_server=True), LONG),
    "a number in a file": (cells.to_number, LONG),
    "an amount in a file": (cells.to_money, LONG),
    "a day in a file": (cells.to_date, LONG),
    "a time in a file": (cells.to_moment, LONG),
    "a time in a rule": (read_moment, LONG),
    "a customer's value under a rule's own pattern": (lambda text: is_found(EVIL, text), LONG),
    "a message under an officer's pattern": (under_a_pattern(), LONG),
    "an officer's pattern": (lambda text: read_pattern(text, FOLDER.plain), LONG),
    "an address of an e-mail": (mime.read_address, LONG),
    "a relay's refusal": (smtp_codes.meaning_of, LONG),
    "a sender": (lambda text: mime.sender_address({"from": text}), LONG),
    "a link": (lambda text: links.checked(text, ()), LONG),
    "a link's host": (lambda text: links.checked(f"https://{text}/", ()), LONG),
    "a link's query": (lambda text: links.repeated_utm(f"https://a.example/?{text}"), LONG),
    "links of a page": (lambda text: links.named({"html": text}), LONG),
    "style sheets of a page": (lambda text: shown_links(f"<style>@x{text}</style><p>x"), LONG),
    "a style of a page": (lambda text: shown_links(f'<p style="width:{text}">x'), LONG),
    "a page of an e-mail": (
        lambda text: pages.refuse_unsafe_page(text, "html", lambda *_told: None),
        LONG,
    ),
    "links of a text": (lambda text: links.named({"text": text}), LONG),
    "names in a text": (lambda text: list(names.unmarked_hosts(text)), LONG),
    "whom an address writes to": (
        lambda text: list(addresses.contacted_hosts(f"mailto:{text}", "text", NOWHERE)),
        LONG,
    ),
    "values in addresses": (addresses.refuse_unsure_address, LONG),
    "a page with styles": (mail.inlined, LONG),
    "a page as text": (mail.text_of, LONG),
    "a plain template": (plain.plain, LONG),
    "snippets of a template": (snippets.blanked, LONG),
    "a template's own words": (wording.literal, LONG),
    "a language": (locales.is_locale, LONG),
    "a link host": (link_hosts.host_name, 253),
    "a reply": (reply_kind, LONG),
    "a vendor's number": (from_vendor, LONG),
    "a report over SMPP": (report, LONG),
    "rules as shown": (lambda text: spelled({"rule": [text]}), LONG),
}
EVIL: Final = "(a+)+$"
PIECES: Final = (
    *("a", "@", "a@", "a@a.", "%40", "a%40", "0", "1-", "1 ", "1,", "(", "+", "_", "é", "零"),
    *("%25", "%2540", "%2B1", "１", "＠"),
    *("http://", "http://a/u/", "?a=", "&", "://", "a-", "xn--a", "{{", "{%", "{{ a|", "{% raw %}"),
    *("<", "<!--", "<a href='", "</", "<style>", "mj-", "[", "[ ", "\n", "\t", '"', "id:"),
    *("…", "。"),
)  # fmt: skip
ENDS: Final = ("", "!", "@")


def most_seconds() -> float:
    began = time.process_time()
    for _number in range(COUNTED):
        pass
    return max(MOST_SECONDS, time.process_time() - began)


def seconds(read: Callable[[str], Any], text: str, *, most: float) -> float:
    """Of this process alone, twice: a slow moment of the machine is no slow pattern."""
    taken = []
    for _once in range(2):
        began = time.process_time()
        with contextlib.suppress(Exception):
            read(text)
        taken.append(time.process_time() - began)
        if taken[-1] <= most:
            break
    return min(taken)


@pytest.mark.parametrize("field", FIELDS)
def test_no_text_takes_long_to_read(field: str) -> None:
    read, length = FIELDS[field]
    most = most_seconds()

    slow = {
        (piece, end): taken
        for piece in PIECES
        for end in ENDS
        if (taken := seconds(read, (piece * length)[:length] + end, most=most)) > most
    }

    assert slow == {}
