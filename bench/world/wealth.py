"""What the customers have and allow: accounts, balances, trades, flows, positions, tags, consents.

Four of five customers have an account. Loaded without triggers: nobody follows the loading, and
every reference is right by construction.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from bench.world.telling import tell
from customers.actions.partitions import ensure_partitions
from customers.queries.database import execute
from customers.queries.events import ASSET_DAYS, POSITION_DAYS, month_of

BALANCES_BACK: Final = (0, 1, 2, 3, 4, 7, 40, 100, 160, 220)
"""Days ago of the balances that each account has."""

WITHOUT_TRIGGERS: Final = "SET LOCAL session_replication_role = replica"

_SOURCE = """
    INSERT INTO customers_source (key, name, scope, key_hint, unknown_events, created_at)
    VALUES ('ledger', 'ledger', 'internal', '', 'store', %(now)s)
"""
_PRODUCTS = """
    INSERT INTO compliance_product (
        code, name, kind, issuer_risk, distributor_risk, asset_class, horizon_months, regions,
        is_public, is_complex, permission, opens, risk_points, updated_at)
    SELECT 'F' || lpad(n::text, 3, '0'), 'Fund ' || n,
           (ARRAY['money_market', 'fund', 'securities', 'wealth'])[1 + n %% 4], 1 + n %% 5,
           1 + n %% 5, '', 12, '[]', true, false, '', '', '', %(now)s
    FROM generate_series(1, 200) AS n
"""
_ACCOUNTS = """
    INSERT INTO customers_account (
        number, customer_id, kind, branch, permissions, opened_on, source_id, updated_at)
    SELECT 'A' || lpad(c.id::text, 9, '0'), c.id, 'cash', 'B' || c.id %% 40, '{}',
           (%(now)s::timestamptz)::date - 400 - (c.id %% 900)::int, source.id, %(now)s
    FROM customers_customer c CROSS JOIN customers_source source
    WHERE source.key = 'ledger' AND c.id %% 5 <> 0 ORDER BY c.id
"""
_BALANCES = """
    INSERT INTO customers_assetday (
        account_id, valued_on, currency, cash, market_value, debt, net, quality, load_id)
    SELECT a.id, (%(now)s::timestamptz)::date - %(back)s::int, 'CNY', worth * 0.2, worth * 0.8, 0,
           worth, 'ok', 1
    FROM customers_account a
    CROSS JOIN LATERAL (
        SELECT (a.id * 7919::bigint %% 2000000) * (1 + (a.id %% 7 - 3) * %(back)s::int / 2000.0)
            AS worth) valued
    ORDER BY a.id
"""
_TRADES = """
    INSERT INTO customers_trade (
        source_id, external_id, account_id, product_id, traded_at, side, quantity, price, fee, tax,
        currency, status, load_id)
    SELECT source.id, 'T' || a.id || '-' || k, a.id, product.first + (a.id + k * 37) %% 200,
           %(now)s::timestamptz - make_interval(days => ((a.id * 31 + k * 97) %% 500)::int),
           (ARRAY['buy', 'sell'])[1 + k %% 2], 100, 1.5, 1, 0, 'CNY',
           CASE WHEN (a.id + k) %% 12 = 0 THEN 'cancelled' ELSE 'filled' END, 1
    FROM customers_account a CROSS JOIN generate_series(1, 5) AS k
    CROSS JOIN customers_source source
    CROSS JOIN (SELECT min(id) AS first FROM compliance_product WHERE code LIKE 'F%%') product
    WHERE source.key = 'ledger' ORDER BY a.id
"""
_FLOWS = """
    INSERT INTO customers_cashflow (
        source_id, external_id, account_id, flowed_at, kind, amount, currency, is_external,
        error_code, load_id)
    SELECT source.id, 'C' || a.id || '-' || k, a.id,
           %(now)s::timestamptz - make_interval(days => ((a.id * 13 + k * 59) %% 300)::int),
           'transfer', (a.id * k * 17) %% 60000 - 20000, 'CNY', true, '', 1
    FROM customers_account a CROSS JOIN generate_series(1, 2) AS k
    CROSS JOIN customers_source source WHERE source.key = 'ledger' ORDER BY a.id
"""
_POSITIONS = """
    INSERT INTO customers_positionday (
        account_id, held_on, product_id, quantity, price, market_value, currency, quality, load_id)
    SELECT a.id, (%(now)s::timestamptz)::date, product.first + (a.id * k) %% 200, 1000, 1.5, 1500,
           'CNY', 'ok', 1
    FROM customers_account a CROSS JOIN generate_series(1, 2) AS k
    CROSS JOIN (SELECT min(id) AS first FROM compliance_product WHERE code LIKE 'F%%') product
    WHERE a.id %% 2 = 0 ORDER BY a.id
    ON CONFLICT DO NOTHING
"""
_TAGS = """
    INSERT INTO customers_tagging (customer_id, tag, source, since, valid_until)
    SELECT c.id, 'bench_' || (c.id / 3 + k * 7) %% 20, 'file', %(now)s,
           %(now)s::timestamptz + interval '90 days'
    FROM customers_customer c CROSS JOIN generate_series(1, 3) AS k
    WHERE c.id %% 4 <> 0 ORDER BY c.id
"""
_CONSENTS = """
    INSERT INTO customers_consent (
        customer_id, purpose, channel, state, notice_version, source, evidence, at)
    SELECT c.id, 'marketing', (ARRAY['sms', 'push'])[k],
           CASE WHEN c.id %% 9 = 0 THEN 'withdrawn' ELSE 'granted' END, 'n1', 'file', '{}', %(now)s
    FROM customers_customer c CROSS JOIN generate_series(1, 2) AS k ORDER BY c.id
"""
# Hashes and ciphertexts of the right size that are nobody's: lists and lookups meet as many rows.
_IDENTITIES = """
    INSERT INTO customers_identity (
        customer_id, kind, value_hash, ciphertext, key_id, source, since)
    SELECT c.id, 'phone', sha256(c.id::text::bytea), sha256(c.id::text::bytea), 'none', 'file',
           %(now)s
    FROM customers_customer c ORDER BY c.id
"""
_QUARANTINE = """
    INSERT INTO customers_quarantine (
        source_id, message_id, code, message, details, payload, named, received_at, state,
        handled_by, note)
    SELECT source.id, 'q' || n,
           (ARRAY['timestamp_too_old', 'unknown_event', 'property_missing'])[1 + n %% 3],
           'refused', '{"event": "fund_liked", "property": "code"}', 'AAAA', '{}',
           %(now)s::timestamptz - make_interval(secs => n),
           CASE WHEN n %% 4 = 0 THEN 'discarded' ELSE 'held' END, '', ''
    FROM generate_series(1, %(many)s::int) AS n CROSS JOIN customers_source source
    WHERE source.key = 'ledger'
"""
_IMPORTS = """
    INSERT INTO customers_importjob (
        source_id, kind, file_name, file_hash, mapping, state, rows_done, rows_ok, rows_bad,
        rows_total, errors_file, started_by, started_at, finished_at)
    SELECT source.id, (ARRAY['customers', 'trades', 'assets', 'positions'])[1 + n %% 4],
           'night-' || n || '.csv', encode(sha256(n::text::bytea), 'hex'), '{}', 'done', 1000,
           1000, 0, 1000, '', '', moment, moment
    FROM generate_series(1, %(many)s::int) AS n CROSS JOIN customers_source source
    CROSS JOIN LATERAL (SELECT %(now)s::timestamptz - make_interval(mins => n) AS moment) one
    WHERE source.key = 'ledger'
"""


def put_wealth(customers: int, *, now: datetime) -> None:
    """Fill the tables of wealth, tags, consents, identifiers, quarantine and imports.

    Rows: 8 balances, 4 trades, 1.6 flows, 0.8 positions, 2.25 tags and 2 consents a customer.
    """
    days = [now - timedelta(days=back) for back in BALANCES_BACK]
    ensure_partitions(months={month_of(day) for day in days}, table=ASSET_DAYS)
    ensure_partitions(months={month_of(now)}, table=POSITION_DAYS)
    told = {"now": now}
    steps = [
        ("products", _PRODUCTS, told),
        ("source", _SOURCE, told),
        ("accounts", _ACCOUNTS, told),
    ]
    steps += [(f"balances, {n} days ago", _BALANCES, {**told, "back": n}) for n in BALANCES_BACK]
    steps += [
        ("trades", _TRADES, told),
        ("flows", _FLOWS, told),
        ("positions", _POSITIONS, told),
        ("tags", _TAGS, told),
        ("consents", _CONSENTS, told),
        ("identifiers", _IDENTITIES, told),
        ("quarantine", _QUARANTINE, {**told, "many": customers // 5}),
        ("imports", _IMPORTS, {**told, "many": customers // 200}),
    ]
    for name, statement, params in steps:
        with transaction.atomic():
            execute(WITHOUT_TRIGGERS, {})
            tell(f"{name}: {execute(statement, params):,} rows")
