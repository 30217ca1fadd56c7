"""What can be wrong with a segment.

SegmentError
└── RuleError        a rule that cannot be used; carries a code and a JSON pointer

Pure rooms raise these, so the sentences live here in both languages and no framework
is asked to translate them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Language = Literal["en", "zh"]


class Code(StrEnum):
    """Machine-readable reason of a rule error or warning; stable, part of the API."""

    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_KIND = "unknown_kind"
    SEVERAL_KINDS = "several_kinds"
    UNKNOWN_KEY = "unknown_key"
    MISSING_KEY = "missing_key"
    WRONG_TYPE = "wrong_type"
    EMPTY_LIST = "empty_list"
    TOO_MANY = "too_many"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    BAD_TEXT = "bad_text"
    EMPTY_TEXT = "empty_text"
    TOO_LONG = "too_long"
    BAD_NUMBER = "bad_number"
    OUT_OF_RANGE = "out_of_range"
    BAD_DATE = "bad_date"
    REVERSED = "reversed_range"
    MIXED_TYPES = "mixed_types"
    UNKNOWN_OPERATOR = "unknown_operator"
    OPERATOR_NOT_ALLOWED = "operator_not_allowed"
    UNKNOWN_CHOICE = "unknown_choice"
    BAD_REGEX = "bad_regex"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_SEGMENT = "unknown_segment"
    UNKNOWN_TAG = "unknown_tag"
    UNKNOWN_JOURNEY = "unknown_journey"
    CYCLE = "cycle"
    UNKNOWN_EVENT = "unknown_event"
    ALWAYS_TRUE = "always_true"


class Term(StrEnum):
    """A noun used inside a message, said in the reader's language."""

    OBJECT = "object"
    LIST = "list"
    TEXT = "text"
    NUMBER = "number"
    WHOLE_NUMBER = "whole_number"
    BOOLEAN = "boolean"
    TRUE = "true"
    NULL = "null"
    PAIR = "pair"
    DATE = "date"
    DATETIME = "datetime"
    SCALAR = "scalar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding about a rule: why (`code`), where (`path`, a JSON pointer), and the details."""

    code: Code
    path: str
    details: Mapping[str, str | Term]

    @property
    def message(self) -> str:
        """The finding in English."""
        return self.in_language("en")

    def in_language(self, language: Language) -> str:
        """The finding as one sentence in `language`."""
        column = 0 if language == "en" else 1
        said = {
            name: _TERMS[detail][column] if isinstance(detail, Term) else detail
            for name, detail in self.details.items()
        }
        sentence = _SENTENCES[self.code][column].format(**said)
        if suggestion := said.get("suggestion"):
            sentence += _SUGGESTIONS[column].format(suggestion=suggestion)
        return sentence


class SegmentError(Exception):
    """Anything a segment refuses."""


class RuleError(SegmentError):
    """A rule that cannot be used. `code`, `message` and `path` name the first problem found."""

    def __init__(self, code: Code, path: str, **details: str | Term) -> None:
        self.problem = Problem(code=code, path=path, details=details)
        super().__init__(self.problem.message)

    @property
    def code(self) -> Code:
        return self.problem.code

    @property
    def path(self) -> str:
        """JSON pointer (RFC 6901) into the rule; empty for the rule itself."""
        return self.problem.path

    @property
    def message(self) -> str:
        return self.problem.message


_SUGGESTIONS = ("; did you mean {suggestion}?", "；是否想用 {suggestion}？")

_TERMS: dict[Term, tuple[str, str]] = {
    Term.OBJECT: ("an object", "对象"),
    Term.LIST: ("a list", "列表"),
    Term.TEXT: ("text", "文本"),
    Term.NUMBER: ("a number", "数字"),
    Term.WHOLE_NUMBER: ("a whole number", "整数"),
    Term.BOOLEAN: ("true or false", "true 或 false"),
    Term.TRUE: ("true", "true"),
    Term.NULL: ("null", "null"),
    Term.PAIR: ("a list of two values", "两个值的列表"),
    Term.DATE: ("a date such as 2026-03-31", "形如 2026-03-31 的日期"),
    Term.DATETIME: (
        "a date or time such as 2026-03-31T09:30:00+08:00",
        "形如 2026-03-31T09:30:00+08:00 的日期或时间",
    ),
    Term.SCALAR: ("text, a number, true or false", "文本、数字、true 或 false"),
}

_SENTENCES: dict[Code, tuple[str, str]] = {
    Code.NOT_AN_OBJECT: (
        "A condition must be an object, not {got}",
        "条件必须是对象，而不是{got}",
    ),
    Code.UNKNOWN_KIND: (
        "This object is no known condition; it needs one of: {allowed}",
        "无法识别的条件；需要包含其中之一：{allowed}",
    ),
    Code.SEVERAL_KINDS: (
        "One condition per object: {kinds} cannot stand together",
        "一个对象只能有一个条件：{kinds} 不能同时出现",
    ),
    Code.UNKNOWN_KEY: ("Unknown key {key}", "未知的键 {key}"),
    Code.MISSING_KEY: ("The key {key} is missing", "缺少键 {key}"),
    Code.WRONG_TYPE: ("Expected {expected}, got {got}", "应为{expected}，实际为{got}"),
    Code.EMPTY_LIST: ("This list must not be empty", "列表不能为空"),
    Code.TOO_MANY: ("At most {limit} entries are allowed here", "此处最多允许 {limit} 项"),
    Code.TOO_DEEP: (
        "The rule is nested deeper than {limit} levels",
        "规则嵌套超过 {limit} 层",
    ),
    Code.TOO_LARGE: (
        "The rule has more than {limit} conditions",
        "规则的条件数超过 {limit} 个",
    ),
    Code.BAD_TEXT: (
        "Text must not contain {what}, which cannot be stored",
        "文本不能包含无法存储的{what}",
    ),
    Code.EMPTY_TEXT: ("This text must not be empty", "文本不能为空"),
    Code.TOO_LONG: (
        "Text may have at most {limit} characters",
        "文本最多 {limit} 个字符",
    ),
    Code.BAD_NUMBER: (
        "{got} is not a number that can be compared",
        "{got} 不是可比较的数字",
    ),
    Code.OUT_OF_RANGE: (
        "The value must be between {low} and {high}",
        "取值必须在 {low} 到 {high} 之间",
    ),
    Code.BAD_DATE: ("{got} is not {expected}", "{got} 不是{expected}"),
    Code.REVERSED: (
        "The range ends before it begins: {low} is above {high}",
        "范围的结束早于开始：{low} 大于 {high}",
    ),
    Code.MIXED_TYPES: (
        "All values of this list must be of one type",
        "列表中的值必须为同一类型",
    ),
    Code.UNKNOWN_OPERATOR: (
        "Unknown operator {got}; allowed: {allowed}",
        "未知的运算符 {got}；可用：{allowed}",
    ),
    Code.OPERATOR_NOT_ALLOWED: (
        "{op} cannot be used with {name}; allowed: {allowed}",
        "{op} 不能用于 {name}；可用：{allowed}",
    ),
    Code.UNKNOWN_CHOICE: (
        "{got} is no value of {name}; allowed: {allowed}",
        "{got} 不是 {name} 的取值；可用：{allowed}",
    ),
    Code.BAD_REGEX: (
        "This pattern cannot be used: {reason}",
        "此模式无法使用：{reason}",
    ),
    Code.UNKNOWN_FIELD: ("Unknown field {name}", "未知的字段 {name}"),
    Code.UNKNOWN_SEGMENT: ("There is no segment {name}", "不存在分群 {name}"),
    Code.UNKNOWN_TAG: ("There is no tag {name}", "不存在标签 {name}"),
    Code.UNKNOWN_JOURNEY: ("There is no journey {name}", "不存在旅程 {name}"),
    Code.CYCLE: (
        "The segment would depend on itself: {chain}",
        "分群将依赖自身：{chain}",
    ),
    Code.UNKNOWN_EVENT: (
        "No event {name} has been received so far",
        "尚未收到过事件 {name}",
    ),
    Code.ALWAYS_TRUE: (
        "This condition is true for every customer",
        "该条件对所有客户都成立",
    ),
}
