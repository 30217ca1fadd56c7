"""What the rules of quality ask of a staged file. Each is one statement over the file's rows.

Those that refuse rows mark them with a reason and tell how many; the others only count. A file of
ten times the rows takes ten times as long.
"""

from customers.queries.loads import Reference, day_of

ROWS = """
    SELECT count(*), count(*) FILTER (WHERE code <> '') FROM customers_stagedrow
    WHERE load_id = %(load)s
"""


READMIT = """
    UPDATE customers_stagedrow SET code = '', "column" = '', value = ''
    WHERE load_id = %(load)s AND code = ANY(%(codes)s)
"""


REFUSE_RANGES = f"""
    -- A bound is [field, lowest, highest]; a day may be bounded by the day it is today, "today".
    UPDATE customers_stagedrow row
    SET code = 'out_of_range', "column" = found.field, value = left(row.data->>found.field, 60)
    FROM (
        SELECT DISTINCT ON (stage.number) stage.number, bound.field
        FROM customers_stagedrow stage
        JOIN jsonb_to_recordset(%(bounds)s::jsonb) AS bound (
            field text, lowest numeric, highest numeric, until_today boolean)
            ON stage.data ? bound.field
        WHERE stage.load_id = %(load)s AND stage.code = ''
          AND CASE WHEN bound.until_today
                   THEN {day_of("stage.data->>bound.field")} > %(today)s
                   ELSE (stage.data->>bound.field)::numeric < bound.lowest
                     OR (stage.data->>bound.field)::numeric > bound.highest END
        ORDER BY stage.number, bound.field) found
    WHERE row.load_id = %(load)s AND row.number = found.number
"""


REFUSE_DOUBLES = """
    -- The first row counts, as everywhere.
    UPDATE customers_stagedrow row SET code = 'key_twice'
    FROM (
        SELECT number, row_number() OVER (PARTITION BY key ORDER BY number) AS place
        FROM customers_stagedrow WHERE load_id = %(load)s AND code = '') found
    WHERE row.load_id = %(load)s AND row.number = found.number AND found.place > 1
"""


FILLED = """
    -- The share of filled cells of the emptiest of the fields.
    SELECT min(share) FROM (
        SELECT count(*) FILTER (WHERE stage.data ? field)::numeric / count(*) AS share
        FROM customers_stagedrow stage
        CROSS JOIN jsonb_array_elements_text(%(fields)s::jsonb) AS field
        WHERE stage.load_id = %(load)s AND stage.code = ''
        GROUP BY field) shares
"""


USUAL_ROWS = """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY rows_ok) FROM (
        SELECT rows_ok FROM customers_importjob
        WHERE source_id = %(source)s AND kind = %(kind)s AND state = 'done' AND id <> %(load)s
        ORDER BY id DESC LIMIT 5) earlier
"""


BALANCES = {
    "assets": """
        -- What an account has and owes is what it is worth.
        SELECT count(*) FILTER (
                   WHERE abs(given.cash + given.market_value - given.debt - given.net)
                         > %(tolerance)s),
               count(*)
        FROM customers_stagedrow
        CROSS JOIN LATERAL jsonb_to_record(data) AS given (
            cash numeric, market_value numeric, debt numeric, net numeric)
        WHERE load_id = %(load)s AND code = ''
    """,
    "positions": """
        -- An account's positions add up to the market value that its balance of the day tells.
        SELECT count(*) FILTER (WHERE abs(told.total - day.market_value) > %(tolerance)s), count(*)
        FROM (
            SELECT data->>'account' AS number, (data->>'held_on')::date AS held_on,
                   sum((data->>'market_value')::numeric) AS total
            FROM customers_stagedrow WHERE load_id = %(load)s AND code = '' GROUP BY 1, 2) told
        JOIN customers_account account ON account.number = told.number
        JOIN customers_assetday day
            ON day.account_id = account.id AND day.valued_on = told.held_on
    """,
    "cash_flows": """
        -- An account's flows of a day from and to outside are the inflow less the outflow that
        -- its balance tells.
        SELECT count(*) FILTER (WHERE abs(told.total - day.inflow + day.outflow) > %(tolerance)s),
               count(*)
        FROM (
            SELECT data->>'account' AS number,
                   ((data->>'flowed_at')::timestamptz AT TIME ZONE %(zone)s)::date AS flowed_on,
                   sum((data->>'amount')::numeric) AS total
            FROM customers_stagedrow
            WHERE load_id = %(load)s AND code = '' AND (data->>'is_external')::boolean
              AND NOT data ? 'error_code'
            GROUP BY 1, 2) told
        JOIN customers_account account ON account.number = told.number
        JOIN customers_assetday day
            ON day.account_id = account.id AND day.valued_on = told.flowed_on
        WHERE day.inflow IS NOT NULL AND day.outflow IS NOT NULL
    """,
}


def refuse_unknown(field: str, reference: Reference) -> str:
    """Refuse rows that name what is not there."""
    lives = " AND known.status <> 'erased'" if reference.table == "customers_customer" else ""
    return f"""
        UPDATE customers_stagedrow row
        SET code = '{reference.code}', "column" = '{field}', value = left(row.data->>'{field}', 60)
        WHERE row.load_id = %(load)s AND row.code = '' AND NOT EXISTS (
            SELECT FROM {reference.table} known
            WHERE known.{reference.by} = row.data->>'{field}'{lives})
    """
