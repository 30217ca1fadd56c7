"""What can be wrong with a rule: the sentences, and the error that carries one and its place."""

from dataclasses import dataclass
from typing import Final

from compliance.sentences import Language, Said, Sentence, Spoken
from segments.errors.base import SegmentError


class Code:
    """Why a rule is wrong or doubtful; the codes are stable and part of the API."""

    NOT_AN_OBJECT: Final = Sentence(
        code="not_an_object",
        en="A condition must be an object, not {got}",
        zh="条件必须是对象，而不是{got}",
    )
    UNKNOWN_KIND: Final = Sentence(
        code="unknown_kind",
        en="This object is no known condition; it needs one of: {allowed}",
        zh="无法识别的条件；需要包含其中之一：{allowed}",
    )
    SEVERAL_KINDS: Final = Sentence(
        code="several_kinds",
        en="One condition per object: {kinds} cannot stand together",
        zh="一个对象只能有一个条件：{kinds} 不能同时出现",
    )
    UNKNOWN_KEY: Final = Sentence(
        code="unknown_key",
        en="Unknown key {key}; allowed: {allowed}",
        zh="未知的键 {key}；可用：{allowed}",
    )
    NO_OPERAND: Final = Sentence(
        code="unknown_key",
        en="{op} takes no value: leave it out",
        zh="{op} 不带取值：请去掉 value",
    )
    MISSING_KEY: Final = Sentence(
        code="missing_key",
        en="The key {key} is missing",
        zh="缺少键 {key}",
    )
    WRONG_TYPE: Final = Sentence(
        code="wrong_type",
        en="Expected {expected}, got {got}",
        zh="应为{expected}，实际为{got}",
    )
    EMPTY_LIST: Final = Sentence(
        code="empty_list",
        en="This list must not be empty",
        zh="列表不能为空",
    )
    TOO_MANY: Final = Sentence(
        code="too_many",
        en="At most {limit} entries are allowed here",
        zh="此处最多允许 {limit} 项",
    )
    TOO_FEW: Final = Sentence(
        code="too_few",
        en="At least {limit} entries are needed here",
        zh="此处至少需要 {limit} 项",
    )
    TOO_DEEP: Final = Sentence(
        code="too_deep",
        en="The rule is nested deeper than {limit} levels",
        zh="规则嵌套超过 {limit} 层",
    )
    TOO_LARGE: Final = Sentence(
        code="too_large",
        en="The rule has more than {limit} conditions",
        zh="规则的条件数超过 {limit} 个",
    )
    TOO_MANY_VALUES: Final = Sentence(
        code="too_large",
        en="The rule's lists hold more than {limit} values in all: upload a static list instead",
        zh="规则中各列表的取值合计超过 {limit} 个：请改为上传静态名单",
    )
    TOO_MANY_PROPERTIES: Final = Sentence(
        code="too_large",
        en="The rule has more than {limit} conditions on properties of events in all",
        zh="规则中对事件属性的条件合计超过 {limit} 个",
    )
    BAD_TEXT: Final = Sentence(
        code="bad_text",
        en="Text must not contain{what}, which cannot be stored",
        zh="文本不能包含无法存储的{what}",
    )
    NAMES_SOMEBODY: Final = Sentence(
        code="names_somebody",
        en="A rule may not hold a phone number, an e-mail address or the number of an identity"
        " card: upload the customers as a list, and ask for that",
        zh="规则不能包含手机号、邮箱地址或身份证号码：请将这些客户作为名单上传，再引用该名单",
    )
    EMPTY_TEXT: Final = Sentence(
        code="empty_text",
        en="This text must not be empty",
        zh="文本不能为空",
    )
    TOO_LONG: Final = Sentence(
        code="too_long",
        en="Text may have at most {limit} characters",
        zh="文本最多 {limit} 个字符",
    )
    BAD_NUMBER: Final = Sentence(
        code="bad_number",
        en="{got} is not a number that can be compared",
        zh="{got} 不是可比较的数字",
    )
    TOO_FINE: Final = Sentence(
        code="bad_number",
        en="{got} is too fine: a share has two decimals at most",
        zh="{got} 过细：比例最多两位小数",
    )
    NULL_OPERAND: Final = Sentence(
        code="wrong_type",
        en="null cannot be compared; ask for missing values with not_exists, for known ones with"
        " exists",
        zh="null 无法比较；要找缺失的值请用 not_exists，要找已有的值请用 exists",
    )
    OUT_OF_RANGE: Final = Sentence(
        code="out_of_range",
        en="The value must be between {low} and {high}",
        zh="取值必须在 {low} 到 {high} 之间",
    )
    BAD_DATE: Final = Sentence(
        code="bad_date",
        en="{got} is not {expected}",
        zh="{got} 不是{expected}",
    )
    REVERSED: Final = Sentence(
        code="reversed_range",
        en="The range ends before it begins: {low} is above {high}",
        zh="范围的结束早于开始：{low} 大于 {high}",
    )
    MIXED_TYPES: Final = Sentence(
        code="mixed_types",
        en="All values of this list must be of one type",
        zh="列表中的值必须为同一类型",
    )
    UNKNOWN_OPERATOR: Final = Sentence(
        code="unknown_operator",
        en="Unknown operator {got}; allowed: {allowed}",
        zh="未知的运算符 {got}；可用：{allowed}",
    )
    OPERATOR_NOT_ALLOWED: Final = Sentence(
        code="operator_not_allowed",
        en="{op} cannot be used with {name}; allowed: {allowed}",
        zh="{op} 不能用于 {name}；可用：{allowed}",
    )
    UNKNOWN_CHOICE: Final = Sentence(
        code="unknown_choice",
        en="{got} is no value of {name}; allowed: {allowed}",
        zh="{got} 不是 {name} 的取值；可用：{allowed}",
    )
    BAD_REGEX: Final = Sentence(
        code="bad_regex",
        en="This pattern cannot be used: {reason}",
        zh="此模式无法使用：{reason}",
    )
    UNKNOWN_FIELD: Final = Sentence(
        code="unknown_field",
        en="Unknown field {name}",
        zh="未知的字段 {name}",
    )
    UNLIKE_ANY_FIELD: Final = Sentence(
        code="unknown_field",
        en="Unknown field {name}; the builder offers those there are",
        zh="未知的字段 {name}；可用字段见可视化编辑器",
    )
    UNKNOWN_SEGMENT: Final = Sentence(
        code="unknown_segment",
        en="There is no segment {name}",
        zh="不存在分群 {name}",
    )
    UNKNOWN_TAG: Final = Sentence(
        code="unknown_tag",
        en="There is no tag {name}",
        zh="不存在标签 {name}",
    )
    UNKNOWN_JOURNEY: Final = Sentence(
        code="unknown_journey",
        en="There is no journey {name}",
        zh="不存在旅程 {name}",
    )
    CYCLE: Final = Sentence(
        code="cycle",
        en="The segment would depend on itself: {chain}",
        zh="分群将依赖自身：{chain}",
    )
    UNKNOWN_EVENT: Final = Sentence(
        code="unknown_event",
        en="No event {name} has been received so far",
        zh="尚未收到过事件 {name}",
    )
    ALWAYS_TRUE: Final = Sentence(
        code="always_true",
        en="This condition is true for every customer",
        zh="该条件对所有客户都成立",
    )
    NEVER_TRUE: Final = Sentence(
        code="never_true",
        en="This condition is true for no customer: no level lies there",
        zh="该条件对任何客户都不成立：没有符合的等级",
    )
    PERIOD_AHEAD: Final = Sentence(
        code="period_ahead",
        en="The period begins on {start}: until then nothing counts",
        zh="该时间范围从 {start} 开始：在此之前不计入任何事件",
    )
    FEWER_MONTHS: Final = Sentence(
        code="fewer_months",
        en="{months} months in a row do not fit: as of today the period reaches into {touched};"
        " choose a longer one",
        zh="截至今天，该时间范围只涉及 {touched} 个自然月，无法连续 {months} 个月；请延长范围",
    )


class Term:
    """A noun used inside a message."""

    OBJECT: Final = Sentence(
        code="object",
        en="an object",
        zh="对象",
    )
    LIST: Final = Sentence(
        code="list",
        en="a list",
        zh="列表",
    )
    TEXT: Final = Sentence(
        code="text",
        en="text",
        zh="文本",
    )
    NUMBER: Final = Sentence(
        code="number",
        en="a number",
        zh="数字",
    )
    WHOLE_NUMBER: Final = Sentence(
        code="whole_number",
        en="a whole number",
        zh="整数",
    )
    BOOLEAN: Final = Sentence(
        code="boolean",
        en="true or false",
        zh=" true 或 false",
    )
    TRUE: Final = Sentence(
        code="true",
        en="true",
        zh=" true",
    )
    FALSE: Final = Sentence(
        code="false",
        en="false",
        zh=" false",
    )
    NULL: Final = Sentence(
        code="null",
        en="null",
        zh=" null",
    )
    SO_MANY: Final = Sentence(
        code="so_many",
        en="a list of {count}",
        zh="{count} 个值的列表",
    )
    PAIR: Final = Sentence(
        code="pair",
        en="a list of two values",
        zh="两个值的列表",
    )
    DATE: Final = Sentence(
        code="date",
        en="a date such as 2026-03-31",
        zh="形如 2026-03-31 的日期",
    )
    DATETIME: Final = Sentence(
        code="datetime",
        en="a date or time such as 2026-03-31T09:30:00+08:00",
        zh="形如 2026-03-31T09:30:00+08:00 的日期或时间",
    )
    SCALAR: Final = Sentence(
        code="scalar",
        en="text, a number, true or false",
        zh="文本、数字、true 或 false",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding about a rule: what is said, and where (`path`, a JSON pointer)."""

    said: Said
    path: str

    @property
    def code(self) -> str:
        """Stable reason."""
        return self.said.code

    @property
    def message(self) -> str:
        """The finding in English."""
        return str(self.said)

    def in_language(self, language: Language) -> str:
        """The finding as one sentence in `language`."""
        return self.said.in_language(language)


class RuleError(Spoken, SegmentError):
    """A rule that cannot be used: the first problem found, at `path` (RFC 6901; "": the rule)."""
