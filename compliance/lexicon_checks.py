"""What an officer's change of the lexicon must fulfil before anybody judges by it."""

from collections.abc import Callable
from datetime import date
from typing import Final

from compliance.errors import RulesRefused
from compliance.lexicon_versions import rules_of, tried
from compliance.models import LexiconChange
from compliance.rulebook.shipped import shipped_context
from compliance.scan import scanner_of
from compliance.sentences import Sentence
from compliance.wording.amend import SHIPPED, Lexicon
from compliance.wording.lexicon import Scope
from compliance.wording.pattern import BLANK, LONG, SHORT, read_pattern

FEWEST_LETTERS: Final = 2
LONGEST_TERM: Final = 60
MOST_TEXTS: Final = 20
LONGEST_TEXT: Final = 500

EMPTY = Sentence(code="empty", en="Fill this in.", zh="请填写此项。")
CATEGORY = Sentence(code="category", en="There is no category “{told}”.", zh="没有类别“{told}”。")
PRODUCT = Sentence(
    code="product", en="There is no product kind {told}.", zh="没有产品类型 {told}。"
)
PAST = Sentence(
    code="past",
    en="The day is over: a rule begins and ends on {today} or later.",
    zh="该日期已过：规则的生效和截止日期不得早于 {today}。",
)
ORDER = Sentence(
    code="order", en="The last day comes before the first.", zh="截止日期早于生效日期。"
)
LISTED = Sentence(
    code="listed",
    en="It is listed already as {rule}, or differs from it by nothing that is compared.",
    zh="已作为 {rule} 列出，或与其差别不参与比对。",
)
UNKNOWN = Sentence(code="unknown", en="There is no rule {rule}.", zh="没有规则 {rule}。")
OVER = Sentence(
    code="over",
    en="{rule} ends on {day} already: an earlier last day can be proposed, not a later one.",
    zh="{rule} 已定于 {day} 截止：只能提议更早的截止日期，不能推迟。",
)
MANY = Sentence(
    code="many",
    en="At most {most} texts of {longest} characters each.",
    zh="最多 {most} 条文本，每条不超过 {longest} 个字符。",
)
NO_HIT = Sentence(
    code="no_hit",
    en="“{text}” is no hit without the exclusion either: take it out.",
    zh="“{text}”即使没有排除语也不会命中：请删去。",
)
ALL_OUT = Sentence(
    code="all_out",
    en="“{text}” is the term itself: it would exclude every hit.",
    zh="“{text}”就是该词条本身：会排除所有命中。",
)


def categories() -> tuple[str, ...]:
    """The categories of the shipped lexicon, in their order."""
    return tuple(sorted({term.category for term in rules_of(SHIPPED).values()}))


def check_addition(change: LexiconChange, lexicon: Lexicon, *, today: date) -> None:
    """Refuse a term or pattern that nobody could judge by.

    Raises
    ------
    RulesRefused : it says what is wrong; ``path`` names the field.
    """
    plain = scanner_of(SHIPPED).plain
    for field in ("text", "basis", "explanation_en", "explanation_zh"):
        if not getattr(change, field):
            raise RulesRefused(EMPTY, field)
    _check_text(change, plain)
    if change.category not in categories():
        raise RulesRefused(CATEGORY, "category", told=change.category)
    for kind in change.products:
        if kind not in shipped_context().products:
            raise RulesRefused(PRODUCT, "products", told=kind)
    assert change.effective_from is not None, "an addition has a first day"
    if change.effective_from < today:
        raise RulesRefused(PAST, "effective_from", today=today.isoformat())
    if change.effective_to is not None and change.effective_to < change.effective_from:
        raise RulesRefused(ORDER, "effective_to")
    _refuse_listed(change, lexicon, plain)
    for field in ("neutral", "samples"):
        texts = getattr(change, field)
        if len(texts) > MOST_TEXTS or any(len(text) > LONGEST_TEXT for text in texts):
            raise RulesRefused(MANY, field, most=MOST_TEXTS, longest=LONGEST_TEXT)
    _check_neutral(change, lexicon, plain)


def check_ending(change: LexiconChange, lexicon: Lexicon, *, today: date) -> None:
    """Refuse a last day of no rule, one that is over, and one after the rule's own.

    Raises
    ------
    RulesRefused : it says what is wrong; ``path`` names the field.
    """
    rule = rules_of(lexicon).get(change.rule_id)
    if rule is None:
        raise RulesRefused(UNKNOWN, "rule_id", rule=change.rule_id)
    for field in ("explanation_en", "explanation_zh"):
        if not getattr(change, field):
            raise RulesRefused(EMPTY, field)
    assert change.effective_to is not None, "an ending has a last day"
    if change.effective_to < today:
        raise RulesRefused(PAST, "effective_to", today=today.isoformat())
    last = rule.validity.last_day(lexicon.version)
    if last is not None and last <= change.effective_to:
        raise RulesRefused(OVER, "effective_to", rule=change.rule_id, day=last.isoformat())


def _check_text(change: LexiconChange, plain: Callable[[str], str]) -> None:
    if change.kind == LexiconChange.Kind.PATTERN:
        read_pattern(change.text, plain)
        return
    if len(change.text) > LONGEST_TERM:
        raise RulesRefused(LONG, "text", most=LONGEST_TERM)
    if not plain(change.text):
        raise RulesRefused(BLANK, "text", text=change.text)
    if len(plain(change.text)) < FEWEST_LETTERS:
        raise RulesRefused(SHORT, "text", fewest=FEWEST_LETTERS)


def _refuse_listed(change: LexiconChange, lexicon: Lexicon, plain: Callable[[str], str]) -> None:
    """The same text twice would have two verdicts; one that ends before this begins may return."""
    first = change.effective_from
    assert first is not None, "an addition has a first day"
    for rule in rules_of(lexicon).values():
        last = rule.validity.last_day(lexicon.version)
        is_over = last is not None and last < first
        if not is_over and plain(rule.text) == plain(change.text):
            raise RulesRefused(LISTED, "text", rule=rule.rule_id)


def _check_neutral(change: LexiconChange, lexicon: Lexicon, plain: Callable[[str], str]) -> None:
    """Each exclusion must hold a hit, and more than the hit."""
    if not change.neutral:
        return
    bare = LexiconChange(
        **{
            field.attname: getattr(change, field.attname)
            for field in LexiconChange._meta.concrete_fields
        }
    )
    bare.neutral = []
    trial = tried(lexicon, bare)
    assert change.effective_from is not None, "an addition has a first day"
    products = frozenset(change.products) or None
    scope = Scope(on=change.effective_from, products=products, version=trial.version)
    for text in change.neutral:
        hits = scanner_of(trial).hits_of_whole(text, scope=scope)
        own = [hit for hit in hits if hit.rule_id == change.rule_id]
        if not own:
            raise RulesRefused(NO_HIT, "neutral", text=text)
        if any(plain(text[hit.start : hit.end]) == plain(text) for hit in own):
            raise RulesRefused(ALL_OUT, "neutral", text=text)
