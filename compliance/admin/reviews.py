"""What was given to a second person, and what he said."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.console.lists import ReadOnlyAdmin, closed_filter
from compliance.console.shown import SUBJECT_WORDS, Tone, badge, code, review_subject
from compliance.models import Review

VERDICT_TONES = {
    Review.Verdict.PENDING: Tone.BUSY,
    Review.Verdict.APPROVED: Tone.GOOD,
    Review.Verdict.RETURNED: Tone.WARN,
}


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """Who asked for what to be checked; verdicts are given on the page of the subject."""

    list_display = ("subject", "state", "maker", "submitted_at", "checker", "decided_at")
    list_filter = ("verdict", closed_filter("subject_kind", _("kind"), SUBJECT_WORDS))
    list_select_related = ("maker", "checker")
    ordering = ("-id",)
    search_fields = ("subject_key__startswith",)
    search_help_text = _("Beginning of the subject's key")
    fields = (
        "subject",
        "state",
        ("maker", "submitted_at"),
        ("checker", "decided_at"),
        "opinion",
        "content",
    )
    readonly_fields = ("subject", "state", "content")

    @display(description=_("subject"))
    def subject(self, review: Review) -> str:
        """What is under review."""
        return review_subject(review)

    @display(description=_("verdict"), ordering="verdict")
    def state(self, review: Review) -> SafeString:
        """The verdict in words."""
        verdict = Review.Verdict(review.verdict)
        return badge(verdict.label, VERDICT_TONES[verdict])

    @display(description=_("content hash"))
    def content(self, review: Review) -> SafeString:
        """The hash of what was submitted."""
        return code(review.subject_hash)
