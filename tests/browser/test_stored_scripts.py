"""Attacks by stored scripts (XSS): thirty payloads wherever text is kept, then every page opened.

A payload that runs calls `alert` or writes to `window.ran`; the policy's refusals are counted, too,
since a script that only the policy stopped is a fault of the page that held it.
"""

import contextlib
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import IntegrityError, connection, models
from django.urls import reverse
from playwright.sync_api import Page

from campaigns.models import Journey
from compliance.queries import clock_now
from customers.actions.record_events import NewEvent, record_events
from customers.models import Source
from tests.browser.conftest import log_in, speak
from tests.browser.factories import House

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RUN = "window.ran=1;alert(1)"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f'"><script>{RUN}</script>',
    f"'><script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'"><img src=x onerror={RUN}>',
    f"<svg onload={RUN}>",
    f"<svg/onload={RUN}//",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f'" autofocus onfocus={RUN} x="',
    f"' onmouseover={RUN} x='",
    f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    f"<iframe src=javascript:{RUN}></iframe>",
    f"<a href=javascript:{RUN}>x</a>",
    f"javascript:{RUN}",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>",
    f"<video><source onerror={RUN}>",
    f"<marquee onstart={RUN}>",
    f"<object data=javascript:{RUN}>",
    f'<div x-data x-init="{RUN}">',
    f"<div x-html=\"'<img src=x onerror={RUN}>'\" x-data>",
    f'<div hx-get=/ hx-trigger=load hx-on::load="{RUN}">',
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"${{{RUN}}}",
    f"'-{RUN}-'",
)
ROWS = 12  # of each table
OURS = ("compliance", "customers", "segments", "campaigns", "attribution", "auth")
TEXT = (models.CharField, models.TextField)
# Codes that the product itself reads: with another word in them there would be no page to attack.
CODES = {
    *("state", "channel", "kind", "purpose", "vendor", "reason", "verdict", "type", "status"),
    *("scope", "unknown_events", "node", "key", "currency", "language", "time_zone", "password"),
    *("method", "stage", "action", "jurisdiction", "hash", "previous_hash", "subject_hash"),
    *("content_hash", "subject_kind", "username", "codename", "category", "lifecycle"),
}  # fmt: skip


@pytest.fixture
def poisoned(house: House) -> House:
    """The small institution with a payload in every text that is no code."""
    payloads = cycle(PAYLOADS)
    source = Source.objects.get(key="shop")
    record_events(
        source=source,
        events=[
            NewEvent(
                message_id=f"m{number}",
                kind="track",
                name=payload,
                customer_id=house.customer_id,
                occurred_at=clock_now() - timedelta(minutes=number),
                properties={payload: payload, "deep": {payload: [payload]}},
            )
            for number, payload in enumerate(PAYLOADS)
        ],
        now=clock_now(),
    )
    with connection.cursor() as cursor:
        # As somebody would who found a way around every check: triggers that guard what was
        # approved stay out of it.
        cursor.execute("SET session_replication_role = replica")
        for model in apps.get_models():
            if model._meta.app_label in OURS and model._meta.managed:
                _poison(model, payloads)
        cursor.execute("SET session_replication_role = DEFAULT")
    return house


def _poison(model: type[models.Model], payloads: Any) -> None:
    fields = [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, TEXT)
        and field.name not in CODES
        and not field.choices
        and not field.primary_key
        and (field.max_length or 200) >= 60
    ]
    for row in model._default_manager.order_by("-pk")[:ROWS] if fields else ():
        for field in fields:
            text = next(payloads)[: field.max_length or 200]
            # What a constraint refuses, nobody stores.
            with contextlib.suppress(IntegrityError):
                model._default_manager.filter(pk=row.pk).update(**{field.attname: text})


def test_no_payload_runs_on_any_page(poisoned: House, page: Page, live_url: str) -> None:
    dialogs: list[str] = []
    refused: list[str] = []
    failed: list[str] = []
    shown = 0
    page.on("dialog", lambda dialog: (dialogs.append(page.url), dialog.dismiss()))
    page.on(
        "console",
        lambda told: (
            refused.append(f"{page.url} {told.text}")
            if "Content Security Policy" in told.text
            else None
        ),
    )
    log_in(page, live_url, "root")
    for language in ("en", "zh-hans"):
        speak(page.context, live_url, language)
        for address in _pages(poisoned) if language == "en" else _pages(poisoned)[:12]:
            answer = page.goto(f"{live_url}{address}", wait_until="domcontentloaded")
            assert answer is not None
            if answer.status >= 500:
                failed.append(address)
            assert page.evaluate("window.ran") is None, address
            shown += page.content().count("window.ran")

    assert dialogs == []
    assert failed == []
    assert refused == []
    assert shown > 200  # else the payloads stand nowhere, and nothing was tried


def _pages(house: House) -> list[str]:
    pages = [
        reverse("admin:index"),
        reverse("reports:index"),
        *(reverse("reports:campaign", args=[j.key]) for j in Journey.objects.exclude(live=None)),
        f"{reverse('reports:why')}?customer=T00000",
        reverse("operations:index"),
        reverse("workbench:index"),
        reverse("holders:index"),
        reverse("admin:customers_customer_timeline", args=[house.customer_id]),
        reverse("admin:customers_customer_rights", args=[house.customer_id]),
        reverse("admin:customers_importjob_freshness"),
    ]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages.append(reverse(f"{name}_changelist"))
        first = model._default_manager.order_by("pk").first()
        if first is not None:
            pages.append(reverse(f"{name}_change", args=[first.pk]))
    return pages
