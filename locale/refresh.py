"""Bring the catalogue up to date: `.venv/bin/python locale/refresh.py`.

Collects what our code and templates and Unfold say to people (Unfold ships no catalogue), keeps
the translations there are, adds what is new with an empty one, drops what nobody says any more,
and compiles. What Django translates itself is left to Django's own catalogues.
"""

import importlib.util
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGES = ("config", "attribution", "campaigns", "segments", "customers", "compliance")
CATALOGUE = CHECKOUT / "locale/zh_Hans/LC_MESSAGES/django.po"
KEYWORDS = {
    "_": None,
    "_t": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
# Fixed, so that a run without news changes nothing.
CREATED = datetime(2026, 11, 22, tzinfo=UTC)
MessageId = str | tuple[str, str]


def messages_in_use() -> set[tuple[str | None, MessageId]]:
    """``(context, msgid)`` of everything that is said, but for what Django translates."""
    own = set().union(*(_said_in(CHECKOUT / package) for package in PACKAGES))
    own |= _said_in(CHECKOUT / "templates")
    return own | (_said_in(_unfold()) - _translated_by_django())


def catalogue() -> Catalog:
    """The catalogue as committed."""
    with CATALOGUE.open("rb") as source:
        return read_po(source, locale="zh_Hans")


def _unfold() -> Path:
    found = importlib.util.find_spec("unfold")
    if found is None or found.origin is None:
        raise SystemExit("Unfold is not installed: run this with the checkout's .venv.")
    return Path(found.origin).parent


def _said_in(folder: Path) -> set[tuple[str | None, MessageId]]:
    return {
        (context, message if isinstance(message, str) else (message[0], message[1]))
        for source in _sources(folder)
        for _line, message, _comments, context in extract(
            "python", io.BytesIO(source.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
        )
    }


def _sources(folder: Path) -> Iterator[str]:
    """Python as it is; templates as the Python that Django makes of them for this purpose."""
    for path in sorted(folder.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path.read_text(encoding="utf-8")
    for path in sorted(folder.rglob("*.html")):
        lines = templatize(path.read_text(encoding="utf-8"), origin=str(path)).splitlines()
        # The template's indentation is none that Python would accept; each call is on one line.
        yield "\n".join(line.strip() for line in lines)


def _translated_by_django() -> set[tuple[str | None, MessageId]]:
    root = Path(django.__file__).parent
    found: set[tuple[str | None, MessageId]] = set()
    for name in ("conf", "contrib/admin", "contrib/auth"):
        with (root / name / "locale/zh_Hans/LC_MESSAGES/django.mo").open("rb") as source:
            for message in read_mo(source):
                key = message.id if isinstance(message.id, str) else (message.id[0], message.id[1])
                found.add((message.context, key))
    return found


def _refresh() -> list[str]:
    """Write the catalogue; the msgids that still have no translation."""
    before = catalogue()
    after = Catalog(
        locale="zh_Hans",
        header_comment="# Simplified Chinese; the terms are those of docs/glossary.md.",
        project="Touchstone",
        version="1",
        msgid_bugs_address="",
        last_translator="",
        language_team="",
        creation_date=CREATED,
        revision_date=CREATED,
        fuzzy=False,
    )
    missing = []
    for context, message in sorted(messages_in_use(), key=str):
        known = before.get(message if isinstance(message, str) else message[0], context)
        after.add(message, known.string if known else "", context=context)
        if not known or not known.string or not any(known.string):
            missing.append(str(message))
    with CATALOGUE.open("wb") as target:
        write_po(target, after, width=100, omit_header=False, sort_output=True)
    with CATALOGUE.with_suffix(".mo").open("wb") as target:
        write_mo(target, after)
    return missing


if __name__ == "__main__":
    settings.configure()
    untranslated = _refresh()
    sys.stdout.write(f"{len(untranslated)} without a translation\n")
    sys.stdout.writelines(f"  {message}\n" for message in untranslated)
