"""What attribution keeps of one person, for the copy that he may ask for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from attribution.models import Click, Conversion, Exposure, Open
from attribution.reports.why import Decision, decisions
from campaigns.queries.personal import reason_for_person


def attribution_chapters(customer_ids: Sequence[int]) -> dict[str, Any]:
    """Clicks, openings, conversions, arms of experiments, and every decision with its reason.

    Grounds that the law forbids to tell of are left out.
    """
    mine = {"customer__in": customer_ids}
    clicks = Click.objects.filter(**mine).select_related("link").order_by("at", "pk")
    openings = Open.objects.filter(**mine).order_by("first_at", "pk")
    conversions = Conversion.objects.filter(**mine).order_by("occurred_at", "pk")
    exposures = Exposure.objects.filter(**mine).order_by("at", "pk")
    return {
        "clicks": [
            {"at": click.at, "target": click.link.target, "is_machine": click.is_bot}
            for click in clicks
        ],
        "openings": list(openings.values("kind", "times", "first_at", "last_at")),
        "conversions": list(conversions.values("goal__name", "occurred_at", "value", "utm")),
        "experiments": list(exposures.values("experiment__name", "arm", "at")),
        "reasons": [
            _reason(replace(decision, code=reason_for_person(decision.code)))
            for made in decisions(list(customer_ids)).values()
            for decision in made
        ],
    }


def _reason(decision: Decision) -> dict[str, Any]:
    return {
        "at": decision.at,
        "journey": decision.journey,
        "kind": decision.kind,
        "code": decision.code,
        "sentence": str(decision.sentence),
    }
