"""Ratings of products that files tell: a second person says whether they count."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.actions import RATINGS
from compliance.console.acts import Act, ActingAdmin, verdicts
from compliance.console.lists import ReadOnlyAdmin, closed_filter
from compliance.console.shown import Panel, Tone, badge, code, figure
from compliance.errors import ComplianceError
from compliance.queries import clock_now
from customers.actions.ratings import CHECKS, CLAIMS, claim_ratings, decide_ratings
from customers.errors import RatingsRefused
from customers.models import RatingReview
from customers.vocabulary import RatingState

STATE_WORDS = {
    RatingState.UNCLAIMED.value: _("Nobody has submitted it"),
    RatingState.PENDING.value: _("Waiting for review"),
    RatingState.APPROVED.value: _("Approved"),
    RatingState.RETURNED.value: _("Returned"),
    RatingState.REPLACED.value: _("Replaced"),
}
_TONES = {
    RatingState.UNCLAIMED.value: Tone.WARN,
    RatingState.PENDING.value: Tone.BUSY,
    RatingState.APPROVED.value: Tone.GOOD,
}


@admin.register(RatingReview)
class RatingReviewAdmin(ActingAdmin, ReadOnlyAdmin):
    """What files say of products' risks, and who let it count."""

    about = _(
        "Ratings that came in a file of products. They count once a second person has approved"
        " them."
    )
    list_display = ("file", "standing", "products", "maker", "made_at", "checker", "decided_at")
    list_filter = (closed_filter("state", _("state"), STATE_WORDS),)
    list_select_related = ("load", "maker", "checker")
    exclude = ("changes", "state", "load")
    readonly_fields = ("file", "standing")
    ordering = ("-id",)
    refusals = (RatingsRefused, ComplianceError)

    @display(description=_("file"))
    def file(self, review: RatingReview) -> str:
        """The file they stand in."""
        return review.load.file_name

    @display(description=_("state"), ordering="state")
    def standing(self, review: RatingReview) -> SafeString:
        """The state in words."""
        return badge(STATE_WORDS[review.state], _TONES.get(review.state, Tone.PLAIN))

    @display(description=_("products"))
    def products(self, review: RatingReview) -> str:
        """How many change."""
        return figure(len(review.changes))

    def acts(self, request: HttpRequest, item: RatingReview) -> Sequence[Act]:
        """Submit it, or judge it as a second person."""
        user: Any = request.user
        if item.state == RatingState.UNCLAIMED and user.has_perm(CLAIMS):
            return (
                Act(
                    name="claim",
                    label=_t("Submit for review"),
                    question=_t("You answer for these ratings; a second person decides."),
                    done=_t("Submitted."),
                    run=lambda _opinion: claim_ratings(review=item, maker=user, now=clock_now()),
                    is_main=True,
                ),
            )
        is_second = item.maker_id != user.pk and user.has_perm(CHECKS)
        if item.state != RatingState.PENDING or not is_second:
            return ()

        def decide(opinion: str, *, approve: bool) -> None:
            decide_ratings(
                review=item, checker=user, approve=approve, opinion=opinion, now=clock_now()
            )

        return verdicts(
            partial(decide),
            question=_t("From now on these ratings decide to whom the products may be marketed."),
            seen=str(item.pk),
        )

    def panels(self, request: HttpRequest, item: RatingReview) -> Sequence[Panel]:
        """Each product's ratings before and after."""
        return (
            Panel(
                title=_t("Ratings"),
                headers=(
                    *(_t("product"), _t("issuer's rating"), _t("our rating")),
                    *(_t("issuer's rating, new"), _t("our rating, new")),
                ),
                rows=[
                    (
                        code(product),
                        *(_rating(told["before"].get(name)) for name in RATINGS),
                        *(_rating(told["after"].get(name)) for name in RATINGS),
                    )
                    for product, told in sorted(item.changes.items())
                ],
                empty="",
            ),
        )


def _rating(value: int | None) -> str:
    return "—" if value is None else f"R{value}"
