"""Keys sort as their numbers do; patterns and samples mean the same in each dialect."""

from decimal import Decimal

import ibis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments.engines.comparisons import Dialect, pattern_for
from segments.engines.express import sample_number
from segments.engines.numbers import number_key
from segments.engines.shape import FIELDS, archived_fields
from segments.rules import evaluate
from segments.rules.catalog import Catalog

NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False),
    st.integers(-120, 120).map(Decimal),
    st.sampled_from(
        ["0", "-0.0", "1e400", "-1e400", "1e-400", "0.10", "1.000", "-1.23", "-1.2"]
    ).map(Decimal),
)


@given(one=NUMBERS, other=NUMBERS)
def test_keys_sort_as_their_numbers_do(one: Decimal, other: Decimal) -> None:
    first, second = number_key(one), number_key(other)

    assert (first < second, first == second) == (one < other, one == other)


@pytest.mark.parametrize(
    ("pattern", "re2", "java"),
    [
        (r"^a.b$", r"^a[^\n]b$", r"^a[^\n]b\z"),
        (r"\$%", r"\x{0024}\x{0025}", r"\u0024\u0025"),
        (r"[\w-]+银", r"[0-9A-Za-z_\x{002d}]+银", r"[0-9A-Za-z_\u002d]+银"),
    ],
)
def test_a_pattern_is_written_for_the_engine(pattern: str, re2: str, java: str) -> None:
    assert pattern_for(Dialect.RE2, pattern) == re2
    assert pattern_for(Dialect.JAVA, pattern) == java


@pytest.mark.parametrize("salt", ["touchstone.sample", "x'银"])
def test_a_sample_is_the_same_customers(salt: str) -> None:
    customers = ibis.memtable({"id": list(range(500))})
    numbers = customers.select(customers.id, number=sample_number(customers.id, salt))

    found = ibis.duckdb.connect().to_pyarrow(numbers).to_pydict()

    assert found["number"] == [evaluate.sample_number(one, salt) for one in found["id"]]


def test_the_allow_list_names_fields_of_the_catalogue_and_no_number_of_a_person() -> None:
    known = Catalog.build().fields

    assert {field.name for field in archived_fields()} == set(FIELDS)
    assert set(known) - set(FIELDS) == {"customer_no", "age", "assess_days_left"}
