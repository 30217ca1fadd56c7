"""What the archive and the engines say when they cannot do what is asked."""

from typing import Final

from compliance.sentences import Sentence

NO_ARCHIVE: Final = Sentence(
    code="no_archive",
    en="There is no event archive in {folder}: write one with manage.py archive_events.",
    zh="{folder} 中没有事件归档：请先运行 manage.py archive_events。",
)
OTHER_VERSION: Final = Sentence(
    code="archive_version",
    en="The archive {folder} was written by another version: run manage.py archive_events again.",
    zh="归档 {folder} 由其他版本写成：请重新运行 manage.py archive_events。",
)
OTHER_ZONE: Final = Sentence(
    code="archive_zone",
    en="The archive counts days in {zone}, this installation in {own}: run manage.py"
    " archive_events again.",
    zh="归档按 {zone} 计算日期，本系统按 {own}：请重新运行 manage.py archive_events。",
)
TOO_OLD: Final = Sentence(
    code="archive_too_old",
    en="The archive shows {as_of}, but members of {segment} moved at {changed}: write a newer one"
    " with manage.py archive_events, or accept the older state with --as-of.",
    zh="归档停在 {as_of}，而分群 {segment} 的成员在 {changed} 有过变动：请用 manage.py"
    " archive_events 写出新的归档，或用 --as-of 接受较早的状态。",
)
TOO_SHORT: Final = Sentence(
    code="archive_too_short",
    en="The rule looks back further than the archive, which begins at {since}: write a longer one"
    " with manage.py archive_events.",
    zh="规则回看的时间早于归档的起点 {since}：请用 manage.py archive_events 写出更长的归档。",
)
NOT_ARCHIVED: Final = Sentence(
    code="not_archived",
    en="{name} is not in the archive: rebuild this segment with --engine postgres.",
    zh="归档中没有 {name}：请用 --engine postgres 重建该分群。",
)
NOT_EXACT: Final = Sentence(
    code="not_exact",
    en="{what} cannot be added up exactly on this engine: rebuild this segment with --engine"
    " postgres.",
    zh="该引擎无法精确合计 {what}：请用 --engine postgres 重建该分群。",
)
UNKNOWN_ENGINE: Final = Sentence(
    code="unknown_engine",
    en="{url} names no engine: it begins with duckdb:// or spark://.",
    zh="{url} 不是可用的引擎：应以 duckdb:// 或 spark:// 开头。",
)
MISSING_EXTRA: Final = Sentence(
    code="missing_extra",
    en="The engine {engine} is not installed here: {how}.",
    zh="此处未安装引擎 {engine}：{how}。",
)
UNREACHABLE: Final = Sentence(
    code="engine_unreachable",
    en="The engine {url} cannot be reached: {reason}",
    zh="无法连接引擎 {url}：{reason}",
)
FAILED: Final = Sentence(
    code="engine_failed",
    en="The engine {engine} could not run the rule: {reason}",
    zh="引擎 {engine} 无法执行该规则：{reason}",
)
NO_SEGMENT: Final = Sentence(
    code="no_segment",
    en="There is no segment {key}.",
    zh="不存在分群 {key}。",
)
RULE_CHANGED: Final = Sentence(
    code="rule_changed",
    en="The rule of {key} was changed while the engine ran it: start again.",
    zh="引擎执行期间，分群 {key} 的规则被修改：请重新开始。",
)
