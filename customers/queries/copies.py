"""What a person's copy tells: everything kept of him, in clear, for him and nobody else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from customers.identifiers import Keyring, correction_binding, identity_binding, name_binding
from customers.models import Customer, Erasure
from customers.queries.database import rows
from customers.queries.identities import keyring
from customers.queries.rights import PERSON, ids_of

_BEGINNING: Final = datetime(1, 1, 2, tzinfo=UTC)


IDENTIFIERS = f"""
    SELECT kind, value_hash, ciphertext, key_id, source, since FROM customers_identity
    WHERE customer_id IN ({PERSON}) ORDER BY kind, since
"""


CONSENTS = f"""
    SELECT purpose, channel, state, notice_version, source, at, evidence FROM customers_consent
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


_EVENT = "id occurred_at name kind received_at user_id anonymous_id message_id properties context"


EVENTS = f"""
    SELECT {", ".join(_EVENT.split())} FROM customers_event
    WHERE customer_id IN ({PERSON}) AND (occurred_at, id) > (%(at)s, %(id)s)
    ORDER BY occurred_at, id LIMIT %(most)s
"""


EARLIER_EVENTS = f"""
    -- Told under his names before anybody knew whose they are.
    SELECT {", ".join(_EVENT.split())} FROM customers_event
    WHERE customer_id IS NULL AND user_id = ANY(%(names)s)
      AND (occurred_at, id) > (%(at)s, %(id)s)
    ORDER BY occurred_at, id LIMIT %(most)s
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
    "consents": (CONSENTS, "purpose channel state notice_version source at evidence"),
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
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Events as dicts, in order of time, read anew and a page at a time whenever they are gone
    through: somebody may have more of them than memory should hold at once."""

    statement: str
    told: Mapping[str, Any]
    most: int = 500

    def __iter__(self) -> Iterator[dict[str, Any]]:
        at, last = _BEGINNING, 0
        while page := rows(
            self.statement, {**self.told, "at": at, "id": last, "most": self.most}, binary=True
        ):
            for row in page:
                event = dict(zip(_EVENT.split(), row, strict=True))
                last, at = event.pop("id"), event["occurred_at"]
                yield event


def everything_of(customer: Customer) -> dict[str, Any]:
    """All that is kept of a person, in clear: for him, and nobody else."""
    ring, told = keyring(), {"customer": customer.pk}
    ids = ids_of(customer)
    profiles = Customer.objects.filter(pk__in=ids).order_by("pk").values()
    mine = {one["id"]: _profile(one, ring) for one in profiles}
    identities = rows(IDENTIFIERS, told)
    identifiers = [
        {
            "kind": kind,
            "value": ring.decrypt(
                key_id, bytes(ciphertext), identity_binding(kind, bytes(value_hash))
            ),
            "source": source,
            "since": since,
        }
        for kind, value_hash, ciphertext, key_id, source, since in identities
    ]
    names = [one["customer_no"] for one in mine.values()]
    names += [one["value"] for one in identifiers if one["kind"] == "user_id"]
    return {
        "profile": mine.pop(customer.pk),
        "merged_profiles": list(mine.values()),
        "identifiers": identifiers,
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
        "requests": list(
            Erasure.objects.filter(customer__in=ids).values("asked_at", "retained_until", "basis")
        ),
        "events": Pages(statement=EVENTS, told=told),
        "earlier_events": Pages(statement=EARLIER_EVENTS, told={"names": names}),
    }


def _profile(profile: Mapping[str, Any], ring: Keyring) -> dict[str, Any]:
    cipher, binding = profile["name_cipher"], name_binding(profile["customer_no"])
    return {
        **{name: value for name, value in profile.items() if name not in _UNTOLD},
        "name": ring.unseal(bytes(cipher), binding) if cipher else None,
    }
