"""The tables of a customer's page: what is known of him, what he allows, what he did.

Identifiers and names are decrypted only to be masked.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from compliance.console.shown import Panel, Tone, badge, code, figure, moment
from compliance.queries import clock_now
from compliance.reader import language
from customers.admin.timeline import event_rows
from customers.admin.words import (
    ACCOUNT_WORDS,
    ASSET_WORDS,
    BLOCK_WORDS,
    CHANNEL_WORDS,
    CONSENT_TONES,
    CONSENT_WORDS,
    KIND_WORDS,
    PURPOSE_WORDS,
    QUALITY_TONES,
    QUALITY_WORDS,
    TAG_SOURCE_WORDS,
)
from customers.identifiers import mask, redact
from customers.importing.mapping import CHANNELS
from customers.models import NEWEST_TOLD, Attribute, Consent, Customer
from customers.queries.identities import masked
from customers.queries.timeline import timeline
from customers.queries.wealth import latest_assets, latest_holdings
from customers.reports.portrait import Part, consents_in_force, portrait, ranked_tags
from customers.vocabulary import AccountKind, AssetQuality, Block, ConsentState, Purpose

ValueWord = Callable[[str, str], str]
"""What the reader calls a value of a field, by the field's name and the value as it is kept."""
TagNames = Callable[[Sequence[str]], Mapping[str, str]]

NEWEST_EVENTS: Final = 20
CONSENT_HISTORY: Final = 50


def portrait_panel(customer: Customer, value_word: ValueWord) -> Panel:
    """The four blocks in a line each."""
    parts = portrait(customer, now=clock_now())
    return Panel(
        title=_t("Portrait"),
        headers=(_t("Block"), _t("Known"), _t("As of"), _t("Quality")),
        rows=[
            (
                BLOCK_WORDS[block],
                _told(block, part, value_word),
                moment(part.as_of) if isinstance(part.as_of, datetime) else part.as_of or "—",
                _quality(part),
            )
            for block, part in parts.items()
        ],
        empty="",
    )


def _quality(part: Part) -> SafeString:
    return badge(QUALITY_WORDS[part.quality], QUALITY_TONES[part.quality])


def _told(block: Block, part: Part, value_word: ValueWord) -> str:
    known = {name: value for name, value in part.values.items() if value not in (None, [], "")}
    match block:
        case Block.ASSETS:
            return _joined(known, {"total_asset": _t("total"), "average_asset": _t("20 days")})
        case Block.RISK:
            words = {"level": _t("level"), "valid_until": _t("valid until")}
            return _joined(known, {**words, "investor_type": _t("investor")})
        case Block.PREFERENCE:
            tags = ngettext("%(count)d tag", "%(count)d tags", len(part.values["tags"]))
            off = _t("no personalisation") if part.values["personalisation_off"] else ""
            return ", ".join(filter(None, [tags % {"count": len(part.values["tags"])}, off]))
        case _:
            if "lifecycle" in known:
                known["lifecycle"] = value_word("lifecycle", known["lifecycle"])
            words = {"lifecycle": _t("lifecycle"), "events_30_days": _t("events in 30 days")}
            return _joined(known, {**words, "active_days_30": _t("active days")})


def _joined(known: Mapping[str, Any], words: Mapping[str, str]) -> str:
    found = [f"{word}: {known[name]}" for name, word in words.items() if name in known]
    return ", ".join(found) or "—"


def identifiers(customer: Customer) -> Panel:
    """Where he can be reached, masked."""
    rows = [
        (
            KIND_WORDS.get(identity.kind, identity.kind),
            code(masked(identity)),
            identity.source,
            moment(identity.since),
        )
        for identity in customer.identities.order_by("kind", NEWEST_TOLD)
    ]
    return Panel(
        title=_t("Identifiers"),
        note=_t("Shown masked. Messages are addressed by the encrypted originals."),
        headers=(_t("Kind"), _t("Masked value"), _t("Source"), _t("Since")),
        rows=rows,
        empty=_t("No identifier is known: this customer cannot be reached by any channel."),
    )


def assets(customer: Customer) -> tuple[Panel, Panel]:
    """What his accounts are worth, and what they hold, as of their newest day."""
    accounts = Panel(
        title=_t("Assets"),
        headers=(_t("Account"), _t("Kind"), _t("As of"), _t("Net assets"), _t("Quality")),
        rows=[
            (
                code(mask("account", one.account)),
                ACCOUNT_WORDS.get(AccountKind(one.kind), one.kind),
                one.valued_on,
                f"{one.net:,.2f} {one.currency}",
                ASSET_WORDS.get(AssetQuality(one.quality), one.quality),
            )
            for one in latest_assets(customer.pk)
        ],
        numeric=frozenset({3}),
        empty=_t("No account's assets were loaded for this customer."),
    )
    held = Panel(
        title=_t("Holdings"),
        headers=(_t("Product"), _t("As of"), _t("Quantity"), _t("Market value"), _t("Quality")),
        rows=[
            (
                f"{one.name} ({one.code})",
                one.held_on,
                f"{one.quantity.normalize():,f}",
                f"{one.market_value:,.2f} {one.currency}",
                ASSET_WORDS.get(AssetQuality(one.quality), one.quality),
            )
            for one in latest_holdings(customer.pk)
        ],
        numeric=frozenset({2, 3}),
        empty=_t("No positions were loaded for this customer."),
    )
    return accounts, held


def consents(customer: Customer) -> tuple[Panel, Panel]:
    """What he allows, and all that he said."""
    headers = (_t("Purpose"), _t("Channel"), _t("State"), _t("Notice"), _t("Source"), _t("At"))
    current = Panel(
        title=_t("Consents in force"),
        headers=headers,
        rows=[_consent(consent) for consent in consents_in_force(customer)],
        empty=_t("No consent was ever recorded: no marketing message may be sent."),
    )
    past = Panel(
        title=_t("History of consents"),
        headers=headers,
        rows=[_consent(one) for one in customer.consents.order_by("-id")[:CONSENT_HISTORY]],
        empty=_t("Nothing recorded."),
    )
    return current, past


def _consent(consent: Consent) -> tuple[object, ...]:
    return (
        PURPOSE_WORDS.get(consent.purpose, consent.purpose),
        CHANNEL_WORDS.get(consent.channel, consent.channel),
        badge(
            CONSENT_WORDS.get(consent.state, consent.state),
            CONSENT_TONES.get(consent.state, Tone.PLAIN),
        ),
        consent.notice_version,
        consent.source,
        moment(consent.at),
    )


def withdrawable(customer: Customer) -> list[tuple[str, str]]:
    """Purpose and channel of all that he may withdraw: marketing by any way, and what he allowed.

    What was withdrawn already is left out.
    """
    said = {(one.purpose, one.channel): one.state for one in consents_in_force(customer)}
    all_ways = [(Purpose.MARKETING.value, channel) for channel in CHANNELS]
    over = ConsentState.WITHDRAWN
    return [pair for pair in dict.fromkeys([*all_ways, *said]) if said.get(pair) != over]


def tags(customer: Customer, names: TagNames) -> Panel:
    """At most twelve, the most useful first, by the names that the dictionary above gives them."""
    ranked = ranked_tags(customer, now=clock_now())
    named = names([one.tag for one in ranked])
    return Panel(
        title=_t("Tags"),
        note=_t("Those in force, the most useful first, at most twelve."),
        headers=(_t("Rank"), _t("Tag"), _t("Source"), _t("Since"), _t("Valid until")),
        rows=[
            (
                figure(rank),
                named.get(one.tag, one.tag),
                TAG_SOURCE_WORDS.get(one.source, one.source),
                moment(one.since),
                moment(one.valid_until),
            )
            for rank, one in enumerate(ranked, start=1)
        ],
        numeric=frozenset({0}),
        empty=_t("No tag."),
    )


def attribute_names(keys: Iterable[str]) -> dict[str, str]:
    """What attributes are called in the reader's language, by key; empty where nobody told."""
    label = "label_zh" if language() == "zh" else "label_en"
    return dict(Attribute.objects.filter(key__in=list(keys)).values_list("key", label))


def attributes(customer: Customer, value_word: ValueWord) -> Panel:
    """What files and integrations brought along, by the names that rules offer it under."""
    called = attribute_names(customer.attributes)
    return Panel(
        title=_t("Attributes"),
        headers=(_t("Name"), _t("Field"), _t("Value")),
        rows=[
            (
                called.get(key) or key,
                code(key),
                _plain(value_word(key, value) if isinstance(value, str) else value),
            )
            for key, value in sorted(customer.attributes.items())
        ],
        empty=_t("No further attribute was imported."),
    )


def _plain(value: object) -> str:
    """A value of JSON for a reader; numbers of people in it masked."""
    match value:
        case None:
            return "—"
        case bool():
            return _t("Yes") if value else _t("No")
        case dict() | list():
            return redact(json.dumps(value, ensure_ascii=False))
        case _:
            return redact(str(value))


def events(customer: Customer) -> Panel:
    """The newest; the timeline has them all."""
    page = timeline(customer.pk, until=clock_now(), most=NEWEST_EVENTS)
    return Panel(
        title=_t("Newest events"),
        note=_t("All of them, with a filter, are under Timeline.") if page.next else "",
        headers=(_t("At"), _t("Event"), _t("Kind"), _t("Source"), _t("Properties")),
        rows=event_rows(page),
        empty=_t("Nothing happened yet."),
    )
