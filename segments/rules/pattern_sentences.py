"""Why a text pattern cannot be used, RE2's own reasons included.

They are said inside "This pattern cannot be used: …", so they begin small and have no full stop.
"""

from collections.abc import Mapping
from typing import Final

from compliance.sentences import Said, Sentence

TOO_LONG: Final = Sentence(
    code="too_long",
    en="it is longer than {limit} characters",
    zh="超过 {limit} 个字符",
)
TOO_EARLY: Final = Sentence(code="too_early", en="it ends too early", zh="模式提前结束")
MISSING: Final = Sentence(code="missing", en="{sign} is missing", zh="缺少 {sign}")
UNEXPECTED: Final = Sentence(code="unexpected", en="a ) has no (", zh="右括号 ) 没有对应的 (")
EMPTY: Final = Sentence(
    code="empty",
    en="an empty alternative or group matches everything",
    zh="空的分支或分组会匹配任何内容",
)
ANCHOR_REPEATED: Final = Sentence(
    code="anchor_repeated", en="^, $ and \\b cannot be repeated", zh="^、$ 和 \\b 不能重复"
)
BARE_BRACE: Final = Sentence(
    code="bare_brace",
    en="a {{ that starts no repetition must be written \\{{",
    zh="不表示重复次数的 {{ 必须写成 \\{{",
)
TOO_OFTEN: Final = Sentence(
    code="too_often", en="more than {limit} repetitions", zh="重复次数超过 {limit}"
)
TOO_MANY_STEPS: Final = Sentence(
    code="too_many_steps",
    en="its repetitions unfold to more than {limit} steps",
    zh="重复展开后超过 {limit} 步",
)
TOO_MANY_SETS: Final = Sentence(
    code="too_many_sets",
    en="with it the rule's patterns name more than {limit} sets of characters, such as \\p{{Han}}"
    " or a letter of either case",
    zh="加上它，规则中的模式使用的字符集（如 \\p{{Han}} 或不区分大小写的字母）超过 {limit} 个",
)
FLAGS: Final = Sentence(
    code="flags",
    en="of flags only i and s are supported, like (?i)",
    zh="标志只支持 i 和 s，例如 (?i)",
)
ESCAPE: Final = Sentence(code="escape", en="\\{sign} is not supported", zh="不支持 \\{sign}")
_TRAILING: Final = Sentence(code="trailing", en="it ends with a single \\", zh="模式以单个 \\ 结尾")
NOTHING_TO_REPEAT: Final = Sentence(
    code="nothing_to_repeat",
    en="nothing stands before {at} to repeat",
    zh="{at} 前面没有可重复的内容",
)
_BAD_REPEAT: Final = Sentence(
    code="bad_repeat", en="{at} repeats a repetition", zh="{at} 对重复再次重复"
)
_BAD_SIZE: Final = Sentence(
    code="bad_size", en="{at} is no possible number of repetitions", zh="{at} 不是可行的重复次数"
)
_BAD_CLASS: Final = Sentence(
    code="bad_class", en="{at} names no characters", zh="{at} 不是有效的字符范围"
)
_BAD_ESCAPE: Final = Sentence(code="bad_escape", en="{at} is not supported", zh="不支持 {at}")
_BAD_GROUP: Final = Sentence(
    code="bad_group", en="{at} begins no group that is supported", zh="不支持以 {at} 开头的分组"
)
_TOO_LARGE: Final = Sentence(code="too_large", en="it is too large", zh="模式过于庞大")
_UNREADABLE: Final = Sentence(
    code="unreadable", en="RE2 cannot read it ({reason})", zh="RE2 无法解析（{reason}）"
)

# What RE2 says before the colon; what follows it is the place.
_OF_RE2: Final[Mapping[str, Sentence]] = {
    "unexpected )": UNEXPECTED,
    "trailing \\": _TRAILING,
    "no argument for repetition operator": NOTHING_TO_REPEAT,
    "bad repetition operator": _BAD_REPEAT,
    "invalid repetition size": _BAD_SIZE,
    "invalid character class range": _BAD_CLASS,
    "invalid character class": _BAD_CLASS,
    "invalid escape sequence": _BAD_ESCAPE,
    "invalid perl operator": _BAD_GROUP,
    "invalid named capture group": _BAD_GROUP,
    "pattern too large - compile failed": _TOO_LARGE,
}


def of_re2(reason: str) -> Said:
    """RE2's reason, such as ``missing ]: [a``, as one of ours."""
    what, _colon, at = reason.partition(": ")
    if what.startswith("missing ") and len(what) == len("missing )"):
        return Said(sentence=MISSING, details={"sign": what[-1]})
    if what in _OF_RE2:
        return Said(sentence=_OF_RE2[what], details={"at": at})
    return Said(sentence=_UNREADABLE, details={"reason": reason})
