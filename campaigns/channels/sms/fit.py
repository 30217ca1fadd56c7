"""Whether a text message can be handed over at all, asked before anything of its batch is sent."""

from collections.abc import Sequence

from campaigns.channels.base import Outgoing, Refused
from campaigns.channels.handing import too_long
from campaigns.channels.sms.numbers import is_e164
from campaigns.channels.sms.segments import units_of_16_bits


def unfit(message: Outgoing, text: str, *, most: int) -> Refused | None:
    """Return why the message must not go: no number, or more than `most` units of 16 bits."""
    if not is_e164(message.address):
        return Refused(key=message.key, code="address_invalid", message="the number is not E.164")
    return too_long(message, units_of_16_bits(text), most, "characters with the signature")


def parted(
    batch: Sequence[Outgoing], texts: Sequence[str], *, most: int
) -> tuple[list[Outgoing], list[Refused]]:
    """Part a batch, whose texts as sent are given, into what may go and what is refused."""
    verdicts = [
        (message, unfit(message, text, most=most))
        for message, text in zip(batch, texts, strict=True)
    ]
    good = [message for message, refused in verdicts if refused is None]
    return good, [refused for _, refused in verdicts if refused is not None]
