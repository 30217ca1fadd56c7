"""Who a person is in the tables, how long he must be kept, and that nothing of him can be read."""

from datetime import date

from compliance.keeping import Kept
from compliance.queries import rulebook
from customers.models import Customer
from customers.queries.database import rows
from customers.queries.loads import ERASED

# The person's rows, under whichever name they stand.
PERSON = """
    SELECT id FROM customers_customer WHERE id = %(customer)s OR merged_into_id = %(customer)s
"""


KEEP_HASHES = f"""
    INSERT INTO customers_erasedidentity (kind, value_hash, at)
    SELECT DISTINCT kind, value_hash, %(now)s::timestamptz FROM customers_identity
    WHERE customer_id IN ({PERSON}) AND kind IN ('phone', 'email', 'device', 'openid', 'unionid')
    ON CONFLICT DO NOTHING
"""


_ACCOUNTS = f"SELECT id FROM customers_account WHERE customer_id IN ({PERSON})"


SLOTS = f"SELECT id, slot, customer_no FROM customers_customer WHERE id IN ({PERSON})"


HELD_EVENTS = f"""
    -- Quarantined events that name the person, by whatever he is known.
    SELECT id, payload FROM customers_quarantine
    WHERE payload <> '' AND named && (
        %(hashes)s::bytea[] || ARRAY(
            SELECT value_hash FROM customers_identity WHERE customer_id IN ({PERSON})))
    FOR NO KEY UPDATE
"""


FORGET_HELD = """
    UPDATE customers_quarantine
    SET payload = '', named = '{}', details = '{}', message = '',
        state = CASE state WHEN 'held' THEN 'discarded' ELSE state END,
        handled_at = coalesce(handled_at, %(now)s)
    WHERE id = ANY(%(ids)s::bigint[])
"""


FORGET_TOLD_EARLIER = """
    -- Events that were told under his names before anybody knew whose they are.
    UPDATE customers_event
    SET user_id = NULL, anonymous_id = NULL, properties = '{}', context = '{}'
    WHERE customer_id IS NULL AND user_id = ANY(%(names)s)
"""


NAMES = f"""
    -- By which tracking clients call him.
    SELECT value_hash, ciphertext, key_id FROM customers_identity
    WHERE kind = 'user_id' AND customer_id IN ({PERSON})
"""


FORGET = (
    f"""
    -- Of files that are blocked, or wait for another.
    UPDATE customers_stagedrow SET key = '', data = '{{}}', value = '',
        code = CASE code WHEN '' THEN '{ERASED}' ELSE code END
    WHERE data ->> 'customer' IN (
            SELECT customer_no FROM customers_customer WHERE id IN ({PERSON}))
       OR data ->> 'account' IN (
            SELECT number FROM customers_account WHERE customer_id IN ({PERSON}))
    """,
    f"DELETE FROM customers_identity WHERE customer_id IN ({PERSON})",
    f"DELETE FROM customers_correction WHERE customer_id IN ({PERSON})",
    f"DELETE FROM customers_tagging WHERE customer_id IN ({PERSON})",
    f"DELETE FROM customers_tagrefusal WHERE customer_id IN ({PERSON})",
    f"DELETE FROM customers_riskassessment WHERE customer_id IN ({PERSON})",
    f"DELETE FROM customers_positionday WHERE account_id IN ({_ACCOUNTS})",
    f"DELETE FROM customers_assetday WHERE account_id IN ({_ACCOUNTS})",
    f"DELETE FROM customers_trade WHERE account_id IN ({_ACCOUNTS})",
    f"DELETE FROM customers_cashflow WHERE account_id IN ({_ACCOUNTS})",
    f"DELETE FROM customers_account WHERE customer_id IN ({PERSON})",
    f"DELETE FROM customers_kyc WHERE customer_id IN ({PERSON})",
    f"""
    UPDATE customers_event
    SET user_id = NULL, anonymous_id = NULL, properties = '{{}}', context = '{{}}'
    WHERE customer_id IN ({PERSON})
    """,
    f"""
    -- The institution's number stays, so that its next file does not bring him back; a number that
    -- was a web client's userId may be an e-mail address, and goes.
    UPDATE customers_customer
    SET status = 'erased', merged_into_id = NULL,
        customer_no = CASE WHEN is_numbered THEN customer_no ELSE 'erased-' || id END,
        name_cipher = NULL, gender = NULL, birth_on = NULL, city = NULL, region = NULL,
        risk_level = NULL, risk_assessed_on = NULL, risk_valid_until = NULL, lowest_class = NULL,
        horizon_months = NULL, objectives = NULL, investor_type = NULL,
        professional_until = NULL, qualified_until = NULL, permissions = NULL,
        average_asset = NULL, trading_since = NULL, financial_asset = NULL,
        yearly_income = NULL, lifecycle = NULL, total_asset = NULL,
        locale = NULL, time_zone = NULL, aml_hold = false, internal_hold = false,
        attributes = '{{}}', told_at = '{{}}', updated_at = %(now)s
    WHERE id IN ({PERSON})
    """,
)


_LATELY_ERASED = """
    customers_erasure erasure
    JOIN customers_customer erased ON erased.slot = ANY(erasure.slots) AND erased.status = 'erased'
    WHERE erasure.done_at > %(since)s
"""


FORGET_LATE = (
    # Of requests that had looked somebody up before he was erased, and ended after it.
    f"""
    DELETE FROM customers_identity late USING {_LATELY_ERASED} AND late.customer_id = erased.id
    """,
    f"""
    UPDATE customers_event late
    SET user_id = NULL, anonymous_id = NULL, properties = '{{}}', context = '{{}}'
    FROM {_LATELY_ERASED} AND late.customer_id = erased.id AND late.received_at > %(since)s
      AND (late.user_id IS NOT NULL OR late.anonymous_id IS NOT NULL
           OR late.properties <> '{{}}' OR late.context <> '{{}}')
    """,
)


KEYED = """
    SELECT id, slot, customer_no FROM customers_customer
    WHERE id > %(after)s AND status NOT IN ('erased', 'merged') ORDER BY id LIMIT %(most)s
"""


HAS_ACCOUNT = f"SELECT EXISTS ({_ACCOUNTS})"


NEWEST_ASSESSMENT = f"""
    SELECT max(assessed_at)::date FROM customers_riskassessment WHERE customer_id IN ({PERSON})
"""


def ids_of(customer: Customer) -> list[int]:
    """Under which ids a person stands: his own, and of whom was merged into him."""
    return [row[0] for row in rows(PERSON, {"customer": customer.pk})]


def retained_until(customer: Customer, *, on: date) -> tuple[date | None, str]:
    """Until when the law wants the customer kept, and which law; None where it does not."""
    told = {"customer": customer.pk}
    has_account = customer.trading_since is not None or rows(HAS_ACCOUNT, told)[0][0]
    starts: dict[Kept, date | None] = {
        Kept.TRADED: on if has_account else None,
        Kept.ASSESSED: rows(NEWEST_ASSESSMENT, told)[0][0],
    }
    duties = rulebook(on).records
    ends = [
        (_years_after(start, int(duties[kept].params["years"])), duties[kept].basis)
        for kept, start in starts.items()
        if start is not None
    ]
    running = [end for end in ends if end[0] > on]
    return max(running) if running else (None, "")


def _years_after(day: date, years: int) -> date:
    if (day.month, day.day) == (2, 29):
        day = day.replace(day=28)
    return day.replace(year=day.year + years)
