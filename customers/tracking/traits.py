"""What a tracking client may say about a person, and what it may not.

A write key stands in every browser that loads the page, so whoever holds it is nobody in
particular: it may describe a person, but consent, suitability and the institution's own records
come from a server key, a file or a signed webhook.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from compliance.sentences import Sentence
from customers.tracking import reasons

_FIELDS = {
    "name": "name",
    "gender": "gender",
    "birthday": "birth_on",
    "birth_on": "birth_on",
    "city": "city",
    "state": "region",
    "region": "region",
    "province": "region",
    "locale": "locale",
    "timezone": "time_zone",
    "time_zone": "time_zone",
}
_CONTACTS = {"email": "email", "phone": "phone", "mobile": "phone"}
# Whatever a client calls it: consent, suitability, and what the institution itself establishes.
# Matched against the folded name, word by word from its beginning.
_TRUSTED = re.compile(
    r"(?:^|_)(?:consents?|consented|opt_?(?:in|out)\w*|(?:un)?subscri\w+|do_not_\w+|dnd|dnc"
    r"|suppress\w*|gdpr\w*|pipl\w*|marketing_(?:allowed|permission\w*|ok)|personali[sz]e_off"
    r"|risk|risk_\w+|suitab\w*|professional\w*|qualified\w*|accredited\w*|investor_\w+"
    r"|lowest_class|horizon_months|objectives|permissions?|aml|aml_\w+|kyc\w*|pep|internal_hold"
    r"|sanction\w*|lifecycle|rfm_\w+|persona\w*|hnw|lookalike_\w+|status|customer_(?:no|number|id)|total_assets?|average_assets?"
    r"|age_band|assess_days_left|horizon|objective|avg20_asset|aum_product|cash_ratio|margin_ratio"
    r"|asset_tier|net_inflow_30d|last_trade_days|trades_30d|trades_1y|turnover_1y|top1_conc"
    r"|cancel_rate|holds_mmf|maturity_30d|fund_browse_7d|active_days_30|last_login_days|top_query"
    r"|open_rate_90d|sms_resp_90d|fatigue|src_channel|src_campaign"
    r"|financial_assets?|yearly_incomes?|trading_since)(?:_|$)"
    "|风险|同意|授权|退订|适当性|专业投资者|合格投资者|反洗钱|客户号"
)
# Only a server key may set these; the others of _TRUSTED nobody sets through tracking.
_SERVER_FIELDS = frozenset({"risk_level", "investor_type", "lifecycle"})
_RISK_LEVELS = frozenset({"C1", "C2", "C3", "C4", "C5"})
_LENGTHS = {
    "gender": 10,
    "city": 80,
    "region": 80,
    "locale": 16,
    "time_zone": 64,
    "investor_type": 20,
    "lifecycle": 20,
}
_DATE = re.compile("[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
_UNSTORED = frozenset(
    {"name", "first_name", "last_name", "email", "phone", "mobile", "birthday", "birth_on"}
    | {"id_card", "id_number", "address", "username"}
)
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_TEXT_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A person's traits, sorted by where they go."""

    columns: Mapping[str, str] = field(default_factory=dict)
    contacts: Mapping[str, str] = field(default_factory=dict)
    """By identity kind, not yet normalised."""
    attributes: Mapping[str, str | float | bool] = field(default_factory=dict)
    ignored: Mapping[str, Sentence] = field(default_factory=dict)
    """Names of traits that are not taken, as the client wrote them, and why."""


def sort_traits(traits: Mapping[str, Any], *, from_server: bool) -> Described:
    """Say where each trait goes.

    Parameters
    ----------
    traits : of one identify call
    from_server : whether the key is secret; browser keys may set less
    """
    columns: dict[str, str] = {}
    contacts: dict[str, str] = {}
    attributes: dict[str, str | float | bool] = {}
    ignored: dict[str, Sentence] = {}
    for key, value in traits.items():
        name = snake(key)
        if value is None or value == "":
            continue
        if name in _CONTACTS and isinstance(value, str):
            contacts[_CONTACTS[name]] = value
        elif _is_trusted(name):
            if refused := _untrusted(name, value, from_server=from_server):
                ignored[key] = refused
            else:
                columns[name] = value
        elif name in _FIELDS and _fits(_FIELDS[name], value):
            columns[_FIELDS[name]] = value
        elif _is_attribute(name, value):
            attributes[name] = value
        else:
            ignored[key] = reasons.VALUE_NOT_STORABLE
    return Described(columns=columns, contacts=contacts, attributes=attributes, ignored=ignored)


def storable(traits: Mapping[str, Any], *, from_server: bool) -> dict[str, Any]:
    """The traits that may stand in the event ledger, in clear and believed."""
    return {
        key: value
        for key, value in traits.items()
        if (name := snake(key)) not in _UNSTORED and (from_server or not _is_trusted(name))
    }


def snake(key: str) -> str:
    """``riskLevel``, ``Risk-Level`` and its full-width twin as ``risk_level``: one spelling for
    every client."""
    plain = unicodedata.normalize("NFKC", key).strip()
    spaced = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", plain)
    return re.sub(r"[\s._-]+", "_", spaced).lower()


def _is_trusted(name: str) -> bool:
    return _TRUSTED.search(name) is not None


def _untrusted(name: str, value: object, *, from_server: bool) -> Sentence | None:
    """Why this key may not set a trait that needs trust, None when it may."""
    if name not in _SERVER_FIELDS:
        return reasons.NOT_BY_TRACKING
    if not from_server:
        return reasons.NEEDS_SERVER_KEY
    return None if _fits(name, value) else reasons.VALUE_NOT_STORABLE


def _fits(column: str, value: object) -> bool:
    if not isinstance(value, str) or len(value) > _LENGTHS.get(column, 200):
        return False
    if column == "risk_level":
        return value in _RISK_LEVELS
    if column == "birth_on":
        return _is_date(value)
    return True


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_attribute(name: str, value: object) -> bool:
    if name in _UNSTORED or not _KEY.fullmatch(name):
        return False
    return isinstance(value, bool | int | float) or (
        isinstance(value, str) and len(value) <= _TEXT_LIMIT
    )
