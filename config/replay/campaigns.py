"""The two campaigns as data: accounts, templates, segments, journeys, and what they assume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from campaigns.channels.base import Channel

MENS: Final = "Mens E-Mail"
WOMENS: Final = "Womens E-Mail"
NO_EMAIL: Final = "No E-Mail"
HILLSTROM: Final = "hillstrom"
BANK: Final = "bank-term-deposit"
MOST_CONTACTS: Final = 3
DEPOSIT_OPENED: Final = "term_deposit_opened"
ORDER: Final = "Order Completed"
CURRENCY: Final = "USD"  # Hillstrom's spend is in dollars; the bank's data hold no money

# Assumptions, since neither data set says what a message cost. They stand on the report.
UNIT_COSTS: Final[Mapping[Channel, Decimal]] = {
    Channel.EMAIL: Decimal("0.0010"),
    Channel.SMS: Decimal("0.0060"),
    Channel.PUSH: Decimal("0.0002"),
    Channel.TASK: Decimal("1.5000"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePlan:
    key: str
    name: str
    channel: Channel
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPlan:
    key: str
    name: str
    rule: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyPlan:
    key: str
    name: str
    description: str
    graph: Mapping[str, Any]


# Columns of the files that would collide with built-in fields or with each other.
HILLSTROM_MAPPING: Final = {
    "segment": "trial_arm:text",
    "channel": "purchase_channel:text",
    "recency": "months_since_order:number",
    "history": "spent_last_year:number",
    "history_segment": "spend_band:text",
    "mens": "bought_mens:number",
    "womens": "bought_womens:number",
    "newbie": "is_new:number",
    "zip_code": "area:text",
}
BANK_MAPPING: Final = {
    "age": "client_age:number",
    "contact": "contact_type:text",
    "campaign": "contacts:number",
    "default": "in_default:text",
    "balance": "balance:number",
    "housing": "housing_loan:text",
    "loan": "personal_loan:text",
    "day": "contact_day:number",
    "month": "contact_month:text",
    "pdays": "days_since_campaign:number",
    "previous": "earlier_contacts:number",
    "poutcome": "earlier_outcome:text",
}


def _email(key: str, name: str, whom: str) -> TemplatePlan:
    page = f"https://shop.example.com/{whom}"
    return TemplatePlan(
        key=key,
        name=name,
        channel=Channel.EMAIL,
        parts={
            "subject": f"New this week: {whom}'s collection",
            "from": "Shop <news@shop.example.com>",
            "html": (
                "<p>Dear customer,</p>"
                f'<p>the new {whom}\'s collection has arrived. <a href="{page}">See it</a>.</p>'
                '<p><small><a href="{{ unsubscribe_url }}">Unsubscribe</a></small></p>'
            ),
            "text": (
                f"Dear customer,\n\nthe new {whom}'s collection has arrived: {page}\n\n"
                "Unsubscribe: {{ unsubscribe_url }}\n"
            ),
        },
    )


TEMPLATES: Final[Sequence[TemplatePlan]] = (
    _email("hillstrom-mens", "Men's e-mail", "men"),
    _email("hillstrom-womens", "Women's e-mail", "women"),
    TemplatePlan(
        key="deposit-sms",
        name="Term deposit, text message",
        channel=Channel.SMS,
        parts={
            "signature": "示例银行",
            "text": "定期存款办理已开放，详情 https://bank.example.com/deposit 拒收请回复R",
        },
    ),
    TemplatePlan(
        key="deposit-push",
        name="Term deposit, push",
        channel=Channel.PUSH,
        parts={
            "title": "定期存款",
            "body": "定期存款办理已开放，点击查看详情。",
            "url": "https://bank.example.com/deposit",
        },
    ),
    TemplatePlan(
        key="deposit-call",
        name="Term deposit, advisor's call",
        channel=Channel.TASK,
        parts={
            "queue": "term-deposit",
            "script": "向客户介绍定期存款的期限与利率，解答疑问，并记录客户意向。",
        },
    ),
)

SEGMENTS: Final[Sequence[SegmentPlan]] = (
    SegmentPlan(
        key="hillstrom-trial",
        name="Everyone in the trial",
        rule={"field": "trial_arm", "op": "exists"},
    ),
    SegmentPlan(
        key="hillstrom-recent-buyers",
        name="Ordered in the last 3 months",
        rule={"field": "months_since_order", "op": "lte", "value": 3},
    ),
    SegmentPlan(
        key="hillstrom-big-spenders",
        name="Spent 200 or more last year, not new",
        rule={
            "all": [
                {"field": "spent_last_year", "op": "gte", "value": 200},
                {"field": "is_new", "op": "eq", "value": 0},
            ]
        },
    ),
    SegmentPlan(
        key="bank-clients",
        name="Clients of the deposit campaign",
        rule={"field": "contact_type", "op": "exists"},
    ),
    SegmentPlan(
        key="bank-savers",
        name="Balance over 1 000, no loan",
        rule={
            "all": [
                {"field": "balance", "op": "gt", "value": 1000},
                {"field": "personal_loan", "op": "eq", "value": "no"},
                {"field": "housing_loan", "op": "eq", "value": "no"},
            ]
        },
    ),
    SegmentPlan(
        key="bank-earlier-success",
        name="Said yes to an earlier campaign",
        rule={"field": "earlier_outcome", "op": "eq", "value": "success"},
    ),
)


def _is(field: str, value: str) -> dict[str, Any]:
    return {"field": field, "op": "eq", "value": value}


def _hillstrom() -> JourneyPlan:
    graph = {
        "name": "E-mail trial",
        "priority": "marketing",
        "reentry": "never",
        "goal": {
            "event": ORDER,
            "within_days": 14,
            "value": "revenue",
            "visit_events": ["Link Clicked", "Page Viewed"],
        },
        "nodes": [
            {"id": "in", "type": "entry", "segment": "hillstrom-trial"},
            {
                "id": "arm",
                "type": "branch",
                "cases": [
                    {"label": arm, "rule": _is("trial_arm", arm)}
                    for arm in (MENS, WOMENS, NO_EMAIL)
                ],
                "experiment": {
                    "key": HILLSTROM,
                    "name": "E-mail trial",
                    "control": NO_EMAIL,
                    "weights": {MENS: 1, WOMENS: 1, NO_EMAIL: 1, "else": 0},
                },
            },
            {"id": "mens", "type": "email", "template": "hillstrom-mens"},
            {"id": "womens", "type": "email", "template": "hillstrom-womens"},
            {"id": "out", "type": "exit"},
        ],
        "edges": [
            ["in", "arm"],
            ["arm", "mens", MENS],
            ["arm", "womens", WOMENS],
            ["arm", "out", NO_EMAIL],
            ["arm", "out", "else"],
            ["mens", "out"],
            ["womens", "out"],
        ],
    }
    return JourneyPlan(
        key=HILLSTROM,
        name="Hillstrom e-mail trial",
        description=(
            "Replay of a published randomised trial (K. Hillstrom, 2008): arms, visits, orders and"
            " spend are those of the data; the times are those of the replay.\n"
            f"An e-mail is assumed to cost {UNIT_COSTS[Channel.EMAIL]} USD; the whole revenue"
            " counts as margin, so the ROI is an upper bound.\n"
            "对公开的随机试验（K. Hillstrom，2008）的回放：分组、访问、订单与消费金额均取自数据，"
            "时间为回放时间。每封邮件的成本为假设值，收入全部计为毛利，因此投资回报率为上限。"
        ),
        graph=graph,
    )


_BANK_CHANNELS: Final = (
    ("cellular", "sms", Channel.SMS, "deposit-sms"),
    ("telephone", "call", Channel.TASK, "deposit-call"),
    ("unknown", "push", Channel.PUSH, "deposit-push"),
)
_DAY: Final = 86_400


def _bank() -> JourneyPlan:
    nodes: list[dict[str, Any]] = [
        {"id": "in", "type": "entry", "segment": "bank-clients"},
        {
            "id": "contact",
            "type": "branch",
            "cases": [
                {"label": contact, "rule": _is("contact_type", contact)}
                for contact, *_rest in _BANK_CHANNELS
            ],
        },
        {"id": "out", "type": "exit"},
    ]
    edges: list[list[str]] = [["in", "contact"], ["contact", "out", "else"]]
    for contact, short, channel, template in _BANK_CHANNELS:
        edges.append(["contact", f"{short}-1", contact])
        for number in range(1, MOST_CONTACTS + 1):
            sent = f"{short}-{number}"
            nodes.append(
                {"id": sent, "type": "send", "channel": channel.value, "template": template}
            )
            if number == MOST_CONTACTS:
                edges.append([sent, "out"])
                continue
            again, wait = f"{short}-again-{number}", f"{short}-day-{number}"
            rule = {"field": "contacts", "op": "gt", "value": number}
            cases = [{"label": "yes", "rule": rule}]
            nodes.append({"id": again, "type": "branch", "cases": cases})
            nodes.append({"id": wait, "type": "wait", "seconds": _DAY})
            edges += [
                [sent, again],
                [again, wait, "yes"],
                [again, "out", "else"],
                [wait, f"{short}-{number + 1}"],
            ]
    return JourneyPlan(
        key=BANK,
        name="Term-deposit campaign of a bank",
        description=(
            "Replay of a bank's telephone campaign (Moro, Cortez, Rita 2014, CC BY 4.0). Every"
            " real contact was a call: the recorded contact type is mapped to a channel"
            " (cellular to text message, telephone to advisor task, unknown to push), so the"
            " channels' figures compare groups of clients, not media.\n"
            f"The number of contacts is capped at {MOST_CONTACTS}, one day apart on the replay's"
            " clock; the outcome comes after the last touch. Nothing was randomised: these figures"
            " describe and prove no effect.\n"
            "The data hold no money: there is no revenue and no ROI. Costs are assumed per text"
            f" segment ({UNIT_COSTS[Channel.SMS]}), push ({UNIT_COSTS[Channel.PUSH]}) and advisor"
            f" task ({UNIT_COSTS[Channel.TASK]} USD).\n"
            "对某银行电话营销活动的回放（CC BY 4.0）。实际联系方式均为电话，"
            "这里按记录的联系类型映射到渠道（手机→短信，座机→顾问任务，未知→推送），"
            "因此渠道数据比较的是客户群体而非媒介；联系次数上限为 3，间隔一天；"
            "未经随机分组，只作描述，不证明效果。"
            "数据不含金额，故无收入与投资回报率；成本为假设值。"
        ),
        graph={
            "name": "Term-deposit campaign",
            "priority": "marketing",
            "reentry": "never",
            "goal": {"event": DEPOSIT_OPENED, "within_days": 30},
            "nodes": nodes,
            "edges": edges,
        },
    )


JOURNEYS: Final[Sequence[JourneyPlan]] = (_hillstrom(), _bank())
