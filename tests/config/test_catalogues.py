"""The committed .mo files say what the .po files say: no gettext is needed to install."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

CHECKOUT = Path(__file__).resolve().parents[2]
CATALOGUES = sorted((CHECKOUT / "locale").glob("*/LC_MESSAGES/*.po"))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_compiled_catalogue_is_up_to_date(path: Path) -> None:
    with path.open("rb") as source:
        wanted = texts(message for message in read_po(source) if not message.fuzzy)
    with path.with_suffix(".mo").open("rb") as compiled:
        found = texts(read_mo(compiled))

    assert found == wanted, "run manage.py compilemessages"


def texts(messages: Iterable[Message]) -> dict[object, object]:
    """Translated texts by context and source; a plural's forms come as a list or as a tuple."""

    def plain(text: object) -> object:
        if isinstance(text, bytes):  # Babel leaves the contexts of compiled catalogues undecoded
            return text.decode()
        return tuple(text) if isinstance(text, list | tuple) else text

    return {
        (plain(message.context), plain(message.id)): plain(message.string)
        for message in messages
        if message.id and any(message.string)
    }
