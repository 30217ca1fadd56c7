"""Templates: saved as versions, put before a second person, approved by content hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from campaigns.actions.wording import UNREAD, Found, Subject, literal, read_notices, read_template
from campaigns.channels.base import Channel
from campaigns.content.links import prepare
from campaigns.content.locales import DEFAULT, normal
from campaigns.content.render import build_parts, compile_parts, compile_sources
from campaigns.content.sentences import (
    NO_RISK_POINTS,
    NO_WAY_OUT,
    NOWHERE,
    RISK_POINTS,
    TOO_MANY_BRANCHES,
    WORDING,
    part_named,
    variant,
)
from campaigns.content.snippets import blanked, names_any, resolve
from campaigns.content.way_out import MOST_BRANCHES, most_branches, templates_without_way_out
from campaigns.errors import StateConflict, TemplateError
from campaigns.guards.notices import judge
from campaigns.guards.purpose import judged_as
from campaigns.guards.verdict import Refuse
from campaigns.guards.wording import weighed
from campaigns.models import SnippetUse, Template, TemplateVersion
from campaigns.queries.accounts import link_hosts
from campaigns.queries.snippets import library
from compliance.actions import ask_review, decide_review
from compliance.contact import LIMITED_PURPOSES
from compliance.lexicon_versions import lexicon_in_force
from compliance.models import Review, User
from compliance.queries import products, rulebook
from compliance.scan import scan_wording
from compliance.suitability.judge import notices_due
from compliance.suitability.values import Product
from compliance.wording.amend import Lexicon
from compliance.wording.shown import readings_of
from compliance.wording.verdict import Verdict
from customers.vocabulary import Purpose

KIND = "template"
_MOST_TOLD: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A template's parts as sent, by locale, and the versions of snippets that stand in them."""

    parts: dict[str, dict[str, str]]
    snippets: frozenset[int]


@transaction.atomic
def save_template(
    *,
    key: str,
    name: str,
    channel: Channel,
    parts: Mapping[str, str],
    maker: User,
    now: datetime,
    product: str = "",
    purpose: str = Purpose.MARKETING,
    variants: Mapping[str, Mapping[str, str]] | None = None,
    tracks_opens: bool = True,
) -> TemplateVersion:
    """Save the parts as a new version, unless everything equals the newest one.

    ``product``: the code of what the message markets; it is approved with the parts.
    ``purpose``: what it is for, one of `APPROVED_FOR`; it is approved with the parts, too.
    ``variants``: parts that read otherwise in other languages, by locale. What is sent, and
    approved, is made of them here and kept: snippets in their places, MJML compiled, styles
    inlined, text added.

    Raises
    ------
    TemplateError : a part is wrong, a link may not be used, or a snippet is not there.
    StateConflict : the key belongs to a template of another channel.
    """
    variants = {normal(locale): dict(own) for locale, own in (variants or {}).items() if own}
    made = built_variants(channel, parts, variants)
    built = made.parts
    # Held: of two who save at once the second's version comes after the first's.
    template, _made = Template.objects.select_for_update(no_key=True).get_or_create(
        key=key, defaults={"name": name, "channel": channel, "created_at": now}
    )
    if template.channel != channel:
        raise StateConflict(
            _("%(key)s is a template for %(channel)s; choose another key.")
            % {"key": key, "channel": template.channel}
        )
    approved = {
        **({"product": product} if product else {}),
        **({"variants": variants} if variants else {}),
        **({"built": built} if built != {DEFAULT: parts} else {}),
        **({} if purpose == Purpose.MARKETING else {"purpose": purpose}),
        **({} if tracks_opens else {"tracks_opens": False}),
    }
    content_hash = hash_of({"parts": parts, **approved} if approved else parts)
    last = template.versions.order_by("-number").first()
    if last and last.content_hash == content_hash:
        _note_snippets(last, made)
        return last
    version = TemplateVersion.objects.create(
        template=template,
        number=last.number + 1 if last else 1,
        parts=dict(parts),
        variants=variants,
        built=built,
        tracks_opens=tracks_opens,
        product=product,
        purpose=purpose,
        content_hash=content_hash,
        made_by=maker,
        made_at=now,
    )
    _note_snippets(version, made)
    return version


def built_variants(
    channel: Channel, parts: Mapping[str, str], variants: Mapping[str, Mapping[str, str]]
) -> Built:
    """What is sent to whom, by locale, all of it checked; raises `TemplateError`."""
    hosts = link_hosts()
    authored = {DEFAULT: dict(parts)}
    for locale, own in variants.items():
        authored[locale] = {**parts, **own}
        if "html" in own and "mjml" not in own:
            authored[locale].pop("mjml", None)  # the default's would win over his own HTML
    resolved, used = _with_snippets(authored)
    for locale, own in authored.items():
        # Errors name their place in what the author wrote.
        written = {name: blanked(source) for name, source in own.items()}
        prepare(written, {}, hosts)
        if written != own and channel is not Channel.EMAIL:
            compile_sources(written)
        prepare(resolved[locale], {}, hosts)
    built = {locale: build_parts(channel, own) for locale, own in resolved.items()}
    for locale, own in built.items():
        try:
            compile_parts(channel, prepare(own, {}, hosts).parts)
        except TemplateError as error:
            if error.path != "html" or not resolved[locale].get("mjml", "").strip():
                raise
            # What MJML was made into nobody wrote: a place in it says nothing.
            said = error.said
            told = {**said.details, "where": NOWHERE, "part": part_named("mjml")}
            raise TemplateError(
                said.sentence, "mjml", suggestion=said.suggestion, **told
            ) from error
    return Built(parts=built, snippets=used)


def _note_snippets(version: TemplateVersion, made: Built) -> None:
    """Where each snippet stands; another version of it may read the same here."""
    uses = [SnippetUse(used_id=pk, in_template=version) for pk in sorted(made.snippets)]
    SnippetUse.objects.bulk_create(uses, ignore_conflicts=True)


def with_snippets(parts: Mapping[str, str]) -> dict[str, str]:
    """The parts with the snippets that they name in their places; raises `TemplateError`."""
    return _with_snippets({DEFAULT: parts})[0][DEFAULT]


def _with_snippets(
    authored: Mapping[str, Mapping[str, str]],
) -> tuple[dict[str, dict[str, str]], frozenset[int]]:
    """By locale, and the snippets' versions."""
    if not any(names_any(own) for own in authored.values()):
        return {locale: dict(own) for locale, own in authored.items()}, frozenset()
    shelf = library()
    done = {locale: resolve(own, shelf, locale=locale) for locale, own in authored.items()}
    used = frozenset(pk for each in done.values() for pk in each.used)
    return {locale: dict(each.parts) for locale, each in done.items()}, used


def submit_template(*, version: TemplateVersion, maker: User, now: datetime) -> Review:
    """Ask a second person to approve exactly this content.

    Raises
    ------
    TemplateError : the wording rules in force that day forbid a part, a link may not be used
        (any more), an e-mail that advertises shows no way out, or what must go with the product
        is missing; ``path`` names the part.
    """
    known = products({version.product}).get(version.product)
    is_limited = judged_as(version.purpose, version.product) in LIMITED_PURPOSES
    for locale, parts in (version.built or {DEFAULT: version.parts}).items():
        prepare(parts, {}, link_hosts())
        refuse_forbidden_wording(
            parts=parts,
            channel=version.template.channel,
            product=(known.kind or None) if known else None,
            on=localtime(now).date(),
            purpose=version.purpose,
        )
        if is_limited and version.template.channel == Channel.EMAIL:
            refuse_without_way_out(parts, locale)
        if known and is_limited:
            _refuse_without_notices(parts, version.template.channel, known, localtime(now).date())
    return ask_review(
        kind=KIND,
        key=version.template.key,
        content_hash=version.content_hash,
        maker=maker,
        now=now,
    )


def to_review(version: TemplateVersion, *, on: date) -> tuple[str, ...]:
    """The rules that ask whoever reviews this version to look at its wording, by id.

    Lists at which the gate before each send asks nobody any more, once the version is approved.
    """
    subject = subject_of(version, products({version.product}))
    read = read_version(version, subject, on=on, lexicon=lexicon_in_force())
    return tuple(sorted(weighed(version.purpose, *read)[1]))


def subject_of(version: TemplateVersion, known: Mapping[str, Product]) -> Subject:
    """As what its texts are judged; ``known`` are the products by code."""
    product = known.get(version.product)
    return Subject(
        channel=version.template.channel,
        product=(product.kind or None) if product else None,
        is_named=bool(version.product) or version.purpose not in LIMITED_PURPOSES,
    )


def read_version(
    version: TemplateVersion, subject: Subject, *, on: date, lexicon: Lexicon
) -> Found:
    """The rules that forbid what it says in any language, and those that ask for a reviewer."""
    shown = (version.built or {DEFAULT: version.parts}).values()
    found = [read_template(parts, subject, on=on, lexicon=lexicon) for parts in shown]
    return (
        frozenset[str]().union(*(forbidden for forbidden, _to_review in found)),
        frozenset[str]().union(*(to_review for _forbidden, to_review in found)),
    )


def review_template(
    *, version: TemplateVersion, checker: User, approve: bool, opinion: str, now: datetime
) -> Review:
    """The second person's verdict: neither who made it nor who submitted it may give it.

    Raises `ComplianceError` (see `decide_review`).
    """
    return decide_review(
        kind=KIND,
        key=version.template.key,
        author=version.made_by,
        content_hash=version.content_hash,
        checker=checker,
        approve=approve,
        opinion=opinion,
        now=now,
    )


def refuse_forbidden_wording(
    *,
    parts: Mapping[str, str],
    channel: str | None,
    product: str | None,
    on: date,
    purpose: str = Purpose.MARKETING,
) -> None:
    """Raise `TemplateError` if the rules of that day forbid what a part says to such a purpose."""
    lexicon = lexicon_in_force()
    for name, source in parts.items():
        if name in UNREAD:
            continue
        hits = [
            hit
            for text in _said(name, source)
            for hit in scan_wording(
                text=text, on=on, channel=channel, product=product, lexicon=lexicon
            ).hits
            if hit.verdict is Verdict.BLOCK
        ]
        stopped, _seen = weighed(purpose, frozenset(hit.rule_id for hit in hits), frozenset())
        forbidden = {hit.rule_id: hit for hit in hits if hit.rule_id in stopped}
        if forbidden:
            told = ", ".join(
                f"“{hit.term}” ({hit.rule_id}; {hit.basis})"
                for hit in [*forbidden.values()][:_MOST_TOLD]
            )
            raise TemplateError(WORDING, name, part=part_named(name), hits=told)


def refuse_without_way_out(parts: Mapping[str, str], locale: str) -> None:
    """Raise `TemplateError` if some reader of an e-mail that advertises finds no way out."""
    for part in templates_without_way_out(parts):
        noun, named = part_named(part), variant(locale)
        if most_branches(parts[part]) > MOST_BRANCHES:
            raise TemplateError(
                TOO_MANY_BRANCHES, part, part=noun, variant=named, most=MOST_BRANCHES
            )
        raise TemplateError(NO_WAY_OUT, part, part=noun, variant=named)


def _refuse_without_notices(
    parts: Mapping[str, str], channel: str, product: Product, on: date
) -> None:
    """As the gate will judge what is sent: better told now than with each customer's message."""
    due = notices_due(product=product, rules=rulebook(on).suitability)
    told = {name: literal(source) for name, source in parts.items()}
    notice = read_notices(due, told, channel, product.risk_points, where=None)
    if due and isinstance(judge(notice), Refuse):
        sentence = RISK_POINTS if product.risk_points else NO_RISK_POINTS
        details = {"points": product.risk_points} if product.risk_points else {}
        raise TemplateError(sentence, product=product.code, **details)


def _said(name: str, source: str) -> list[str]:
    """What a reader may see of a part; a value yet unknown leaves a blank."""
    text = literal(source)
    return readings_of(text) if name == "html" else [text]


def hash_of(content: object) -> str:
    """SHA-256, hex, of the canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
