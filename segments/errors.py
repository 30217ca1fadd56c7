"""What can be wrong with a segment.

SegmentError
├── RuleError        a rule that cannot be used; carries a code and a JSON pointer
├── TagRefused       a tag that cannot be defined, changed or given so
├── NotPossible      what is asked of a segment cannot be done; carries a code
├── EngineError      the event archive, or the engine over it, cannot do what is asked
├── LookalikeRefused a list that may not be, or cannot be, the seed of a ranking
└── NoSuchCustomer   nobody has the number that was asked about
"""

from dataclasses import dataclass
from typing import Final

from compliance.sentences import Language, Said, Sentence, Spoken


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
        en="Unknown key {key}",
        zh="未知的键 {key}",
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
    BAD_TEXT: Final = Sentence(
        code="bad_text",
        en="Text must not contain {what}, which cannot be stored",
        zh="文本不能包含无法存储的{what}",
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


class Refusal:
    """Why something asked of a segment is not done."""

    NO_VERSION: Final = Sentence(
        code="no_version",
        en="There is no version {number}.",
        zh="不存在版本 {number}。",
    )
    ARCHIVED: Final = Sentence(
        code="archived",
        en="The segment is archived. Put it back into use first.",
        zh="该分群已归档，请先恢复使用。",
    )
    NOT_ARCHIVED: Final = Sentence(
        code="not_archived",
        en="The segment is in use.",
        zh="该分群正在使用中。",
    )
    IN_USE: Final = Sentence(
        code="in_use",
        en="It is named by {count} segments or journeys: {names}. Change or stop these first.",
        zh="有 {count} 个分群或旅程引用了它：{names}。请先修改或停止它们。",
    )
    NOT_A_LIST: Final = Sentence(
        code="not_a_list",
        en="The segment {key} has a rule and is no list. Choose another key.",
        zh="分群 {key} 由规则定义，不是名单。请换一个标识。",
    )
    IS_A_LIST: Final = Sentence(
        code="is_a_list",
        en="This is a static list: upload numbers instead.",
        zh="这是静态名单：请改为上传客户号。",
    )
    NO_COLUMN: Final = Sentence(
        code="no_column",
        en="No column is named customer_no: name the one with the customer numbers so.",
        zh="没有名为 customer_no 的列：请把客户号所在列命名为 customer_no。",
    )
    NO_NUMBERS: Final = Sentence(
        code="no_numbers",
        en="There is no customer number. Choose a file or paste some.",
        zh="没有客户号。请选择文件或粘贴客户号。",
    )
    TOO_MANY_LINES: Final = Sentence(
        code="too_many_lines",
        en="A list has at most {most} lines. Split the file.",
        zh="名单最多 {most} 行。请拆分文件。",
    )
    NOBODY: Final = Sentence(
        code="nobody",
        en="Nobody would be in the list.",
        zh="名单中将没有任何客户。",
    )
    NO_REASON: Final = Sentence(
        code="no_reason",
        en="Say why the numbers are needed.",
        zh="请说明需要这些客户号的原因。",
    )
    TO_COME: Final = Sentence(
        code="to_come",
        en="That time is to come.",
        zh="该时刻尚未到来。",
    )
    NOBODY_THEN: Final = Sentence(
        code="nobody_then",
        en="Nobody was in at that time who can be named.",
        zh="该时刻没有可列出的成员。",
    )
    OWN_EXPORT: Final = Sentence(
        code="own_export",
        en="Whoever asked does not decide.",
        zh="申请人不能自行审批。",
    )
    OTHERS_EXPORT: Final = Sentence(
        code="others_export",
        en="Only the person who asked fetches the numbers.",
        zh="只有申请人可以下载。",
    )
    NOT_ALLOWED: Final = Sentence(
        code="not_allowed",
        en="A second person has not allowed this.",
        zh="尚未获得第二人批准。",
    )
    EXPIRED: Final = Sentence(
        code="expired",
        en="The time to fetch it is over. Ask again.",
        zh="下载期限已过，请重新申请。",
    )
    DECIDED: Final = Sentence(
        code="decided",
        en="This was decided already.",
        zh="此项已处理。",
    )
    TOO_FEW: Final = Sentence(
        code="too_few",
        en="Choose two segments or more.",
        zh="请选择两个或更多分群。",
    )
    KEY_TAKEN: Final = Sentence(
        code="key_taken",
        en="There is a segment {key} already.",
        zh="已存在分群 {key}。",
    )
    SAME_RULE: Final = Sentence(
        code="same_rule",
        en="Version {number} has the rule that is in force.",
        zh="版本 {number} 的规则就是当前生效的规则。",
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
        zh="true 或 false",
    )
    TRUE: Final = Sentence(
        code="true",
        en="true",
        zh="true",
    )
    NULL: Final = Sentence(
        code="null",
        en="null",
        zh="null",
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


class SegmentError(Exception):
    """Anything a segment refuses."""


class RuleError(Spoken, SegmentError):
    """A rule that cannot be used: the first problem found, at `path` (RFC 6901; "": the rule)."""


class TagProblem:
    """Why a tag is refused."""

    TAKEN: Final = Sentence(
        code="tag_taken",
        en="The tag {key} belongs to {theirs} and means something else; {yours} must agree with"
        " its owner or choose another name",
        zh="标签 {key} 归 {theirs} 所有且含义不同；{yours} 需与其负责人协商或另取名称",
    )
    UNKNOWN: Final = Sentence(
        code="tag_unknown",
        en="The dictionary has no tag {key}; define it first",
        zh="标签字典中没有 {key}；请先定义",
    )
    MISSING_SOURCE: Final = Sentence(
        code="tag_source_missing",
        en="Nothing here can tell the tag {key} yet",
        zh="标签 {key} 的数据来源尚不存在",
    )
    RETIRED: Final = Sentence(
        code="tag_retired",
        en="The tag {key} is retired; choose another key",
        zh="标签 {key} 已停用；请使用其他键",
    )
    NOT_RETIRING: Final = Sentence(
        code="tag_not_retiring",
        en="The tag {key} is not about to retire",
        zh="标签 {key} 不在停用公告期",
    )
    LACKING: Final = Sentence(
        code="tag_lacking",
        en="Every tag needs an owner, a scene, a purpose, a definition and a term: {field} is"
        " missing",
        zh="每个标签都需要负责人、场景、用途、定义和有效期：缺少 {field}",
    )
    RULE_AND_SOURCE: Final = Sentence(
        code="tag_rule_and_source",
        en="A tag whose source is a rule needs a rule, and no other tag has one",
        zh="来源为规则的标签必须有规则，其他标签不应有规则",
    )
    UNWANTED: Final = Sentence(
        code="tag_unwanted",
        en="The customer had the tag {key} deleted; it is given again only once he allows it",
        zh="客户已删除标签 {key}；经其允许后才能再次赋予",
    )
    BUILT_IN: Final = Sentence(
        code="tag_built_in",
        en="{key} is a field that the product fills by itself; it cannot be retired",
        zh="{key} 是系统自动填写的字段，不能停用",
    )
    NO_GOAL: Final = Sentence(
        code="no_goal",
        en="Name the event that counts as the goal, such as order_filled",
        zh="请填写作为目标的事件，例如 order_filled",
    )
    GIVEN_BY_RULE: Final = Sentence(
        code="tag_given_by_rule",
        en="The tag {key} is given by its {source} only",
        zh="标签 {key} 只能由其来源（{source}）赋予",
    )


class TagRefused(Spoken, SegmentError):
    """A tag that cannot be defined, changed or given so; ``path`` names the field."""


class NotPossible(Spoken, SegmentError):
    """What is asked of a segment cannot be done as things stand."""


class EngineError(Spoken, SegmentError):
    """The event archive, or the engine over it, cannot do what is asked; one sentence says why."""


class LookalikeRefused(Spoken, SegmentError):
    """A list that may not be, or cannot be, the seed of a ranking."""


class NoSuchCustomer(Spoken, SegmentError):
    """Nobody has the number that was asked about, or he cannot be in a segment."""


UNKNOWN_NUMBER: Final = Sentence(
    code="unknown_number",
    en="Nobody has the customer number {number}.",
    zh="没有客户号为 {number} 的客户。",
)
NOT_ACTIVE: Final = Sentence(
    code="not_active",
    en="This customer is not active any more, and so in no segment.",
    zh="该客户已不再有效，因此不属于任何分群。",
)
