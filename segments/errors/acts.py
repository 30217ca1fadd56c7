"""Why what is asked of a segment, a list or an engine cannot be done."""

from typing import Final

from compliance.sentences import Sentence, Spoken
from segments.errors.base import SegmentError


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
    TAKEN: Final = Sentence(
        code="key_taken",
        en="There is a segment {key} already. Choose another key, or change that one.",
        zh="分群 {key} 已存在。请换一个标识，或修改该分群。",
    )
    RESERVED: Final = Sentence(
        code="key_reserved",
        en="The API has an address {key} of its own. Choose another key.",
        zh="{key} 是 API 自身的地址。请换一个标识。",
    )
    CHANGED: Final = Sentence(
        code="changed_meanwhile",
        en="It is version {now} by now: read it again before you change it.",
        zh="当前已是版本 {now}：请重新读取后再修改。",
    )
    IS_A_TAG: Final = Sentence(
        code="is_a_tag",
        en="This rule belongs to a tag: change it in the dictionary of tags.",
        zh="该规则属于标签：请在标签字典中修改。",
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
    STANDS_STILL: Final = Sentence(
        code="stands_still",
        en="An archived segment and a static list have no members to refresh.",
        zh="已归档的分群和静态名单没有可刷新的成员。",
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
    FILE_AND_TEXT: Final = Sentence(
        code="file_and_text",
        en="A file was chosen and numbers were pasted: give one of the two.",
        zh="既选择了文件又粘贴了客户号：请只提供其中之一。",
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


class NotPossible(Spoken, SegmentError):
    """What is asked of a segment cannot be done as things stand."""


class EngineError(Spoken, SegmentError):
    """The event archive, or the engine over it, cannot do what is asked; one sentence says why."""


class LookalikeRefused(Spoken, SegmentError):
    """A list that may not be, or cannot be, the seed of a ranking."""


class RuleTooSlow(Spoken, SegmentError):
    """A rule can be used, and asks for more than a preview may take."""


class NoSuchCustomer(Spoken, SegmentError):
    """Nobody has the number that was asked about, or he cannot be in a segment."""


EVEN_A_SAMPLE: Final = Sentence(
    code="too_slow",
    en="Even a sample takes too long: try fewer conditions, or a shorter period.",
    zh="即使抽样也耗时过长：请减少条件，或缩短时间范围。",
)
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
