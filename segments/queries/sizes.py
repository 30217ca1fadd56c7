"""How many a rule would select: counted where that is quick, otherwise estimated from a sample."""

import math
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from compliance.reader import say
from customers.models import Customer
from segments.errors import EVEN_A_SAMPLE, Problem, RuleTooSlow
from segments.queries.blocks import span_of_ids
from segments.queries.rules import catalog, references, rule_sql, spoken_catalog
from segments.rules.check import Checked, check
from segments.rules.doubts import doubts
from segments.rules.explain import explain
from segments.rules.literals import refuse_persons
from segments.rules.moments import Clock
from segments.rules.parse import parse
from segments.rules.statement import Fragment

SAMPLE_SIZE: Final = 20
PREVIEW_TIMEOUT_MS: Final = 5_000
# Until then a count may run before an estimate is made instead.
QUICK_MS: Final = 300
# How many customers are asked, and for how long; fewer where the more took too long.
DRAWS: Final = ((10_000, 700), (1_000, 400), (100, 500))
# The same numbers for every keystroke: an estimate moves because the rule did.
_SEED: Final = 1962
_NORMAL_95: Final = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a rule would select: size, some customer numbers, the rule in words, SQL, time.

    An estimate has a ``margin`` (half a 95 % interval; with a count of 0 its upper end) and says
    how many customers were ``asked``.
    """

    count: int
    sample: tuple[str, ...]
    explain: Mapping[str, str]
    sql: str
    params: Mapping[str, object]
    milliseconds: float
    warnings: tuple[Problem, ...]
    is_estimate: bool = False
    margin: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    count: int
    ids: Sequence[int]
    margin: int = 0
    asked: int = 0


def preview(
    raw: object, *, now: datetime, own_key: str | None = None, is_exact: bool = True
) -> Preview:
    """Count and sample a rule without saving it.

    Exactly within `PREVIEW_TIMEOUT_MS`; unless ``is_exact``, within two seconds in all, counted if
    `QUICK_MS` suffice and else estimated.

    Raises
    ------
    RuleError : the rule is wrong.
    OperationalError : it takes too long.
    """
    known = spoken_catalog()
    checked = check(parse(raw), catalog=known, references=references(own_key=own_key))
    refuse_persons(raw)
    fragment = rule_sql(checked, now=now)
    clock = Clock.at(now=now, zone=settings.TIME_ZONE)
    started = time.perf_counter()
    size = _counted(fragment, PREVIEW_TIMEOUT_MS) if is_exact else _soon(checked, fragment, now)
    elapsed = (time.perf_counter() - started) * 1000
    return Preview(
        count=size.count,
        sample=tuple(customer.customer_no for customer in _customers(size.ids)),
        explain={
            "en": explain(checked.rule, known, "en"),
            "zh": explain(checked.rule, known, "zh"),
        },
        sql=fragment.sql,
        params=fragment.params,
        milliseconds=round(elapsed, 1),
        warnings=(*checked.warnings, *doubts(checked.rule, clock)),
        is_estimate=size.asked > 0,
        margin=size.margin,
        asked=size.asked,
    )


def preview_or_estimate(raw: object, *, now: datetime) -> Preview:
    """As `preview`, exactly where that comes within its time, and else from a sample.

    Raises as `preview` does; RuleTooSlow where even a sample takes too long.
    """
    try:
        return preview(raw, now=now)
    except OperationalError:
        pass
    try:
        return preview(raw, now=now, is_exact=False)
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise RuleTooSlow(EVEN_A_SAMPLE) from error
        raise


def doubted(raw: object, *, now: datetime) -> tuple[Problem, ...]:
    """What of a rule that can be saved may yet be a mistake: unknown events, empty periods.

    Raises RuleError: it cannot be saved.
    """
    checked = check(parse(raw), catalog=catalog(), references=references())
    return (*checked.warnings, *doubts(checked.rule, Clock.at(now=now, zone=settings.TIME_ZONE)))


def in_words(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Problems as plain JSON values, in the reader's language."""
    return [{"code": one.code, "message": say(one.said), "path": one.path} for one in problems]


def document(found: Preview) -> dict[str, Any]:
    """A preview as plain JSON values: ``count``, ``sample`` (customer numbers), ``explain``,
    ``sql`` with its ``params``, ``milliseconds``; ``warnings`` with their places; of an estimate
    its ``margin`` and how many customers were ``asked``."""
    estimate_of = {"margin": found.margin, "asked": found.asked} if found.is_estimate else {}
    return {
        "count": found.count,
        "sample": list(found.sample),
        "explain": dict(found.explain),
        "sql": found.sql,
        "params": {name: _plain(value) for name, value in found.params.items()},
        "milliseconds": found.milliseconds,
        "is_estimate": found.is_estimate,
        **estimate_of,
        "warnings": in_words(found.warnings),
    }


def _plain(value: object) -> object:
    """Dates and decimals as JSON writes them: as text."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def customers_of(numbers: Sequence[str]) -> list[Customer]:
    """The customers of these numbers, by id."""
    return list(Customer.objects.filter(customer_no__in=numbers).order_by("id"))


def estimate(*, met: int, asked: int, among: int) -> tuple[int, int]:
    """How many of ``among`` match where ``met`` of ``asked`` drawn at random do, and the margin.

    The margin is half of Wilson's 95 % interval; where nobody met the rule, its upper end. Both are
    rounded to the margin's first digit. Reference: E. B. Wilson, JASA 22 (1927).
    """
    square = _NORMAL_95**2
    share = met / asked
    width = _NORMAL_95 * math.sqrt(share * (1 - share) / asked + square / (4 * asked**2))
    upper = (share + square / (2 * asked) + width) / (1 + square / asked)
    margin = math.ceil(among * (upper if met == 0 else width / (1 + square / asked)))
    unit = 10 ** (len(str(margin)) - 1)
    return round(among * share / unit) * unit, math.ceil(margin / unit) * unit


def _soon(checked: Checked, fragment: Fragment, now: datetime) -> _Size:
    try:
        return _counted(fragment, QUICK_MS)
    except OperationalError:
        return _estimated(checked, now)


def _counted(fragment: Fragment, limit_ms: int) -> _Size:
    """Count and some ids by one run of the rule."""
    sql = (
        f"WITH matched AS MATERIALIZED ({fragment.sql})"
        " SELECT (SELECT count(*) FROM matched),"
        f" ARRAY(SELECT id FROM matched ORDER BY id LIMIT {SAMPLE_SIZE:d})"
    )
    ((count, ids),) = _timed(sql, fragment.params, limit_ms)
    return _Size(count=count, ids=ids)


def _estimated(checked: Checked, now: datetime) -> _Size:
    """Ids drawn evenly from the range there is, those that are nobody's included.

    Asks as many customers however many there are: its cost does not grow with them, but with the
    events of one customer.
    """
    span = span_of_ids()
    for draws, limit_ms in DRAWS:
        drawn = random.Random(_SEED).sample(span, min(draws, len(span)))  # noqa: S311 - no secret
        fragment = rule_sql(checked, now=now, ids=drawn)
        try:
            ids = [row[0] for row in _timed(fragment.sql, fragment.params, limit_ms)]
        except OperationalError:
            if (draws, limit_ms) == DRAWS[-1]:
                raise
            continue
        count, margin = estimate(met=len(ids), asked=len(drawn), among=len(span))
        return _Size(count=count, ids=sorted(ids)[:SAMPLE_SIZE], margin=margin, asked=len(drawn))
    raise AssertionError("DRAWS is not empty")


def _timed(sql: str, params: Mapping[str, Any], limit_ms: int) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {limit_ms:d}")
        cursor.execute(sql, dict(params))
        return list(cursor.fetchall())


def _customers(ids: Sequence[int]) -> list[Customer]:
    return list(Customer.objects.filter(id__in=ids).order_by("id"))
