"""The committed .mo files say what the .po files say: no gettext is needed to install."""

from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

CHECKOUT = Path(__file__).resolve().parents[2]
CATALOGUES = sorted((CHECKOUT / "locale").glob("*/LC_MESSAGES/*.po"))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_compiled_catalogue_is_up_to_date(path: Path) -> None:
    with path.open("rb") as source:
        wanted = {
            (message.context, message.id): message.string
            for message in read_po(source)
            if message.id and message.string and not message.fuzzy
        }
    with path.with_suffix(".mo").open("rb") as compiled:
        found = {(message.context, message.id): message.string for message in read_mo(compiled)}

    found.pop((None, ""), None)
    assert found == wanted, "run manage.py compilemessages"
