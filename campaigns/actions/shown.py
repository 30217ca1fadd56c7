"""A template version as a customer would get it, for eyes that may not see his name and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.actions.preview import (
    Class,
    Preview,
    Problem,
    beside,
    judged,
    problem_of,
    refused,
    way_out_problems,
    with_recast,
)
from campaigns.actions.ready import as_sent, variables
from campaigns.actions.templates import subject_of, with_snippets
from campaigns.actions.wording import literal, read_message, read_notices
from campaigns.channels.base import Channel
from campaigns.channels.sms.prices import LONGEST
from campaigns.channels.sms.segments import Measure, full_text, measure
from campaigns.content.compose import Addressing, Ready, Recipient, compose_batch
from campaigns.content.final import fault_of
from campaigns.content.links import prepare
from campaigns.content.locales import DEFAULT, chosen
from campaigns.content.render import PARTS, Compiled, compile_parts
from campaigns.content.sentences import UNSAID_THERE
from campaigns.errors import NotOnRecord, TemplateError
from campaigns.guards.purpose import judged_as
from campaigns.guards.verdict import Refuse
from campaigns.guards.wording import STATUTORY, judge
from campaigns.models import ProviderAccount, TemplateVersion
from campaigns.queries.accounts import link_hosts
from campaigns.queries.prices import price_lists
from compliance.contact import LIMITED_PURPOSES
from compliance.lexicon_versions import lexicon_in_force
from compliance.queries import products, rulebook
from compliance.sentences import Said
from customers.identifiers import mask, redact
from customers.models import Customer
from customers.queries.identities import beginnings
from customers.queries.people import CustomerFacts, customer_facts
from customers.vocabulary import IdentityKind

# Not the key of real messages: these addresses look and measure like theirs and open nothing.
_KEY: Final = b"preview"
_JOURNEY: Final = {"key": "preview", "name": "Preview"}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Price:
    """What a message costs by some account; ``to``: only to numbers that begin so."""

    to: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The message with names and numbers masked; verdict, findings and length of the real one.

    ``locale``: of the variant that he gets, "" for the default. ``units``: of a text message,
    septets or 16-bit units. ``prices``: what it costs, by the accounts it may go through.
    """

    preview: Preview
    locale: str
    units: int | None = None
    prices: tuple[Price, ...] = ()


def show_to(*, version: TemplateVersion, customer_no: str, locale: str, on: date) -> Shown:
    """Render a version for a customer, in his own locale unless another is given.

    Nothing is stored or sent.

    Raises
    ------
    NotOnRecord : no such customer.
    EngineUnavailable : no process for templates could be started.
    """
    known = _known(customer_no)
    wanted, said = locale or known.locale, variables(known)
    try:
        ready = _ready(version)
    except TemplateError as error:
        return Shown(preview=refused(error), locale=DEFAULT)
    real = _held_against(_preview(ready, said, wanted, on, version), version, known.region, on)
    shown = replace(real, output=_preview(ready, _masked(said), wanted, on, version).output)
    own = chosen(ready.variants, wanted)
    if ready.channel is not Channel.SMS or not isinstance(real.output, dict):
        return Shown(preview=shown, locale=own)
    size = size_of(real.output)
    to = beginnings([known.id], IdentityKind.PHONE, LONGEST).get(known.id, "")
    costs = prices(size.segments, on, to)
    return Shown(preview=shown, locale=own, units=size.units, prices=costs)


def masked_values(customer_no: str) -> dict[str, object]:
    """What a template may say of a customer, as those see it who may not see who he is.

    Raises
    ------
    NotOnRecord : no such customer.
    """
    return _masked(variables(_known(customer_no)))


def typed_text(parts: Mapping[str, str]) -> dict[str, str]:
    """What is being typed: without values, known snippets in their places."""
    try:
        parts = with_snippets(parts)
    except TemplateError:
        parts = dict(parts)  # half a name is typed; saving will tell
    return {name: literal(source) for name, source in parts.items()}


def size_of(parts: Mapping[str, str]) -> Measure:
    """Of a text message, its signature included."""
    return measure(full_text(parts))


def prices(segments: int, on: date, to: str = "") -> tuple[Price, ...]:
    """What a text message costs, by the accounts it may go through and the prices of that day.

    ``to``: how the number begins; without it each listed destination is told, after the price for
    wherever none is listed.
    """
    takes_part = Q(is_default=True) | Q(weight__gt=0)
    active = ProviderAccount.objects.filter(takes_part, is_active=True)
    accounts = list(active.filter(channel=Channel.SMS))
    listed = price_lists(accounts, on)
    found: set[Price] = set()
    for account in accounts:
        own, currency = listed[account.pk], account.currency
        costs = {"": own.unit_cost(to)} if to else {"": own.fallback, **own.by_prefix}
        found |= {
            Price(to=prefix, amount=cost * segments, currency=currency)
            for prefix, cost in costs.items()
        }
    return tuple(sorted(found))


def _known(customer_no: str) -> CustomerFacts:
    found = Customer.objects.filter(customer_no=customer_no).values_list("pk", flat=True)
    known = next(iter(customer_facts(list(found)).values()), None)
    if known is None:
        raise NotOnRecord("customer", _("There is no customer %(no)s.") % {"no": customer_no})
    return known


def _ready(version: TemplateVersion) -> Ready:
    """As for sending, but no link is put on record and no opening is counted."""
    channel, hosts = Channel(version.template.channel), tuple(link_hosts())
    targets: tuple[str, ...] = ()
    compiled: dict[str, Compiled] = {}
    for locale, parts in as_sent(version).items():
        prepared = prepare(parts, {}, hosts, targets)
        targets = prepared.targets
        compiled[locale] = compile_parts(channel, prepared.parts)
    return Ready(
        channel=channel,
        compiled=compiled.pop(DEFAULT),
        variants=compiled,
        link_ids=tuple(range(len(targets))),
        hosts=hosts,
    )


def _preview(
    ready: Ready,
    said: Mapping[str, object],
    locale: str | None,
    on: date,
    version: TemplateVersion,
) -> Preview:
    recipient = Recipient(touch_id=0, customer=said, queued_at="", locale=locale)
    addressing = Addressing(public_url=settings.PUBLIC_URL, key=_KEY)
    (done,) = compose_batch(ready, [recipient], journey=_JOURNEY, addressing=addressing)
    if isinstance(done, TemplateError):
        return refused(done)
    parts = {name: done[name] for name in PARTS[ready.channel] if done.get(name)}
    preview = judged(parts, ready.channel, on, lexicon_in_force(), purpose=version.purpose)
    preview = _beside_its_own_words(preview, parts, on, version)
    is_advertisement = judged_as(version.purpose, version.product) in LIMITED_PURPOSES
    variant = chosen(ready.variants, locale)
    sent = as_sent(version)[variant]
    if is_advertisement and ready.channel is Channel.EMAIL:
        preview = beside(preview, way_out_problems(sent, variant))
    fault = fault_of(
        ready,
        recipient,
        done,
        said={"journey": _JOURNEY},
        public_url=addressing.public_url,
        is_advertisement=is_advertisement,
    )
    return with_recast(beside(preview, [problem_of(fault)] if fault else []), sent)


def _beside_its_own_words(
    preview: Preview, parts: Mapping[str, str], on: date, version: TemplateVersion
) -> Preview:
    """A statutory notice may say what stands in it; what a value adds would stop it."""
    if version.purpose != STATUTORY or not preview.problems:
        return preview
    reading = read_message(
        parts,
        subject_of(version, products({version.product})),
        version_id=version.pk,
        purpose=version.purpose,
        on=on,
        lexicon=lexicon_in_force(),
    )
    is_stopped = isinstance(judge(reading), Refuse)
    return replace(preview, verdict=Class.SUPPRESS) if is_stopped else preview


def _held_against(
    preview: Preview, version: TemplateVersion, region: str | None, on: date
) -> Preview:
    """Beside the wording: what an advertisement to the customer's jurisdiction must say, too."""
    purpose = judged_as(version.purpose, version.product)
    if not isinstance(preview.output, dict) or purpose not in LIMITED_PURPOSES:
        return preview
    where = rulebook(on).jurisdictions.of(region)
    said = read_notices((), preview.output, version.template.channel, "", where=where).imprint
    missing = ", ".join(name for name, is_said in said.items() if not is_said)
    if not missing:
        return preview
    told = Said(sentence=UNSAID_THERE, details={"rule": where.rule_id, "names": missing})
    return replace(
        preview,
        verdict=Class.OK_WARN if preview.verdict is Class.OK else preview.verdict,
        problems=[*preview.problems, Problem(said=told, severity="review")],
    )


def _masked(said: Mapping[str, object]) -> dict[str, object]:
    """The same without his name, and without phone numbers and addresses in any text."""
    hidden = {
        key: redact(value) if isinstance(value, str) else value for key, value in said.items()
    }
    name = said.get("name")
    return {**hidden, "name": mask("name", name)} if isinstance(name, str) else hidden
