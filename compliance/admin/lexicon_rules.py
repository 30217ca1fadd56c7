"""The lexicon as it stands today: a page to look through, and the same as a table to take away."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from compliance.console.shown import Panel, Tone, badge, code, figure, link
from compliance.lexicon_checks import categories
from compliance.lexicon_list import Origin, Row, Sought, Standing, rows
from compliance.lexicon_versions import lexicon_in_force
from compliance.models import LexiconChange
from compliance.queries import clock_now
from compliance.reader import language
from compliance.spreadsheet import Value, csv_bytes
from compliance.wording.categories import category_named

SHOWN: Final = 300
ALLOWED: Final = _("Allowed")
STANDINGS: Final = {
    Standing.IN_FORCE: (_("In force"), Tone.GOOD),
    Standing.FUTURE: (_("Not yet in force"), Tone.BUSY),
    Standing.ENDED: (_("Ended"), Tone.PLAIN),
    Standing.DRAFT: (_("Never applied"), Tone.PLAIN),
}
ORIGINS: Final = {Origin.OWN: _("The institution's"), Origin.SHIPPED: _("Shipped")}
VERDICT_TONES: Final = {"block": Tone.BAD, "review": Tone.WARN, "notice": Tone.BUSY}


def verdict_badge(verdict: str) -> SafeString:
    """A verdict of the wording rules in words and colour."""
    words = dict(LexiconChange.Verdict.choices)
    return badge(words.get(verdict, ALLOWED), VERDICT_TONES.get(verdict, Tone.GOOD))


def rules_page(request: HttpRequest) -> HttpResponse:
    """`?words=&category=&standing=&origin=`: the rules that are looked for."""
    sought = _sought(request)
    found = _found(sought)
    may_change = request.user.has_perm("compliance.add_lexiconchange")
    request.current_app = admin.site.name
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Lexicon"),
        "sought": sought,
        "categories": [(one, category_named(one, language())) for one in categories()],
        "standings": [(standing.value, word) for standing, (word, _tone) in STANDINGS.items()],
        "origins": [(origin.value, word) for origin, word in ORIGINS.items()],
        "panels": [_panel(found, may_change=may_change)],
        "export": f"{reverse('admin:compliance_lexicon_csv')}?{request.GET.urlencode()}",
        "may_change": may_change,
    }
    return TemplateResponse(request, "compliance/lexicon.html", context)


def rules_as_csv(request: HttpRequest) -> HttpResponse:
    """The same rules, all of them, as CSV; the names of columns do not change with the language."""
    headers = (
        *("rule_id", "text", "category", "severity", "verdict", "basis", "products"),
        *("effective_from", "effective_to", "standing", "origin"),
        *("exclusions", "explanation_en", "explanation_zh"),
    )
    body = csv_bytes(headers=headers, rows=map(_cells, _found(_sought(request))))
    answer = HttpResponse(body, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="lexicon.csv"'
    return answer


def _sought(request: HttpRequest) -> Sought:
    asked = {
        name: request.GET.get(name, "")[:200]
        for name in ("words", "category", "standing", "origin")
    }
    return Sought(**asked)


def _found(sought: Sought) -> list[Row]:
    today = timezone.localtime(clock_now()).date()
    return list(rows(lexicon_in_force(), on=today, sought=sought))


def _panel(found: Sequence[Row], *, may_change: bool) -> Panel:
    told = {"shown": figure(min(len(found), SHOWN)), "found": figure(len(found))}
    return Panel(
        title=_t("%(shown)s of %(found)s rules") % told,
        headers=(
            *(_t("rule"), _t("text"), _t("verdict"), _t("category"), _t("basis")),
            *(_t("from"), _t("to"), _t("status"), _t("explanation"), ""),
        ),
        rows=[tuple(_shown(row, may_change=may_change)) for row in found[:SHOWN]],
        empty=_t("No rule is like that."),
    )


def _shown(row: Row, *, may_change: bool) -> Iterator[object]:
    word, tone = STANDINGS[row.standing]
    yield code(row.rule_id)
    yield row.text
    yield verdict_badge(row.verdict)
    yield category_named(row.category, language())
    yield row.basis
    yield _day(row.first_day)
    yield _day(row.last_day)
    yield badge(word, tone)
    yield row.explanation.in_language(language()) if row.explanation else "—"
    may_end = may_change and row.standing in (Standing.IN_FORCE, Standing.FUTURE)
    url = f"{reverse('admin:compliance_lexicon_end')}?rule={row.rule_id}"
    yield link(url, _t("End")) if may_end else ""


def _day(day: date | None) -> str:
    return date_format(day, "DATE_FORMAT") if day else "—"


def _cells(row: Row) -> Sequence[Value]:
    explanation = row.explanation
    return (
        *(row.rule_id, row.text, row.category, row.severity, row.verdict, row.basis),
        "|".join(row.products),
        row.first_day.isoformat() if row.first_day else "",
        row.last_day.isoformat() if row.last_day else "",
        *(row.standing, row.origin, "\n".join(row.neutral)),
        *((explanation.en, explanation.zh) if explanation else ("", "")),
    )
