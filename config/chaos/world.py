"""The customers and campaigns of a run, made by the verbs the console and the importer use."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from campaigns.channels.base import Channel
from compliance.queries import clock_now
from compliance.roles import Role
from config.chaos.plan import Knowledge, Member, graph
from config.replay.build import BuildError, open_accounts
from config.replay.four_eyes import launch_journey, launch_template
from config.replay.staff import person
from customers.actions.consents import ConsentStatement, record_consents
from customers.actions.import_customers import ConsentTerms, ImportStatus, import_customers
from customers.models import Customer
from customers.vocabulary import ConsentState, Purpose
from segments.actions.save import save_segment

_MAPPING: Final = {"wave": "wave:number", "sends": "sends:number"}
_TEMPLATES: Final[Mapping[Channel, Mapping[str, str]]] = {
    Channel.EMAIL: {
        "subject": "News for {{ customer.customer_no }}",
        "from": "Bank <news@bank.example.com>",
        "html": (
            '<p>Dear customer {{ customer.customer_no }}, <a href="https://bank.example.com/news">'
            'read on</a>.</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>'
        ),
        "text": (
            "Dear customer {{ customer.customer_no }}: https://bank.example.com/news\n"
            "Unsubscribe: {{ unsubscribe_url }}\n"
        ),
    },
    Channel.SMS: {
        "signature": "示例银行",
        "text": "{{ customer.customer_no }}，活动详情 https://bank.example.com/news 拒收请回复R",
    },
    Channel.PUSH: {
        "title": "活动通知",
        "body": "{{ customer.customer_no }}，点击查看详情。",
        "url": "https://bank.example.com/news",
    },
}


def bring_members(members: Sequence[Member], folder: Path) -> None:
    """Import everybody; half of those who forbade it never consented, half withdrew."""
    allowed = [member for member in members if member.is_allowed]
    silent = [member for member in members if not member.is_allowed][::2]
    withdrawn = [member for member in members if not member.is_allowed][1::2]
    _import(_write(folder / "allowed.csv", [*allowed, *withdrawn]), ("email", "sms", "push"))
    _import(_write(folder / "silent.csv", silent), ())
    numbers = [member.customer_no for member in withdrawn]
    ids = Customer.objects.filter(customer_no__in=numbers).values_list("pk", flat=True)
    record_consents(
        statements=[
            ConsentStatement(
                customer_id=pk,
                purpose=Purpose.MARKETING,
                channel=channel,
                state=ConsentState.WITHDRAWN,
                notice_version="chaos-1",
                source="chaos",
            )
            for pk in ids
            for channel in ("email", "sms", "push")
        ],
        now=clock_now(),
    )


def _write(path: Path, members: Iterable[Member]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(("customer_no", "email", "phone", "push_token", "wave", "sends"))
        for member in members:
            number = member.customer_no
            phone = f"+861{'3' if number[0] == 'C' else '5'}00{number[1:]}"
            row = (f"{number}@example.com", phone, f"device-{number}", member.wave, member.sends)
            writer.writerow((number, *row))
    return path


def _import(path: Path, channels: tuple[str, ...]) -> None:
    result = import_customers(
        path=path,
        id_column="customer_no",
        mapping=_MAPPING,
        source_key=path.stem,
        consents=ConsentTerms(channels=channels, notice_version="chaos-1", evidence={}),
        started_by=Role.OPERATOR.value,
        now=clock_now(),
    )
    if result.status is not ImportStatus.OK:
        raise BuildError(f"{path.name}: {result.rows_bad} rows were refused ({result.status}).")


def open_channels(
    sandbox: Mapping[str, Any], knowledge: Knowledge, push_account: str, secrets: tuple[str, str]
) -> None:
    """The demo's accounts; ``secrets`` sign receipts and requests."""
    known = dict(sandbox)
    if knowledge is Knowledge.BLIND:
        known |= {"email_lookup_url": "", "push_lookup_url": ""}
    further = {"honours_key": "true"} if knowledge is Knowledge.DEDUPING else {}
    open_accounts(known, push_account, *secrets, further=further)


def approve_templates() -> None:
    """One of each channel: made by the marketer, approved by the checker."""
    for channel, parts in _TEMPLATES.items():
        launch_template(
            key=f"chaos-{channel.value}",
            name=f"Chaos, {channel.value}",
            channel=channel,
            parts=parts,
        )


def launch_wave(wave: int) -> None:
    """A campaign for the customers of this wave: drafted, reviewed by a second person, live."""
    save_segment(
        key=f"chaos-{wave}",
        name=f"Wave {wave}",
        rule={"field": "wave", "op": "eq", "value": wave},
        description="",
        author=person(Role.MARKETER),
        now=clock_now(),
    )
    launch_journey(key=f"chaos-{wave}", name=f"Wave {wave}", graph=graph(wave))
