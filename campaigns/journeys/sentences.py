"""What is said about a journey's JSON that cannot be read, or that may not go live.

What only one node kind says stands in its own file. A code may have several wordings.
"""

from collections.abc import Mapping
from typing import Final

from compliance.sentences import Sentence

NOT_A_JOURNEY: Final = Sentence(
    code="not_an_object", en="A journey is a JSON object.", zh="旅程必须是 JSON 对象。"
)
NOT_A_NODE: Final = Sentence(
    code="not_an_object", en="A node is a JSON object.", zh="节点必须是 JSON 对象。"
)
NOT_A_GOAL: Final = Sentence(
    code="not_an_object", en="“goal” is a JSON object.", zh="“goal”必须是 JSON 对象。"
)
NOT_AN_EXPERIMENT: Final = Sentence(
    code="not_an_object",
    en="“experiment” must be a key or an object.",
    zh="“experiment”必须是标识或对象。",
)
ONE_ENTRY: Final = Sentence(
    code="one_entry", en="A journey needs exactly one entry.", zh="旅程必须恰好有一个入口。"
)
NO_NODES: Final = Sentence(
    code="no_nodes",
    en="“nodes” must list 1 to {most} nodes.",
    zh="“nodes”必须列出 1 到 {most} 个节点。",
)
ID_TOO_LONG: Final = Sentence(
    code="id_too_long",
    en="A node's id has at most {most} characters.",
    zh="节点标识最多 {most} 个字符。",
)
ID_TAKEN: Final = Sentence(code="id_taken", en="The id “{id}” is taken.", zh="标识“{id}”已被占用。")
UNKNOWN_TYPE: Final = Sentence(
    code="unknown_type",
    en="Unknown type “{type}”. Known: {known}.",
    zh="未知的类型“{type}”。可用：{known}。",
)
NO_EDGES: Final = Sentence(
    code="no_edges",
    en="“edges” must list at most {most} edges.",
    zh="“edges”最多列出 {most} 条连线。",
)
NOT_AN_EDGE: Final = Sentence(
    code="not_an_edge",
    en="An edge is [from, to] or [from, to, label].",
    zh="连线的形式是 [起点, 终点] 或 [起点, 终点, 标签]。",
)
UNKNOWN_NODE: Final = Sentence(
    code="unknown_node", en="No node is called “{id}”.", zh="没有名为“{id}”的节点。"
)
AMBIGUOUS: Final = Sentence(
    code="ambiguous",
    en="“{id}” already has a way on for “{label}”.",
    zh="“{id}”的“{label}”出口已有去向。",
)
UNKNOWN_PRIORITY: Final = Sentence(
    code="unknown_priority",
    en="“priority” is one of {known}.",
    zh="“priority”只能是 {known} 之一。",
)
UNKNOWN_STAGES: Final = Sentence(
    code="unknown_stages",
    en="“lifecycle” lists stages the journey is valid for: {known}.",
    zh="“lifecycle”应列出旅程适用的阶段：{known}。",
)
UNKNOWN_REENTRY: Final = Sentence(
    code="unknown_reentry",
    en="“reentry” is never, after_exit or {{“days”: n}}.",
    zh="“reentry”只能是 never、after_exit 或 {{“days”: n}}。",
)
NOT_TEXTS: Final = Sentence(
    code="not_texts", en="“{key}” lists event names.", zh="“{key}”必须列出事件名称。"
)
BAD_NAME: Final = Sentence(
    code="bad_name",
    en="A journey's key has 1 to 64 letters, digits, - and _; its name at most {most} letters.",
    zh="旅程标识由 1 到 64 个字母、数字、- 和 _ 组成；名称为 1 到 {most} 个字符。",
)
UNKNOWN_KEY: Final = Sentence(
    code="unknown_key",
    en="Unknown key “{key}”. Known: {known}.",
    zh="未知的键“{key}”。可用：{known}。",
)
NO_KEYS: Final = Sentence(
    code="unknown_key",
    en="Unknown key “{key}”: none is known here.",
    zh="未知的键“{key}”：此处不接受任何键。",
)
NOT_STORABLE: Final = Sentence(
    code="not_storable",
    en="A NUL, half a surrogate pair or a number without value cannot be stored.",
    zh="NUL 字符、半个代理对或非数值的数字无法存储。",
)
NOT_A_TEXT: Final = Sentence(
    code="not_a_text", en="“{key}” must be a text.", zh="“{key}”必须是非空文本。"
)
TOO_LONG: Final = Sentence(
    code="too_long", en="“{key}” has at most {most} characters.", zh="“{key}”最多 {most} 个字符。"
)
BAD_LABEL: Final = Sentence(
    code="bad_label", en="A label has 1 to {most} characters.", zh="标签为 1 到 {most} 个字符。"
)
TWO_TIMES: Final = Sentence(
    code="two_times",
    en="A wait has “seconds” or “days”, not both.",
    zh="等待节点只能填写“seconds”或“days”之一。",
)
NOT_WHOLE: Final = Sentence(
    code="not_whole", en="“{key}” must be a whole number.", zh="“{key}”必须是整数。"
)
NOT_IN_RANGE: Final = Sentence(
    code="not_in_range",
    en="“{key}” must be a number from {least:.15g} to {most:.15g}.",
    zh="“{key}”必须是 {least:.15g} 到 {most:.15g} 之间的数字。",
)
UNKNOWN_ARM: Final = Sentence(
    code="unknown_arm", en="No arm is called “{arm}”.", zh="没有名为“{arm}”的组别。"
)
EVERY_ARM: Final = Sentence(
    code="unknown_arm", en="“weights” must name every arm.", zh="“weights”必须列出每个组别。"
)
NO_WEIGHT: Final = Sentence(
    code="no_weight", en="At least one arm needs a weight.", zh="至少一个组别的权重须大于零。"
)
UNKNOWN_EXIT: Final = Sentence(
    code="unknown_exit", en="“{id}” has no exit “{label}”.", zh="“{id}”没有出口“{label}”。"
)
OPEN_EXIT: Final = Sentence(
    code="open_exit",
    en="Customers leaving “{id}” by “{label}” end there.",
    zh="客户从“{id}”经“{label}”离开后即告结束。",
)
OPEN_END: Final = Sentence(
    code="open_exit", en="Customers leaving “{id}” end there.", zh="客户离开“{id}”后即告结束。"
)
AFTER_EXIT: Final = Sentence(
    code="after_exit", en="Nothing follows an exit.", zh="结束节点之后不能再有节点。"
)
UNREACHABLE: Final = Sentence(
    code="unreachable", en="No way leads to “{id}”.", zh="没有路径通向“{id}”。"
)
BACK_TO_ENTRY: Final = Sentence(
    code="back_to_entry", en="No way may lead back to the entry.", zh="路径不得回到入口。"
)
ENDLESS_CYCLE: Final = Sentence(
    code="endless_cycle",
    en="“{id}” lies on a cycle without a wait that has max_visits.",
    zh="“{id}”所在的循环中没有带 max_visits 的等待节点。",
)
EXPERIMENT_TWICE: Final = Sentence(
    code="experiment_taken",
    en="The experiment “{key}” stands at two nodes.",
    zh="实验“{key}”出现在两个节点上。",
)
EXPERIMENT_TAKEN: Final = Sentence(
    code="experiment_taken",
    en="Another journey runs the experiment “{key}”.",
    zh="另一个旅程正在进行实验“{key}”。",
)
UNKNOWN_SEGMENT: Final = Sentence(
    code="unknown_segment", en="No segment “{key}”.", zh="不存在分群“{key}”。"
)
NO_ACCOUNT: Final = Sentence(
    code="no_account",
    en="No provider account serves the channel “{channel}”.",
    zh="没有供应商账号服务于渠道“{channel}”。",
)
TEMPLATE_NOT_APPROVED: Final = Sentence(
    code="template_not_approved",
    en="The template “{key}” has no approved version.",
    zh="模板“{key}”没有已批准的版本。",
)
WRONG_CHANNEL: Final = Sentence(
    code="wrong_channel",
    en="The template “{key}” is for {meant}, not {channel}.",
    zh="模板“{key}”用于 {meant}，而不是 {channel}。",
)
PURPOSE_WORDS: Final[Mapping[str, Sentence]] = {
    "marketing": Sentence(code="marketing", en="marketing", zh="营销"),
    "education": Sentence(code="education", en="investor education", zh="投资者教育"),
    "service": Sentence(code="service", en="service", zh="服务"),
    "protective": Sentence(code="protective", en="protective", zh="保护"),
    "statutory": Sentence(code="statutory", en="statutory", zh="法定"),
}
WRONG_PURPOSE: Final = Sentence(
    code="wrong_purpose",
    en="The template “{key}” was approved as “{meant}”; a journey of priority “{priority}” may not"
    " send it. Have it approved for that, or choose another.",
    zh="模板“{key}”是按“{meant}”批准的，优先级为“{priority}”的旅程不能发送。"
    "请按该用途重新送审，或另选模板。",
)
BAD_RULE: Final = Sentence(
    code="bad_rule", en="The rule of “{label}”: {why}", zh="“{label}”的规则：{why}"
)
