"""Why a tag is refused."""

from typing import Final

from compliance.sentences import Sentence, Spoken
from segments.errors.base import SegmentError


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
        en="The customer had the tag {key} deleted or refuses personalisation; it is given again"
        " only once he allows it",
        zh="客户已删除标签 {key} 或已关闭个性化；经其允许后才能再次赋予",
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
    UNKNOWN_GOAL: Final = Sentence(
        code="unknown_goal",
        en="No event {goal} has been received so far; against it every tag would seem useless",
        zh="尚未收到过事件 {goal}；以它为目标，所有标签都会显得无用",
    )
    GIVEN_BY_RULE: Final = Sentence(
        code="tag_given_by_rule",
        en="The tag {key} is given by its {source} only",
        zh="标签 {key} 只能由其来源（{source}）赋予",
    )


class TagRefused(Spoken, SegmentError):
    """A tag that cannot be defined, changed or given so; ``path`` names the field."""
