"""Personas are exclusive and have a reason; a high net worth needs assets and trades."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from segments.value.personas import WORDS, Habits, Persona, has_high_net_worth, persona

STEADY = Habits(
    active_days=3,
    trades=40,
    trades_1y=12,
    first_trade_days=2_000,
    product_share=0.8,
    asset=Decimal(500_000),
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (Persona.STEADY, "products")),
        ({"active_days": 20, "first_trade_days": 100}, (Persona.FREQUENT, "often")),
        ({"active_days": 19, "first_trade_days": 364}, (Persona.NOVICE, "new")),
        ({"first_trade_days": 365}, (Persona.STEADY, "products")),
        ({"trades": 4}, (Persona.NOVICE, "few")),
        ({"trades": 0, "first_trade_days": None}, (Persona.NOVICE, "few")),
        ({"product_share": 0.5}, (Persona.STEADY, "products")),
        ({"product_share": 0.49}, None),
        ({"product_share": None}, None),
    ],
)
def test_the_first_that_fits_is_the_persona(changes: dict[str, Any], expected: Any) -> None:
    found = persona(replace(STEADY, **changes))

    assert found == expected
    assert found is None or found[1] in WORDS


@pytest.mark.parametrize(
    ("asset", "trades", "expected"),
    [("500000", 10, True), ("499999.99", 10, False), ("500000", 9, False)],
)
def test_a_high_net_worth_needs_both(asset: str, trades: int, expected: bool) -> None:
    habits = replace(STEADY, asset=Decimal(asset), trades_1y=trades)

    assert has_high_net_worth(habits) is expected
