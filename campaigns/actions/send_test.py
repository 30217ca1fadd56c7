"""Send a template version to a seed list: by the real provider, marked, and in no figure."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, assert_never

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.actions.judging import ADDRESS_KIND
from campaigns.actions.outcomes import storable
from campaigns.actions.ready import as_sent
from campaigns.actions.routing import routes
from campaigns.actions.seeds import MOST, masked_address, seed_address
from campaigns.actions.shown import masked_values
from campaigns.channels.base import (
    Accepted,
    Channel,
    Outcome,
    Outgoing,
    Provider,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.fan_out import fan_out
from campaigns.channels.in_house import InHouse
from campaigns.channels.runner import process_loop
from campaigns.content.compose import Addressing, Ready, Recipient, compose_batch
from campaigns.content.links import prepare
from campaigns.content.locales import DEFAULT
from campaigns.content.render import compile_parts
from campaigns.errors import StateConflict, TemplateError
from campaigns.models import (
    EmergencyStop,
    ProviderAccount,
    Seed,
    SeedList,
    SeedMessage,
    TemplateVersion,
)
from campaigns.queries.accounts import account_config, link_hosts
from campaigns.queries.receipts import suppressed
from compliance.actions import record
from compliance.models import User
from customers.identifiers import redact

# What one person may send in a day: enough to look at drafts, too little to write to the public.
MOST_A_DAY: Final = 200
# The part that says it is a test.
_MARKED: Final[Mapping[Channel, str]] = {
    Channel.EMAIL: "subject",
    Channel.SMS: "text",
    Channel.PUSH: "title",
    Channel.WECOM: "text",
}
_HAN: Final = re.compile("[\u3400-\u9fff]")
# Not the key of real messages: nobody unsubscribes by a test, and no opening is counted.
_KEY: Final = b"test"
_JOURNEY: Final = {"key": "test", "name": "Test"}
SAMPLE: Final[Mapping[str, object]] = {
    "customer_no": "T00001",
    "status": "active",
    "name": "王小明",
    "gender": "f",
    "birth_on": date(1990, 1, 1).isoformat(),
    "city": "上海",
    "region": "CN-SH",
    "risk_level": "C3",
    "investor_type": "ordinary",
    "lifecycle": "active",
    "total_asset": float(Decimal("123456.78")),
    "average_asset": float(Decimal("120000.5")),
    "locale": "zh",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class As:
    """As whom it is rendered: a customer, his name and numbers masked, or sample values.

    ``locale``: of the variant; empty for the customer's own, or that of the sample.
    """

    customer_no: str = ""
    sample: Mapping[str, object] | None = None
    locale: str = ""


def send_test_messages(
    *,
    version: TemplateVersion,
    seed_list: SeedList,
    rendered_as: As,
    actor: User,
    now: datetime,
    page: str = "",
) -> Sequence[SeedMessage]:
    """Send the version, a draft too, to everyone of its channel on the list.

    ``page`` names the page that asks, where it is one: each sends once.

    1. Render once, mark it as a test; links lead straight to their targets, without UTM.
    2. Put a row for each message on record, and the act into the audit trail: one transaction.
    3. Hand over, no transaction; then the answers go into the rows.

    Raises
    ------
    StateConflict : an emergency stop holds, nobody on the list has this channel, no account serves
        it, the person sent too many today, or the page has sent already.
    NotOnRecord : no such customer.
    TemplateError : these values do not go with it, or a link may not be used.
    EngineUnavailable : no process for templates could be started.
    """
    channel = Channel(version.template.channel)
    account, provider = _way(channel, now)
    seeds = _reachable(seed_list, channel)
    content, locale = _content(version, channel, rendered_as, now)
    outgoing = [
        Outgoing(key=_key(seed, actor, page).hex, address=seed_address(seed), content=content)
        for seed in seeds
    ]
    sends = _on_record(version, account, seeds, outgoing, rendered_as, locale, actor, now)
    answers = process_loop().run(_answers(provider, outgoing))
    for send in sends:
        _answered(send, answers.get(send.key.hex))
    return sends


def _key(seed: Seed, actor: User, page: str) -> uuid.UUID:
    """The same for the same page and seed; without a page each its own."""
    told = f"{page}:{actor.pk}:{seed.pk}"
    return uuid.uuid5(uuid.NAMESPACE_OID, told) if page else uuid.uuid4()


def is_stopped(channel: Channel, account: ProviderAccount | None = None) -> bool:
    """Whether an emergency stop holds back everything, the channel, or the account."""
    everything = Q(channel="", account=None)
    scopes = everything | Q(channel=channel.value)
    if account is not None:
        scopes |= Q(account=account)
    standing = EmergencyStop.objects.filter(released_at=None, journey=None)
    return standing.filter(scopes).exists()


def _way(channel: Channel, now: datetime) -> tuple[ProviderAccount, Provider]:
    route = routes(now).get(channel.value)
    if route is None or channel not in ADDRESS_KIND:
        raise StateConflict(
            _("No active account carries this channel to an address; there is nothing to test.")
        )
    account = route.accounts[0]
    if is_stopped(channel, account):
        raise StateConflict(_("An emergency stop holds; nothing is sent, not even a test."))
    provider = process_loop().provider(account_config(account))
    if isinstance(provider, InHouse):
        raise StateConflict(_("This channel ends in the house: there is nothing to test."))
    return account, provider


def _reachable(seed_list: SeedList, channel: Channel) -> list[Seed]:
    """The channel's seeds, without addresses that nobody may write to."""
    seeds = list(seed_list.seeds.filter(channel=channel.value).order_by("pk")[:MOST])
    hashes = {seed.pk: bytes(seed.value_hash) for seed in seeds}
    kept_out = suppressed(ADDRESS_KIND[channel], hashes)
    found = [seed for seed in seeds if seed.pk not in kept_out]
    if not found:
        raise StateConflict(
            _("Nobody on the list “%(name)s” can be reached by this channel.")
            % {"name": seed_list.name}
        )
    return found


def _content(
    version: TemplateVersion, channel: Channel, rendered_as: As, now: datetime
) -> tuple[dict[str, str], str]:
    said: Mapping[str, object] = {**SAMPLE, **(rendered_as.sample or {})}
    locale = rendered_as.locale
    if rendered_as.customer_no:
        said = masked_values(rendered_as.customer_no)
    if not locale:
        locale = str(said.get("locale") or DEFAULT)
    sent = as_sent(version)
    for parts in sent.values():
        prepare(parts, {}, link_hosts())
    compiled = {locale: compile_parts(channel, parts) for locale, parts in sent.items()}
    ready = Ready(channel=channel, compiled=compiled.pop(DEFAULT), variants=compiled, link_ids=())
    recipient = Recipient(touch_id=0, customer=said, queued_at=now.isoformat(), locale=locale)
    addressing = Addressing(public_url=settings.PUBLIC_URL, key=_KEY)
    (done,) = compose_batch(ready, [recipient], journey=_JOURNEY, addressing=addressing)
    if isinstance(done, TemplateError):
        raise done
    return marked(channel, done), locale


def marked(channel: Channel, content: Mapping[str, str]) -> dict[str, str]:
    """The message with the word for "test" before what is read first, in its own language."""
    name = _MARKED[channel]
    word = "【测试】" if _HAN.search(content[name]) else "[Test] "
    return {**content, name: word + content[name]}


@transaction.atomic
def _on_record(
    version: TemplateVersion,
    account: ProviderAccount,
    seeds: Sequence[Seed],
    outgoing: Sequence[Outgoing],
    rendered_as: As,
    locale: str,
    actor: User,
    now: datetime,
) -> list[SeedMessage]:
    User.objects.select_for_update().get(pk=actor.pk)
    if SeedMessage.objects.filter(key__in=[message.key for message in outgoing]).exists():
        raise StateConflict(
            _("This test was sent already; it is listed below. Press again to send another one.")
        )
    today = SeedMessage.objects.filter(sent_by=actor, sent_at__gt=now - timedelta(days=1)).count()
    if today + len(seeds) > MOST_A_DAY:
        raise StateConflict(
            _("You may send %(most)d test messages in 24 hours; %(today)d were sent already.")
            % {"most": MOST_A_DAY, "today": today}
        )
    sends = SeedMessage.objects.bulk_create(
        SeedMessage(
            key=uuid.UUID(message.key),
            version=version,
            account=account,
            list_name=seed.seed_list.name,
            label=seed.label,
            masked=masked_address(seed),
            customer_no=rendered_as.customer_no,
            locale=locale,
            sent_by=actor,
            sent_at=now,
        )
        for seed, message in zip(seeds, outgoing, strict=True)
    )
    record(
        actor=actor.username,
        action="template.test",
        subject=version.template.key,
        now=now,
        detail={
            "version": version.number,
            "content_hash": version.content_hash,
            "account": account.key,
            "list": seeds[0].seed_list.name,
            "messages": [{"key": send.key.hex, "to": send.masked} for send in sends],
        },
    )
    return sends


async def _answers(provider: Provider, outgoing: Sequence[Outgoing]) -> dict[str, Outcome]:
    """What became of each message, by key; as many at once as the account bears."""
    limits = provider.limits

    async def send(start: int) -> list[Outcome]:
        return await provider.send(outgoing[start : start + limits.per_request])

    starts = range(0, len(outgoing), limits.per_request)
    found = await fan_out(items=starts, act=send, concurrency=limits.concurrency)
    return {answer.key: answer for answers in found for answer in answers}


def _answered(send: SeedMessage, answer: Outcome | None) -> None:
    match answer:
        case None:
            return  # the row says that there is no answer
        case Accepted():
            send.outcome, send.provider_id = (
                SeedMessage.Outcome.ACCEPTED,
                storable(answer.provider_id),
            )
        case Refused():
            send.outcome = SeedMessage.Outcome.REFUSED
        case Unavailable():
            send.outcome = SeedMessage.Outcome.UNAVAILABLE
        case Unknown():
            send.outcome = SeedMessage.Outcome.UNKNOWN
        case _:
            assert_never(answer)
    if not isinstance(answer, Accepted):
        send.answer = storable(redact(f"{answer.code}: {answer.message}"), 300)
    send.save(update_fields=["outcome", "provider_id", "answer"])
