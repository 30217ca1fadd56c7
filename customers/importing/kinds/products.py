"""Products and how they are sold. Their ratings are compliance's: it has an act for them."""

import re

from compliance.rulebook.shipped import shipped_context
from customers.errors import CellError
from customers.importing.cells import to_text
from customers.importing.kinds.base import (
    CURRENCY,
    Bound,
    Field,
    Kind,
    choice,
    day,
    money,
    number,
    text,
)
from customers.vocabulary import ProductStatus

_STATES = {"未发行": "planned", "在售": "open", "停售": "closed", "到期": "matured"}


def to_rating(cell: str) -> int:
    """R1 to R5."""
    if not re.fullmatch("[Rr]?[1-5]", cell):
        raise CellError("rating_unknown", "Ratings are R1 to R5.")
    return int(cell[-1])


def to_product_kind(cell: str) -> str:
    """A kind that the wording rules know."""
    if cell not in shipped_context().products:
        raise CellError("choice_unknown", "It is no kind of product that is known here.")
    return cell


def _rating(name: str, *aliases: str) -> Field:
    return Field(name=name, type="int", convert=to_rating, aliases=aliases, is_required=False)


PRODUCTS = Kind(
    key="products",
    fields=(
        number("code", "product_code", "产品代码"),
        Field(name="name", type="text", convert=to_text(200), aliases=("产品名称",)),
        Field(
            name="kind",
            type="text",
            convert=to_product_kind,
            aliases=("product_kind", "产品类型"),
            is_required=False,
            known=tuple(shipped_context().products),
        ),
        _rating("issuer_risk", "issuer_r", "发行人评级"),
        _rating("distributor_risk", "dist_r", "代销评级", "风险等级"),
        choice("status", ProductStatus, _STATES, "状态"),
        day("starts_on", "start", "起始日", is_required=False),
        day("matures_on", "maturity", "到期日", is_required=False),
        money("minimum_amount", "min_amt", "起购金额", is_required=False),
        CURRENCY,
        text("fees", "费用", convert=to_text(400)),
        text("nav_frequency", "nav_freq", "估值频率", convert=to_text(20)),
        text("target_market", "目标市场", convert=to_text(400)),
        text("contract_facts", "合同要素", convert=to_text()),
    ),
    identity=("code",),
    day="",
    depends_on=(),
    bounds=(Bound(field="minimum_amount", lowest=0),),
    filled=("distributor_risk",),
)
