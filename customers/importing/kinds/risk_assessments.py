"""Answered questionnaires. Those taken too often are refused by the act that records them."""

from customers.importing.cells import to_boolean, to_codes, to_months, to_risk_level
from customers.importing.kinds.base import Bound, Field, Kind, day, moment, money, number
from customers.queries.loads import CUSTOMER

RISK_ASSESSMENTS = Kind(
    key="risk_assessments",
    fields=(
        number("customer", "customer_no", "one_id", "客户号", reference=CUSTOMER),
        moment("assessed_at", "at", "测评时间", "测评日期"),
        Field(name="level", type="text", convert=to_risk_level, aliases=("risk_level", "风险等级")),
        money("score", "得分", is_required=False, digits=5, places=2),
        Field(
            name="lowest_class",
            type="boolean",
            convert=to_boolean,
            aliases=("最低类别",),
            is_required=False,
            default="false",
        ),
        Field(
            name="horizon_months",
            type="int",
            convert=to_months,
            aliases=("horizon", "投资期限"),
            is_required=False,
        ),
        Field(
            name="objectives",
            type="text",
            convert=to_codes,
            aliases=("投资目标",),
            is_required=False,
        ),
        day("valid_until", "有效期", is_required=False),
    ),
    identity=("customer", "assessed_at"),
    day="assessed_at",
    depends_on=(),
    bounds=(Bound(field="score", lowest=0), Bound(field="assessed_at", until_today=True)),
)
