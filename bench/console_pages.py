"""How long every page of the console takes over a big institution: the slowest, in seconds.

    PYTHONPATH=. python bench/console_pages.py [--customers N] [--events N] [--keep]

A superuser opens every address below /admin/ that can be read: of pages about one thing that of
the busiest customer, of the largest segment, and else of the newest; of lists also the second
page, each filter's choices, each order, and a search; of pages that answer, one question. All go
through the whole of Django in this process. A page counts by the fastest of three looks where the
first takes more than a second;
beside the clock stands the processor's time of this process and its database session, which other
work on the machine does not change. Whatever takes more than half the bound is told on standard
error with its slowest statement. One JSON line: {"bench", "value" (the slowest page, s), "unit",
"cpu" (of the page that needs most), "pages", "slowest" (address, seconds, of the processor),
"over" (how many are above the bound), "customers", "events", "required"}. ``--keep``: the world is
kept, and measured again if it stands.
"""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

os.environ["TOUCHSTONE_SPACE"] = "bench_world"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.contrib import admin  # noqa: E402
from django.contrib.admin.views.main import ChangeList  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Model  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import URLPattern, URLResolver, get_resolver, reverse  # noqa: E402
from django.urls.exceptions import NoReverseMatch  # noqa: E402

from bench.world.build import add_sizes, stand  # noqa: E402
from bench.world.telling import spent, tell  # noqa: E402
from campaigns.models import Journey  # noqa: E402
from compliance.models import User  # noqa: E402
from customers.models import Customer  # noqa: E402
from segments.models import LookalikeRun, Segment  # noqa: E402

REQUIRED = 2.0
LOOKS = 3
SHOWN = 600
COMPARED = 6
# They act, or are asked by a form only.
LEFT_OUT = ("logout", "login", "jsi18n", "view_on_site")
SEARCHED = "B0000"


@dataclass(frozen=True, slots=True)
class Look:
    """One answer: seconds by the clock and of the processor, status, and the slowest statement
    with its seconds."""

    seconds: float
    cpu: float
    status: int
    statement: str
    of_it: float
    context: Any


def main() -> None:
    """Open everything once; what is slow again."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_sizes(parser)
    world = stand(parser.parse_args(), is_whole=True)
    logging.disable()  # refusals of what only acts would be warned of
    staff = Client(raise_request_exception=False)
    user, _made = User.objects.get_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True}
    )
    staff.force_login(user)
    taken: dict[str, Look] = {}
    for address in (*addresses(), *questions()):
        look = open_page(staff, address, taken)
        if look.status == 200 and (listed := (look.context or {}).get("cl")) is not None:
            for query in variants(listed):
                open_page(staff, f"{address}?{query}", taken)
    slowest = sorted(taken.items(), key=lambda item: -item[1].seconds)
    line = {
        "bench": "console_pages",
        "value": round(slowest[0][1].seconds, 2),
        "unit": "s",
        "cpu": round(max(look.cpu for look in taken.values()), 2),
        "pages": len(taken),
        "slowest": [
            [address, round(look.seconds, 2), round(look.cpu, 2)] for address, look in slowest[:10]
        ],
        "over": sum(look.seconds > REQUIRED for look in taken.values()),
        "customers": world.customers,
        "events": world.events,
        "required": REQUIRED,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def open_page(staff: Client, address: str, taken: dict[str, Look]) -> Look:
    """Look at one page; what can be read counts."""
    look = ask(staff, address)
    if look.status >= 500:
        tell(f"{look.status} {address}")
    for _again in range(LOOKS - 1):
        if look.seconds > REQUIRED / 2:
            look = min(look, ask(staff, address), key=lambda one: one.seconds)
    if look.status == 200:
        taken[address] = look
    if look.seconds > REQUIRED / 2:
        cpu, part = f"{look.cpu:.2f} s of the processor", f"{look.of_it:.2f} s in"
        tell(f"{look.seconds:.2f} s, {cpu} {address}: {part} {look.statement[:SHOWN]}")
    return look


def ask(staff: Client, address: str) -> Look:
    """One request, its statements timed."""
    slowest = ("", 0.0)

    def timed(execute: Callable[..., object], sql: str, *told: object) -> object:
        nonlocal slowest
        began = time.perf_counter()
        try:
            return execute(sql, *told)
        finally:
            spent = time.perf_counter() - began
            if spent > slowest[1]:
                slowest = (" ".join(sql.split()), spent)

    began, before = time.perf_counter(), spent()
    with connection.execute_wrapper(timed):
        answer = staff.get(address)
        if answer.streaming:
            b"".join(answer)  # type: ignore[arg-type]
    seconds = time.perf_counter() - began
    shown = getattr(answer, "context_data", None)
    return Look(seconds, spent() - before, answer.status_code, *slowest, shown)


def addresses() -> Iterator[str]:
    """Every address below /admin/, with what it is about filled in."""
    for name, pattern in patterns(get_resolver()):
        if pattern.name in LEFT_OUT:
            continue
        converters = pattern.pattern.converters
        told = {key: value for key in converters if (value := about(key, name)) is not None}
        if len(told) < len(converters):
            continue
        try:
            yield reverse(name, kwargs=told)
        except NoReverseMatch:
            continue


def questions() -> Iterator[str]:
    """Pages that answer once something is asked: the largest segments, a customer, a product."""
    largest = Segment.objects.filter(tag=None).order_by("-size")[:COMPARED]
    keys = [segment.key for segment in largest]
    asked: dict[str, dict[str, object]] = {
        "admin:segments_segment_overlap": {"segment": [segment.pk for segment in largest]},
        "value:compare": {"first": keys[0], "second": keys[1], "field": "city"},
        "holders:index": {"product": "F012"},
        "reports:why": {"customer": Customer.objects.order_by("pk")[0].customer_no},
    }
    for name, told in asked.items():
        yield f"{reverse(name)}?{urlencode(told, doseq=True)}"


def patterns(
    resolver: URLResolver, place: str = "", space: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Names and patterns of the console."""
    for one in resolver.url_patterns:
        here = place + str(one.pattern)
        if not isinstance(one, URLPattern):
            yield from patterns(one, here, one.namespace or space)
        elif here.startswith("admin/") and one.name:
            yield f"{space}:{one.name}" if space else one.name, one


def about(key: str, name: str) -> str | int | None:
    """The value of one part of an address; None where there is nothing of that kind."""
    if key == "key":
        return Journey.objects.values_list("key", flat=True).first()
    if key == "run_id":
        return LookalikeRun.objects.values_list("pk", flat=True).first()
    if key in ("pk", "object_id", "id"):
        shown = chosen(name)
        return None if shown is None else shown.pk
    return None


def chosen(name: str) -> Model | None:
    """Whose page to open: the busiest customer, the largest segment, the newest of all others."""
    for model in admin.site._registry:  # Django tells its list nowhere else
        label = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(label):
            if model is Customer:
                return Customer.objects.order_by("pk").first()
            if model is Segment:
                return Segment.objects.filter(tag=None).order_by("-size").first()
            return model._default_manager.order_by("-pk").first()
    return None


def variants(listed: ChangeList) -> Iterator[str]:
    """Further questions to a list: pages, orders, a search, each filter's choices."""
    yield "p=2"
    for place, _column in enumerate(listed.list_display):
        yield f"o={place}"
        yield f"o=-{place}"
    if listed.search_fields:
        yield urlencode({"q": SEARCHED})
        yield urlencode({"q": "13800138000"})
    for spec in listed.filter_specs:
        for choice in list(spec.choices(listed))[:12]:
            query = choice.get("query_string", "").lstrip("?")
            if query:
                yield query


if __name__ == "__main__":
    main()
