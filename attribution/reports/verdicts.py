"""What a comparison says, in one sentence a manager may repeat."""

from dataclasses import dataclass

from django.utils.translation import gettext as _t

from attribution.inference.balance import Flag
from attribution.inference.comparison import Comparison, Kind
from attribution.reports import figures, words

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The short word, the sentence, and the tone its badge has."""

    word: str
    sentence: str
    tone: str


def verdict(comparison: Comparison, *, balance: Flag, currency: str) -> Verdict:
    """Better, worse or open; no judgement where the arms' sizes forbid one."""
    if comparison.declined is not None:
        reason = str(words.DECLINED.get(comparison.declined.value, comparison.declined.value))
        return Verdict(word=_t("Not judged"), sentence=reason, tone="plain")
    if balance is Flag.BLOCK:
        return Verdict(
            word=_t("Not judged"),
            sentence=_t("The arms' sizes do not fit the planned split."),
            tone="bad",
        )
    p = comparison.p if comparison.p_adjusted is None else comparison.p_adjusted
    difference = comparison.absolute or 0.0
    names = _names(comparison, p, currency)
    if p is None or p >= ALPHA:
        return Verdict(
            word=_t("Undecided"),
            sentence=_t(
                "%(metric)s of “%(arm)s” and “%(control)s” differ by %(difference)s (95%% interval "
                "%(interval)s): no reliable difference (p %(p)s)."
            )
            % names,
            tone="plain",
        )
    if difference > 0:
        return Verdict(
            word=_t("Better"),
            sentence=_t(
                "%(metric)s of “%(arm)s” are higher than of “%(control)s” by %(difference)s (95%% "
                "interval %(interval)s): more than chance explains (p %(p)s)."
            )
            % names,
            tone="good",
        )
    return Verdict(
        word=_t("Worse"),
        sentence=_t(
            "%(metric)s of “%(arm)s” are lower than of “%(control)s” by %(difference)s (95%% "
            "interval %(interval)s): more than chance explains (p %(p)s)."
        )
        % names,
        tone="bad",
    )


def difference(comparison: Comparison, value: float, currency: str) -> str:
    """A difference in the metric's unit: percentage points, or money per customer."""
    if comparison.kind is Kind.BINARY:
        return _t("%(number)s pp") % {"number": figures.signed(value * 100, 2)}
    return f"{figures.signed(value, 3)} {currency}"


def interval(comparison: Comparison, currency: str) -> str:
    """The 95 % interval of the difference, or a dash."""
    if comparison.ci95 is None:
        return figures.NOTHING
    low, high = (difference(comparison, bound, currency) for bound in comparison.ci95)
    return _t("%(low)s to %(high)s") % {"low": low, "high": high}


def _names(comparison: Comparison, p: float | None, currency: str) -> dict[str, str]:
    shown = figures.NOTHING if p is None else figures.probability(p)
    return {
        "metric": str(words.METRICS.get(comparison.metric, comparison.metric)),
        "arm": comparison.arm,
        "control": comparison.control,
        "difference": difference(comparison, comparison.absolute or 0.0, currency),
        "interval": interval(comparison, currency),
        "p": shown if shown.startswith("<") else f"= {shown}",
    }
