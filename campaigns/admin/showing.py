"""The console's page that shows a template version as one customer would get it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.actions.preview import Class
from campaigns.actions.shown import Price, Shown, prices, show_to, size_of, typed_text
from campaigns.channels.sms.segments import beyond_gsm7, full_text
from campaigns.content.render import MAX_PART
from campaigns.errors import EngineUnavailable, NotOnRecord
from campaigns.labels import say
from campaigns.models import TemplateVersion
from compliance.console.shown import Tone, badge
from compliance.queries import clock_now
from compliance.reader import say as speak
from customers.identifiers import redact

MOST_PRICES = 6
SEES_CUSTOMERS = "customers.view_customer"
VERDICTS = {
    Class.OK: _("may be sent"),
    Class.OK_WARN: _("may be sent; a person should look at it"),
    Class.PARSE_ERROR: _("no valid template"),
    Class.RENDER_ERROR: _("these values do not go with it"),
    Class.SUPPRESS: _("withheld from this customer"),
    Class.LIMIT: _("needs more than a message may"),
    Class.BLOCKED: _("asks for what no template may have"),
}
TONES = {Class.OK: Tone.GOOD, Class.OK_WARN: Tone.WARN}
# In a frame without scripts, forms or origin; and nothing is fetched: a picture's address may say
# who is looked at.
POLICY = (
    "<!doctype html><meta http-equiv='Content-Security-Policy' content=\"default-src 'none';"
    " style-src 'unsafe-inline'; img-src data:\">"
)


def preview_page(
    request: HttpRequest, version: TemplateVersion, labels: dict[str, Any]
) -> HttpResponse:
    """The form, and once a customer is named, the message."""
    if not request.user.has_perm(SEES_CUSTOMERS):
        raise PermissionDenied
    asked = {name: request.GET.get(name, "").strip()[:64] for name in ("customer", "locale")}
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Preview of version %(number)d") % {"number": version.number},
        "template": version.template,
        "asked": asked,
        "locales": sorted(version.variants),
    }
    if asked["customer"]:
        context |= _answer(version, asked, labels)
    answer = TemplateResponse(request, "campaigns/preview.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def told_size(request: HttpRequest) -> JsonResponse:
    """How long the typed text message is, without its values, and what it costs, in one line."""
    typed = typed_text(
        {name: request.POST.get(name, "")[:MAX_PART] for name in ("text", "signature")}
    )
    typed["signature"] = typed["signature"].strip()
    size = size_of(typed)
    line = _t("Without values: characters %(units)d, segments %(segments)d") % {
        "units": size.units,
        "segments": size.segments,
    }
    costs = prices(size.segments, timezone.localtime(clock_now()).date())
    return JsonResponse({"line": " · ".join([line, _alphabet(full_text(typed)), *_prices(costs)])})


def _alphabet(text: str) -> str:
    """How many characters fit, and which one made them so few."""
    if mark := beyond_gsm7(text):
        told = _t("Unicode because of “%(mark)s”: 70 in one segment, 67 in each of several")
        return told % {"mark": mark}
    return _t("GSM-7: 160 in one segment, 153 in each of several; ^ { } [ ] ~ | \\ € count twice")


def _prices(costs: Sequence[Price]) -> list[str]:
    """The first few: a price list may name every country."""
    told = [
        f"{cost.amount.normalize():f} {cost.currency}" + (f" ({cost.to})" if cost.to else "")
        for cost in costs[:MOST_PRICES]
    ]
    return [*told, "…"] if len(costs) > MOST_PRICES else told


def _answer(
    version: TemplateVersion, asked: dict[str, str], labels: dict[str, Any]
) -> dict[str, Any]:
    try:
        shown = show_to(
            version=version,
            customer_no=asked["customer"],
            locale=asked["locale"],
            on=timezone.localtime(clock_now()).date(),
        )
    except (NotOnRecord, EngineUnavailable) as error:
        return {"refusal": str(error)}
    return _shown(shown, labels)


def _shown(shown: Shown, labels: dict[str, Any]) -> dict[str, Any]:
    preview = shown.preview
    parts = preview.output if isinstance(preview.output, dict) else {}
    return {
        "shown": shown,
        "verdict": badge(VERDICTS[preview.verdict], TONES.get(preview.verdict, Tone.BAD)),
        "page": POLICY + parts["html"] if "html" in parts else "",
        "parts": [(say(labels, name), source) for name, source in parts.items() if name != "html"],
        "findings": [
            (say(labels, each.part) if each.part else "—", redact(speak(each.said)))
            for each in preview.problems
        ],
        "prices": _prices(shown.prices),
    }
