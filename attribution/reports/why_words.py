"""Decisions in words, in both languages: a sentence for each kind, names and reasons filled in."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from string import Formatter
from typing import Any, Final

from django.utils import timezone, translation

from campaigns.labels import CHANNELS, REASONS, TOUCH_STATES, say
from campaigns.models import Enrolment
from campaigns.queries.personal import NOT_SENT
from campaigns.states import Reason
from compliance.sentences import Detail, Said, Sentence

# As PostgreSQL writes a time into JSON for a session in UTC.
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*\+00:00$")
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "not_entered": (
        "Did not enter journey {journey}: {reason}.",
        "未进入旅程 {journey}：{reason}。",
    ),
    "entered": (
        (
            "Entered journey {journey} (version {version}, approved by {approved_by}): in segment"
            " {segment} since {member_since}."
        ),
        (
            "进入旅程 {journey}（第 {version} 版，{approved_by} 批准）："
            "自 {member_since} 起属于分群 {segment}。"
        ),
    ),
    "passed": ("Passed node {node}.", "经过节点 {node}。"),
    "hop": ("Left node {node} by {exit}.", "由 {exit} 离开节点 {node}。"),
    "exposure": (
        "Took arm {arm} of experiment {experiment}.",
        "进入实验 {experiment} 的 {arm} 组。",
    ),
    "queued": (
        (
            "{channel} decided at node {node}: template {template}, version {version}, approved"
            " by {approved_by}."
        ),
        "节点 {node} 决定发送{channel}：模板 {template} 第 {version} 版（{approved_by} 批准）。",
    ),
    "allowed": (
        "{channel} at node {node}: no gate objected.",
        "节点 {node} 的{channel}：各校验环节均无异议。",
    ),
    "judged": (
        "{channel} at node {node}: gate {gate} objected. {reason}.",
        "节点 {node} 的{channel}：校验环节 {gate} 未通过。{reason}。",
    ),
    "handed_over": (
        "{channel} handed to {account}, attempt {attempts}.",
        "{channel}已交给 {account}（第 {attempts} 次尝试）。",
    ),
    "accepted": (
        "{account} accepted the {channel} as {provider_id}.",
        "{account} 已接受该{channel}，编号 {provider_id}。",
    ),
    "refused": (
        "{account} refused the {channel}: {answer}.",
        "{account} 拒绝了该{channel}：{answer}。",
    ),
    "withheld": ("{channel} not handed over. {reason}.", "{channel}未派发。{reason}。"),
    "failed": ("{channel} given up: {reason}.", "{channel}已放弃：{reason}。"),
    "deferred": (
        "{channel} waits until {due_at}: {reason}.",
        "{channel}等待至 {due_at}：{reason}。",
    ),
    "answered": (
        "{account} answered {answer} at attempt {attempts}. The {channel} waits until {due_at}.",
        "第 {attempts} 次尝试，{account} 答复 {answer}。{channel}等待至 {due_at}。",
    ),
    "ambiguous": (
        "Whether {account} has the {channel} is not known: {reason}.",
        "{account} 是否收到该{channel}尚不确定：{reason}。",
    ),
    "asked": (
        (
            "Whether {account} has the {channel} is not known: {reason}. So {times} times until"
            " {last_at}."
        ),
        "{account} 是否收到该{channel}尚不确定：{reason}。至 {last_at} 共 {times} 次。",
    ),
    "put_aside": (
        "{channel} put aside after an error: {error}.",
        "{channel}因错误被搁置：{error}。",
    ),
    "replayed": (
        "{channel} put aside was tried once more by {made_by}.",
        "被搁置的{channel}由 {made_by} 重新处理。",
    ),
    "receipt": ("Reported for the {channel}: {state}.", "{channel}的回执：{state}。"),
    "by_hand": (
        "Act by hand on the {channel}: {code}, proposed by {made_by}, {verdict}.",
        "对该{channel}的人工处理：{code}，由 {made_by} 提出，{verdict}。",
    ),
    "finished": (
        "Left journey {journey} at node {node}: {state}.",
        "在节点 {node} 离开旅程 {journey}：{state}。",
    ),
}
_STATES: Final[dict[str, Any]] = {**TOUCH_STATES, **dict(Enrolment.State.choices)}
_NOT_ENTERED: Final = {
    "not_running": Sentence(
        code="not_running", en="the journey is not running", zh="该旅程未在运行"
    ),
    "not_by_segment": Sentence(
        code="not_by_segment", en="nobody enters it by a segment", zh="该旅程不按分群进入"
    ),
    "not_in_segment": Sentence(code="not_in_segment", en="not in its segment", zh="不在其分群中"),
    "not_yet": Sentence(
        code="not_yet",
        en="in its segment, to be let in at the next run",
        zh="已在其分群中，下次入组时进入",
    ),
}
# What a copy for the person himself says instead of the house's own reasons.
_FOR_PERSON: Final = {
    NOT_SENT: Sentence(code=NOT_SENT, en="The institution decided so", zh="本机构自行决定"),
}
_SUMMARY: Final = {
    "none": Sentence(
        code="none",
        en="Customer {customer}: no message was decided.",
        zh="客户 {customer}：没有决定发送任何消息。",
    ),
    "sent": Sentence(
        code="sent",
        en="Customer {customer}: {sent} of {decided} messages sent.",
        zh="客户 {customer}：共决定 {decided} 条消息，已发送 {sent} 条。",
    ),
    "unsent": Sentence(code="unsent", en=" Not sent: {reasons}.", zh="未发送：{reasons}。"),
    "waiting": Sentence(code="waiting", en=" Waiting: {waiting}.", zh="等待中：{waiting}。"),
}
WAITING: Final = {
    "under_way": Sentence(code="under_way", en="being handed over", zh="正在派发"),
    "stopped": Sentence(code="stopped", en="held by an emergency stop", zh="因紧急停发暂停"),
    "paused": Sentence(code="paused", en="the journey is paused", zh="旅程已暂停"),
    "account_off": Sentence(
        code="account_off", en="its provider account is not in use", zh="供应商账号未启用"
    ),
    "next": Sentence(code="next", en="to be handed over", zh="等待派发"),
}


def sentence_of(kind: str, journey: str, code: str, facts: Mapping[str, Any]) -> Said:
    """One decision as a sentence; a value nobody recorded is a dash."""
    name = _wording(kind, code, facts)
    en, zh = _KINDS[name]
    details: dict[str, Detail] = {key: _plain(facts.get(key)) for key in _placeholders(en)}
    details |= {
        "journey": journey,
        "code": code,
        "reason": _NOT_ENTERED.get(code) or _FOR_PERSON.get(code) or word(REASONS, code),
        "channel": word(CHANNELS, str(facts.get("channel", ""))),
        "state": word(_STATES, str(facts.get("state", code))),
    }
    return Said(sentence=Sentence(code=name, en=en, zh=zh), details=details)


def _wording(kind: str, code: str, facts: Mapping[str, Any]) -> str:
    """Which sentence says it: some kinds have another one where more is known."""
    match kind:
        case "judged" if code == NOT_SENT:
            return "withheld"
        case "judged" if not facts.get("gate"):
            return "allowed"
        case "hop" if not facts.get("exit"):
            return "passed"
        case "refused" if code != Reason.PROVIDER_REFUSED and not facts.get("answer"):
            return "withheld"
        case "deferred" if facts.get("answer"):
            return "answered"
        case "ambiguous" if facts.get("times", 1) > 1:
            return "asked"
        case _:
            return kind


def summary(
    customer: str,
    decided: int,
    sent: int,
    *,
    unsent: Mapping[str, int],
    waiting: Mapping[str, int],
) -> Said:
    """The plain sentence on top: how many were sent, why the others were not or not yet."""
    said = [_SUMMARY["sent" if decided else "none"]]
    said += [_SUMMARY["unsent"]] if unsent and decided else []
    said += [_SUMMARY["waiting"]] if waiting and decided else []
    return Said(
        sentence=Sentence(
            code=said[-1].code, en="".join(s.en for s in said), zh="".join(s.zh for s in said)
        ),
        details={
            "customer": customer,
            "decided": decided,
            "sent": sent,
            "reasons": _listed((word(REASONS, code), count) for code, count in unsent.items()),
            "waiting": _listed((WAITING[code], count) for code, count in waiting.items()),
        },
    )


def _listed(counts: Iterable[tuple[Sentence, int]]) -> Sentence:
    told = list(counts)
    return Sentence(
        code="listed",
        en="; ".join(f"{said.en} ({count})" for said, count in told),
        zh="；".join(f"{said.zh}（{count}）" for said, count in told),
    )


def word(words: dict[str, Any], code: str) -> Sentence:
    """A code's word in both languages."""
    with translation.override("en"):
        english = say(words, code)
    with translation.override("zh-hans"):
        chinese = say(words, code)
    return Sentence(code=code or "none", en=english, zh=chinese)


def _placeholders(wording: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(wording) if name}


def _plain(value: object) -> str | int | float:
    if value is None or value == "":
        return "—"
    if isinstance(value, str) and _MOMENT.match(value):
        at = timezone.localtime(datetime.fromisoformat(value))
        return f"{at:%Y-%m-%d %H:%M} ({timezone.get_current_timezone_name()})"
    return value if isinstance(value, str | int | float) else str(value)
