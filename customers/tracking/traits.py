"""What a tracking client may say about a person, and what it may not.

A write key stands in every browser that loads the page, so whoever holds it is nobody in
particular: it may describe a person, but consent, suitability and the institution's own records
come from a server key, a file or a signed webhook.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

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
_TRUSTED = frozenset(
    {
        "aml_hold",
        "average_asset",
        "customer_no",
        "horizon_months",
        "internal_hold",
        "investor_type",
        "lifecycle",
        "lowest_class",
        "objectives",
        "permissions",
        "personalise_off",
        "professional",
        "professional_status",
        "professional_until",
        "qualified_until",
        "risk",
        "risk_assessed_on",
        "risk_level",
        "risk_valid_until",
        "status",
        "suitability",
        "subscribed",
        "total_asset",
        "trading_since",
        "unsubscribed",
    }
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
    ignored: tuple[str, ...] = ()
    """Names of traits this key may not set, or that have no storable value."""


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
    ignored: list[str] = []
    for key, value in traits.items():
        name = snake(key)
        if value is None or value == "":
            continue
        if name in _CONTACTS and isinstance(value, str):
            contacts[_CONTACTS[name]] = value
        elif _is_trusted(name):
            allowed = from_server and name in _SERVER_FIELDS and _fits(name, value)
            if allowed:
                columns[name] = value
            else:
                ignored.append(key)
        elif name in _FIELDS and _fits(_FIELDS[name], value):
            columns[_FIELDS[name]] = value
        elif _is_attribute(name, value):
            attributes[name] = value
        else:
            ignored.append(key)
    return Described(
        columns=columns, contacts=contacts, attributes=attributes, ignored=tuple(ignored)
    )


def storable(traits: Mapping[str, Any], *, from_server: bool) -> dict[str, Any]:
    """The traits that may stand in the event ledger, in clear and believed."""
    return {
        key: value
        for key, value in traits.items()
        if (name := snake(key)) not in _UNSTORED and (from_server or not _is_trusted(name))
    }


def snake(key: str) -> str:
    """``riskLevel`` and ``Risk Level`` as ``risk_level``: one spelling for every client."""
    spaced = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key.strip())
    return re.sub(r"[\s.]+", "_", spaced).lower()


def _is_trusted(name: str) -> bool:
    return name in _TRUSTED or "consent" in name


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
