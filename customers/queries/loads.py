"""From staged rows to their table: the statements of every kind of file, built from its columns.

Identifiers come only from the kinds' own declarations, values only by parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# Files are released beside each other; a person is forgotten while none is.
RELEASE_LOCK = 0x70C5_0066
RELEASING = "SELECT pg_advisory_xact_lock_shared(%(lock)s)"
FORGETTING = "SELECT pg_advisory_xact_lock(%(lock)s)"


ERASED = "customer_erased"
REFUSE_ERASED = f"""
    -- Whom somebody erased after the file was checked: it may have waited for another.
    UPDATE customers_stagedrow stage
    SET code = '{ERASED}', "column" = 'customer', value = left(erased.customer_no, 60)
    FROM customers_customer erased
    WHERE stage.load_id = %(load)s AND stage.code = ''
      AND stage.data ->> 'customer' = erased.customer_no AND erased.status = 'erased'
"""


COUNT_ERASED = f"""
    SELECT count(*) FROM customers_stagedrow WHERE load_id = %(load)s AND code = '{ERASED}'
"""


STAGE = """
    INSERT INTO customers_stagedrow (load_id, number, line, key, data, code, "column", value)
    SELECT %(load)s, number, line, key, data, code, "column", value
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
        number bigint, line bigint, key text, data jsonb, code text, "column" text, value text)
"""


REFUSED = """
    SELECT number, line, key, "column", code, value FROM customers_stagedrow
    WHERE load_id = %(load)s AND code <> '' ORDER BY number
"""


STAGED_DATA = """
    SELECT number, data FROM customers_stagedrow
    WHERE load_id = %(load)s AND code = '' ORDER BY number
"""


REFUSE_NUMBERS = """
    UPDATE customers_stagedrow SET code = %(code)s
    WHERE load_id = %(load)s AND number = ANY(%(numbers)s)
"""


KNOWN_ASSESSMENTS = """
    SELECT external_id, level, lowest_class, score, horizon_months, objectives, valid_until
    FROM customers_riskassessment
    WHERE source = %(source)s AND external_id = ANY(%(keys)s)
"""


PUT_TERMS = """
    INSERT INTO customers_productterms (
        product_id, status, starts_on, matures_on, minimum_amount, currency, fees, nav_frequency,
        target_market, contract_facts, load_id)
    SELECT product.id, given.status, starts_on, matures_on, minimum_amount, currency,
           coalesce(fees, ''), coalesce(nav_frequency, ''), coalesce(target_market, ''),
           coalesce(contract_facts, ''), %(load)s
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
        code text, status text, starts_on date, matures_on date, minimum_amount numeric,
        currency text, fees text, nav_frequency text, target_market text, contract_facts text)
    JOIN compliance_product product ON product.code = given.code
    ORDER BY product.id
    ON CONFLICT (product_id) DO UPDATE SET
        status = excluded.status, starts_on = excluded.starts_on,
        matures_on = excluded.matures_on, minimum_amount = excluded.minimum_amount,
        currency = excluded.currency, fees = excluded.fees,
        nav_frequency = excluded.nav_frequency, target_market = excluded.target_market,
        contract_facts = excluded.contract_facts, load_id = excluded.load_id
"""


LOCK_DESCRIBED = """
    -- Whom a staged file names, and who each is now, at once and in the order in which files of
    -- customers write: its own batches have another.
    SELECT FROM customers_customer WHERE id IN (
        SELECT unnest(ARRAY[named.id, named.merged_into_id])
        FROM customers_stagedrow stage
        JOIN customers_customer named ON named.customer_no = stage.data ->> 'customer'
        WHERE stage.load_id = %(load)s AND stage.code = '')
    ORDER BY customer_no FOR NO KEY UPDATE
"""


HOLD_BY_KYC = """
    -- Whoever was merged into another is held there; of what is said of one person the stricter.
    -- Locked in the order in which files of customers write. When it was is left out of
    -- ``updated_at``, which everybody sees: no other row of him changes with it.
    WITH told AS (
        SELECT coalesce(owner.merged_into_id, owner.id) AS id, bool_or(kyc.aml_hold) AS is_held
        FROM customers_kyc kyc JOIN customers_customer owner ON owner.id = kyc.customer_id
        WHERE coalesce(owner.merged_into_id, owner.id) IN (
            SELECT coalesce(fresh_owner.merged_into_id, fresh_owner.id)
            FROM customers_kyc fresh
            JOIN customers_customer fresh_owner ON fresh_owner.id = fresh.customer_id
            WHERE fresh.load_id = %(load)s)
        GROUP BY 1),
    changed AS (
        SELECT stored.id, told.is_held FROM told JOIN customers_customer stored USING (id)
        WHERE stored.aml_hold <> told.is_held AND stored.status <> 'erased'
        ORDER BY stored.customer_no FOR NO KEY UPDATE OF stored)
    UPDATE customers_customer customer SET aml_hold = changed.is_held
    FROM changed WHERE customer.id = changed.id
"""


CLEAR = "DELETE FROM customers_stagedrow WHERE load_id = %(load)s"


IS_COVERED = """
    -- Whether each good row of an earlier staged file comes again in a later one.
    SELECT NOT EXISTS (
        SELECT FROM customers_stagedrow old
        WHERE old.load_id = %(earlier)s AND old.code = '' AND NOT EXISTS (
            SELECT FROM customers_stagedrow new
            WHERE new.load_id = %(load)s AND new.code = '' AND new.key = old.key))
"""


ANALYSE_STAGE = "ANALYZE customers_stagedrow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a column of a file names: whose row, found by which text."""

    table: str
    by: str
    column: str
    """Where its id stands in the landing table."""
    code: str
    """Why a row is refused that names nothing."""


ACCOUNT = Reference(
    table="customers_account", by="number", column="account_id", code="account_unknown"
)
PRODUCT = Reference(
    table="compliance_product", by="code", column="product_id", code="product_unknown"
)
CUSTOMER = Reference(
    table="customers_customer", by="customer_no", column="customer_id", code="customer_unknown"
)


TAG = Reference(table="customers_tagterm", by="tag", column="tag", code="tag_unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a landing table, as its JSON key."""

    name: str
    type: str
    """Of PostgreSQL."""
    reference: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where released rows go."""

    table: str
    columns: Sequence[Column]
    key: Sequence[str]
    """The columns of the table that make a row the same when it comes again."""
    constants: Sequence[tuple[str, str]] = ()
    """Column and expression that no file gives, as ``("load_id", "%(load)s")``."""


def release(landing: Landing) -> str:
    """Insert what is staged; what was there before is put right."""
    names = [_target(column) for column in landing.columns]
    values = [_value(column) for column in landing.columns]
    joins = "\n".join(
        f"JOIN {column.reference.table} {column.name}_row"
        f" ON {column.name}_row.{column.reference.by} = given.{column.name}"
        for column in landing.columns
        if column.reference
    )
    names += [name for name, _expression in landing.constants]
    values += [expression for _name, expression in landing.constants]
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in landing.key)
    return f"""
        INSERT INTO {landing.table} ({", ".join(names)})
        SELECT {", ".join(values)}
        FROM customers_stagedrow stage
        CROSS JOIN LATERAL jsonb_to_record(stage.data) AS given ({_shape(landing.columns)})
        {joins}
        WHERE stage.load_id = %(load)s AND stage.code = ''
        ORDER BY stage.key  -- one order for all writers, so that none deadlock
        ON CONFLICT ({", ".join(landing.key)}) DO UPDATE SET {changed}
    """


def months_of(column: str) -> str:
    """The first days of the months that staged rows are of."""
    return f"""
        SELECT DISTINCT date_trunc('month', (data->>'{column}')::date)::date
        FROM customers_stagedrow WHERE load_id = %(load)s AND code = ''
    """


def day_of(value: str) -> str:
    """The institution's day of a staged day or moment."""
    return f"""
        CASE WHEN length({value}) = 10 THEN ({value})::date
             ELSE (({value})::timestamptz AT TIME ZONE %(zone)s)::date END"""


def newest_day(column: str) -> str:
    """The newest day of the staged rows; None where there are none."""
    value = f"data->>'{column}'"
    return f"""
        SELECT max({day_of(value)})
        FROM customers_stagedrow WHERE load_id = %(load)s AND code = ''
    """


def _target(column: Column) -> str:
    return column.reference.column if column.reference else column.name


def _value(column: Column) -> str:
    if column.reference:
        return f"{column.name}_row.id"
    # An empty cell is no key of the row; text that is not told is empty, as in all our tables.
    return f"coalesce(given.{column.name}, '')" if column.type == "text" else f"given.{column.name}"


def _shape(columns: Sequence[Column]) -> str:
    return ", ".join(f"{column.name} {column.type}" for column in columns)
