"""Ids that are themselves phone numbers or e-mail addresses, as the ledger keeps them.

Some clients send an address as userId. Ids stand in clear, so such a one becomes a pseudonym: equal
ids become equal pseudonyms, and nobody without the lookup key can tell which id it was. A number
that the institution itself gave a customer stays what it is.
"""

from collections.abc import Sequence
from dataclasses import replace

from customers.identifiers import redact
from customers.queries.identities import pseudonym_of
from customers.queries.people import customer_ids
from customers.tracking.parse import Message


def under_pseudonyms(messages: Sequence[Message]) -> Sequence[Message]:
    """The messages with pseudonyms in place of such ids. Most requests hold none and cost nothing;
    the others ask once which of them are the institution's own numbers."""
    named = {
        one
        for message in messages
        if message.may_hold_contact
        for one in _ids(message)
        if one and redact(one) != one
    }
    if not named:
        return messages
    stays = customer_ids(named)
    names = {one: pseudonym_of(one) for one in named if one not in stays}
    return [_under(message, names) for message in messages]


def _ids(message: Message) -> tuple[str | None, ...]:
    event = message.event
    return event.user_id, event.anonymous_id, event.message_id, message.previous_id


def _under(message: Message, names: dict[str, str]) -> Message:
    user_id, anonymous_id, message_id, previous_id = (
        names.get(one, one) if one else one for one in _ids(message)
    )
    event = replace(
        message.event,
        user_id=user_id,
        anonymous_id=anonymous_id,
        message_id=message_id or message.event.message_id,
    )
    return replace(message, event=event, previous_id=previous_id)
