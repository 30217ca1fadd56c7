"""Who a rule may not name: its text stands in clear, in every version and in the audit trail."""

from typing import Final

from customers.id_cards import holds_id_card
from customers.identifiers import names_somebody
from segments.errors import Code, RuleError
from segments.rules.pointer import below

_ESCAPES: Final = str.maketrans("", "", "\\^$")


def refuse_persons(raw: object, path: str = "") -> None:
    """Raises RuleError at the first text or key of the rule as JSON that is or holds a phone
    number, an e-mail address or the number of an identity card.

    No rule is needed for it: fields of that kind are kept encrypted, and events masked.
    """
    waiting = [(raw, path)]
    while waiting:
        value, place = waiting.pop()
        match value:
            case str():
                # In a pattern a point is escaped, and its ends are marked.
                if names_somebody(value) or names_somebody(value.translate(_ESCAPES)):
                    raise RuleError(Code.NAMES_SOMEBODY, place)
            case list():
                waiting += [(one, below(place, at)) for at, one in reversed([*enumerate(value)])]
            case dict():
                for key, one in reversed(value.items()):
                    waiting += [(one, below(place, str(key))), (key, place)]
            case _:
                # Of numbers most are amounts, also those as long as a phone's.
                if holds_id_card(value):
                    raise RuleError(Code.NAMES_SOMEBODY, place)
