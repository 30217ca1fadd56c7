"""What pages show: badges, links, figures, times and tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from compliance.models import Review


class Tone(StrEnum):
    """What a badge's colour says; the text says it too."""

    GOOD = "good"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    PLAIN = "plain"


VERDICT_TONES = {
    Review.Verdict.PENDING: Tone.BUSY,
    Review.Verdict.APPROVED: Tone.GOOD,
    Review.Verdict.RETURNED: Tone.WARN,
}


def badge(text: object, tone: Tone = Tone.PLAIN) -> SafeString:
    """A short state in a coloured box."""
    return format_html('<span class="ts-badge ts-{}">{}</span>', tone.value, text)


def code(text: object) -> SafeString:
    """A key or hash, in the monospace face."""
    return format_html('<code class="ts-code">{}</code>', text)


def link(url: str, text: object) -> SafeString:
    """A link to another page of the console."""
    return format_html('<a class="ts-link" href="{}">{}</a>', url, text)


SUBJECT_WORDS = {
    "account": _("Provider account"),
    "journey": _("Journey"),
    "lexicon": _("Lexicon"),
    "rules": _("Rules"),
    "snippet": _("Snippet"),
    "template": _("Template"),
}


def review_subject(review: Review) -> str:
    """What is under review: its kind in words, and its key."""
    return f"{SUBJECT_WORDS.get(review.subject_kind, review.subject_kind)} · {review.subject_key}"


def verdict_badge(review: Review | None) -> SafeString:
    """The verdict in words and colour; what nobody submitted is a draft."""
    if review is None:
        return badge(_t("Draft"))
    verdict = Review.Verdict(review.verdict)
    return badge(verdict.label, VERDICT_TONES[verdict])


def figure(value: int) -> str:
    """A whole number, grouped by three as English and Chinese finance both do."""
    return f"{value:,}"


def counted(count: int, every: int) -> str:
    """A count; an estimate, marked so, where ``every`` stand behind each that was counted."""
    return figure(count) if every == 1 else f"≈ {figure(count * every)}"


def moment(at: datetime | None) -> str:
    """A time in the reader's zone and language; a dash when there is none."""
    return date_format(timezone.localtime(at), "DATETIME_FORMAT") if at else "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A titled table below a form, or the sentence that says why there is none."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[object]]
    empty: str
    note: str = ""
    numeric: frozenset[int] = field(default_factory=frozenset)
