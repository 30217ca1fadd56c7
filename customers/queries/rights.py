"""What a person may ask for: everything kept of him, and that nothing of him can be read."""

from datetime import date
from typing import Any

from compliance.keeping import Kept
from compliance.queries import rulebook
from customers.identifiers import correction_binding, identity_binding, name_binding
from customers.models import Customer
from customers.queries.database import rows
from customers.queries.identities import keyring

# The person's rows, under whichever name they stand.
PERSON = """
    SELECT id FROM customers_customer WHERE id = %(customer)s OR merged_into_id = %(customer)s
"""


LOCK_PERSON = f"""
    -- In the order in which files write, so that none waits for the other.
    SELECT id FROM customers_customer WHERE id IN ({PERSON})
    ORDER BY customer_no FOR NO KEY UPDATE
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


FORGET = (
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


IDENTIFIERS = f"""
    SELECT kind, value_hash, ciphertext, key_id, source, since FROM customers_identity
    WHERE customer_id IN ({PERSON}) ORDER BY kind, since
"""


CONSENTS = f"""
    SELECT purpose, channel, state, notice_version, source, at FROM customers_consent
    WHERE customer_id IN ({PERSON}) ORDER BY id
"""


ASSESSMENTS = f"""
    SELECT level, score, lowest_class, horizon_months, objectives, assessed_at, valid_until, source
    FROM customers_riskassessment WHERE customer_id IN ({PERSON}) ORDER BY assessed_at
"""


TAGS = f"""
    SELECT tag, source, since, valid_until FROM customers_tagging
    WHERE customer_id IN ({PERSON}) ORDER BY tag
"""


TAG_REFUSALS = f"""
    SELECT tag, refused_at FROM customers_tagrefusal
    WHERE customer_id IN ({PERSON}) ORDER BY tag
"""


EVENTS = f"""
    SELECT name, kind, occurred_at, received_at, properties, context FROM customers_event
    WHERE customer_id IN ({PERSON}) ORDER BY occurred_at, id
"""


ACCOUNTS = f"""
    SELECT number, kind, branch, permissions, opened_on, closed_on
    FROM customers_account WHERE customer_id IN ({PERSON}) ORDER BY number
"""


ASSETS = f"""
    SELECT account.number, day.valued_on, day.currency, day.cash, day.market_value, day.debt,
           day.net
    FROM customers_assetday day JOIN customers_account account ON account.id = day.account_id
    WHERE account.customer_id IN ({PERSON}) ORDER BY 1, 2
"""


POSITIONS = f"""
    SELECT account.number, day.held_on, product.code, day.quantity, day.price, day.market_value,
           day.currency
    FROM customers_positionday day JOIN customers_account account ON account.id = day.account_id
    JOIN compliance_product product ON product.id = day.product_id
    WHERE account.customer_id IN ({PERSON}) ORDER BY 1, 2, 3
"""


TRADES = f"""
    SELECT account.number, trade.external_id, product.code, trade.traded_at, trade.side,
           trade.quantity, trade.price, trade.fee, trade.tax, trade.currency, trade.status
    FROM customers_trade trade JOIN customers_account account ON account.id = trade.account_id
    JOIN compliance_product product ON product.id = trade.product_id
    WHERE account.customer_id IN ({PERSON}) ORDER BY trade.traded_at, trade.id
"""


CASH_FLOWS = f"""
    SELECT account.number, flow.external_id, flow.flowed_at, flow.kind, flow.amount, flow.currency,
           flow.is_external, flow.error_code
    FROM customers_cashflow flow JOIN customers_account account ON account.id = flow.account_id
    WHERE account.customer_id IN ({PERSON}) ORDER BY flow.flowed_at, flow.id
"""


KYC = f"""
    -- Without the hold: the law forbids to tell of it.
    SELECT level, id_expires_on, checked_on FROM customers_kyc WHERE customer_id IN ({PERSON})
"""


HAS_ACCOUNT = f"SELECT EXISTS ({_ACCOUNTS})"


NEWEST_ASSESSMENT = f"""
    SELECT max(assessed_at)::date FROM customers_riskassessment WHERE customer_id IN ({PERSON})
"""


CORRECTIONS = f"""
    SELECT customer_id, field, before_cipher, after_cipher, why, at FROM customers_correction
    WHERE customer_id IN ({PERSON}) ORDER BY id
"""


_UNTOLD = frozenset(
    # The law forbids to tell of a hold; the rest names rows of ours and nothing of the person.
    (
        "id",
        "name_cipher",
        "aml_hold",
        "internal_hold",
        "merged_into_id",
        "is_numbered",
        "slot",
        "told_at",
    )
)
_TABLES = {
    "consents": (CONSENTS, "purpose channel state notice_version source at"),
    "assessments": (
        ASSESSMENTS,
        "level score lowest_class horizon_months objectives assessed_at valid_until source",
    ),
    "accounts": (ACCOUNTS, "number kind branch permissions opened_on closed_on"),
    "assets": (ASSETS, "account valued_on currency cash market_value debt net"),
    "positions": (
        POSITIONS,
        "account held_on product quantity price market_value currency",
    ),
    "trades": (
        TRADES,
        "account number product traded_at side quantity price fee tax currency status",
    ),
    "cash_flows": (
        CASH_FLOWS,
        "account number flowed_at kind amount currency is_external error_code",
    ),
    "kyc": (KYC, "level id_expires_on checked_on"),
    "tags": (TAGS, "tag source since valid_until"),
    "refused_tags": (TAG_REFUSALS, "tag refused_at"),
    "events": (EVENTS, "name kind occurred_at received_at properties context"),
}


def everything_of(customer: Customer) -> dict[str, Any]:
    """All that is kept of a person, in clear: for him, and nobody else."""
    ring, told = keyring(), {"customer": customer.pk}
    profile = Customer.objects.filter(pk=customer.pk).values().get()
    binding = name_binding(customer.customer_no)
    cipher = profile["name_cipher"]
    return {
        "profile": {
            **{name: value for name, value in profile.items() if name not in _UNTOLD},
            "name": ring.unseal(bytes(cipher), binding) if cipher else None,
        },
        "identifiers": [
            {
                "kind": kind,
                "value": ring.decrypt(
                    key_id, bytes(ciphertext), identity_binding(kind, bytes(value_hash))
                ),
                "source": source,
                "since": since,
            }
            for kind, value_hash, ciphertext, key_id, source, since in rows(IDENTIFIERS, told)
        ],
        "corrections": [
            {
                "field": name,
                "before": ring.unseal(bytes(before), correction_binding(who, name)),
                "after": ring.unseal(bytes(after), correction_binding(who, name)),
                "why": why,
                "at": at,
            }
            for who, name, before, after, why, at in rows(CORRECTIONS, told)
        ],
        **{
            title: [
                dict(zip(names.split(), row, strict=True))
                for row in rows(statement, told, binary=True)
            ]
            for title, (statement, names) in _TABLES.items()
        },
    }


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
