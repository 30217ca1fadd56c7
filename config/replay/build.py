"""Set the campaigns up by the verbs the console uses: made by one person, approved by another."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import aiohttp
from django.conf import settings

from campaigns.actions.accounts import save_account
from campaigns.channels.base import Channel
from compliance.actions import propose_rules, review_rules
from compliance.queries import clock_now
from compliance.roles import Role
from compliance.rulebook.shipped import shipped_document
from compliance.suitability.judge import UNNAMED
from config.replay.campaigns import (
    BANK_MAPPING,
    HILLSTROM_MAPPING,
    JOURNEYS,
    SEGMENTS,
    TEMPLATES,
    UNIT_COSTS,
)
from config.replay.data import DataSet
from config.replay.four_eyes import launch_journey, launch_template
from config.replay.staff import person
from customers.actions.import_customers import (
    ConsentTerms,
    ImportResult,
    ImportStatus,
    import_customers,
)
from segments.actions.refresh import refresh
from segments.actions.save import save_segment

SETTLE_SECONDS: Final = "6"
NOTICE: Final = "replay-1"


class BuildError(Exception):
    """A part of the replay could not be set up; the message says which."""

    code = "replay_setup"


def bring_customers(
    hillstrom: DataSet, bank: DataSet, tell: Callable[[int, int], None]
) -> tuple[ImportResult, ImportResult]:
    """Import both files through the customer importer, with the consents they assume."""
    total = hillstrom.size + bank.size
    plans = (
        (hillstrom, HILLSTROM_MAPPING, ("email",), 0),
        (bank, BANK_MAPPING, ("sms", "push", "phone"), hillstrom.size),
    )
    results = []
    for data, mapping, channels, before in plans:
        result = import_customers(
            path=data.path,
            id_column="customer_no",
            mapping=mapping,
            source_key=data.path.stem,
            consents=ConsentTerms(
                channels=channels,
                notice_version=NOTICE,
                evidence={"basis": "assumed for the replay of published data"},
            ),
            started_by=Role.OPERATOR.value,
            now=clock_now(),
            progress=lambda done, base=before: tell(base + done.rows_done, total),  # type: ignore[misc]
        )
        if result.status is not ImportStatus.OK:
            raise BuildError(f"{data.path.name}: {result.rows_bad} rows were refused.")
        results.append(result)
    return results[0], results[1]


async def service_account(sandbox: Mapping[str, Any]) -> str:
    """The push sandbox's service account file, as a vendor would hand it out."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(sandbox["service_account_url"]) as answer,
    ):
        return await answer.text()


def open_accounts(
    sandbox: Mapping[str, Any],
    push_account: str,
    receipt_secret: str,
    api_secret: str,
    *,
    further: Mapping[str, str] | None = None,
) -> None:
    """The production channel code, with only the base URL pointing at the sandbox.

    ``further`` options stand on every account of the sandbox.
    """
    signed = {"receipt_secret": receipt_secret}
    settle = {"settle_seconds": SETTLE_SECONDS, "deadline_seconds": "5", **(further or {})}
    plans: tuple[tuple[Channel, str, str, dict[str, str], dict[str, str]], ...] = (
        (
            Channel.EMAIL,
            "smtp",
            sandbox["smtp_url"],
            {**settle, "connections": "16", "lookup_url": sandbox["email_lookup_url"]},
            {**signed, "lookup_secret": api_secret},
        ),
        (Channel.SMS, "http_sms", sandbox["sms_url"], settle, {**signed, "api_secret": api_secret}),
        (
            Channel.PUSH,
            "fcm",
            sandbox["fcm_url"],
            {**settle, "project_id": "sandbox-push", "lookup_url": sandbox["push_lookup_url"]},
            {**signed, "service_account": push_account, "lookup_secret": api_secret},
        ),
        (Channel.TASK, "workbench", "", {}, {}),
    )
    for channel, vendor, base_url, options, secrets in plans:
        save_account(
            key="workbench" if channel is Channel.TASK else f"sandbox-{channel.value}",
            channel=channel,
            vendor=vendor,
            base_url=base_url,
            options=options,
            secrets=secrets,
            unit_cost=UNIT_COSTS[channel],
            is_default=True,
            actor=Role.OPERATOR.value,
            now=clock_now(),
        )


def define_segments() -> None:
    """Save every segment and count its members."""
    for plan in SEGMENTS:
        segment = save_segment(
            key=plan.key,
            name=plan.name,
            rule=json.loads(json.dumps(plan.rule)),
            description="",
            author=person(Role.MARKETER),
            now=clock_now(),
        )
        refresh(segment=segment, now=clock_now())


def approve_templates() -> None:
    """Made by the marketer, approved by the checker."""
    for plan in TEMPLATES:
        launch_template(
            key=plan.key,
            name=plan.name,
            channel=plan.channel,
            parts=plan.parts,
            opinion="Checked against the published campaign.",
        )


def loosen_rules() -> None:
    """History was recorded without today's hours and caps; replaying it must not be held to them.

    Nor do the published data hold anybody's birthday or assessment, which marketing about no
    product would ask for. Changed as an officer would: proposed by one person, approved by another.
    """
    for key, change in (("contact", _without_limits), ("suitability", _without_assessment)):
        now = clock_now()
        pack = propose_rules(
            key=key,
            rules=[
                {**rule, "params": {**rule["params"], **change(rule)}}
                for rule in shipped_document(key)
            ],
            effective_from=date(1970, 1, 1),
            maker=person(Role.COMPLIANCE),
            now=now,
        )
        review_rules(
            pack=pack,
            checker=person(Role.CHECKER),
            approve=True,
            opinion="The replay follows recorded contacts.",
            now=now,
        )


def _without_limits(rule: dict[str, Any]) -> dict[str, Any]:
    is_window = rule["params"]["kind"] == "window"
    return {"hours": [["00:00", "24:00"]]} if is_window else {"most": 1000}


def _without_assessment(rule: dict[str, Any]) -> dict[str, Any]:
    return {"asks": []} if rule["rule_id"] == UNNAMED else {}


def launch_journeys() -> None:
    """Draft, submit, review by a second person, publish."""
    for plan in JOURNEYS:
        launch_journey(
            key=plan.key,
            name=plan.name,
            description=plan.description,
            graph=json.loads(json.dumps(plan.graph)),
            opinion="Graph and assumptions read.",
        )


def require_demo_space() -> None:
    """The replay moves the clock and makes customers: only ever in a space of its own."""
    if not settings.SPACE or not settings.REPLAY_CLOCK:
        raise BuildError("The demo runs in a space of its own: start it as manage.py demo.")
