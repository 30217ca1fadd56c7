"""What is held in quarantine, as people may see it."""

import json
from dataclasses import dataclass
from typing import Final

from customers.identifiers import hide, mask, unhide
from customers.models import Quarantine
from customers.queries.events import quarantined_payload
from customers.queries.identities import lookup_hashes, pseudonym_of
from customers.tracking.traits import snake

# Whoever mends an event needs no names, addresses or numbers of papers for it.
_PERSONAL_KEYS: Final = frozenset(
    {"name", "first_name", "last_name", "full_name", "real_name", "username", "nickname"}
    | {"address", "id_card", "id_number", "passport", "bank_card", "card_no", "birthday"}
    | {"姓名", "地址", "身份证", "身份证号", "银行卡号"}
)


# Who a call says it is of.
_NAMING: Final = {
    "user_id": ("userId", "previousId"),
    "anonymous_id": ("anonymousId", "previousId"),
}
_MOST_NAMED: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """An event as indented JSON in which personal values are numbered masks."""

    text: str
    hidden: tuple[str, ...]

    def restored(self, typed: str) -> str:
        """The text a person made of it, with the values that the masks in it stand for.

        Raises IdentifierError when a mask's number stands for nothing.
        """
        return unhide(typed, self.hidden)


def masked_payload(held: Quarantine) -> Masked:
    """What the client sent, readable, without what names a person. Raises UnknownKey."""
    whole = json.loads(quarantined_payload(held))
    hidden: list[str] = []
    shown = json.dumps(_masked(whole, hidden), ensure_ascii=False, indent=2)
    text, found = hide(shown, first=len(hidden) + 1)
    # Half a character cannot be shown; as an escape it stays what it is.
    return Masked(text=text.encode("utf-8", "backslashreplace").decode(), hidden=(*hidden, *found))


def people_named(payload: str) -> list[str]:
    """Keyed hashes (hex) of whom a payload names: its ids, and every phone and e-mail address."""
    _text, contacts = hide(payload)
    found = {
        *lookup_hashes("phone", (value for value in contacts if "@" not in value)),
        *lookup_hashes("email", (value.replace("%40", "@") for value in contacts)),
    }
    try:
        call = json.loads(payload)
    except ValueError:
        call = None  # what it should have been stays unknown
    if isinstance(call, dict):
        for kind, keys in _NAMING.items():
            ids = [str(call[key]) for key in keys if call.get(key)]
            found |= {*lookup_hashes(kind, [*ids, *map(pseudonym_of, ids)])}
    return sorted(one.hex() for one in found)[:_MOST_NAMED]


def _masked(value: object, hidden: list[str], key: str = "") -> object:
    match value:
        case dict():
            return {name: _masked(inner, hidden, name) for name, inner in value.items()}
        case list():
            return [_masked(inner, hidden, key) for inner in value]
        case str() if value and key and snake(key) in _PERSONAL_KEYS:
            # As it stands between the quotes of JSON.
            hidden.append(json.dumps(value, ensure_ascii=False)[1:-1])
            return f"⟦{len(hidden)}:{mask('name', value) if value[0].isalnum() else '***'}⟧"
        case _:
            return value
