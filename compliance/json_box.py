"""A form field for JSON as people type it: monospace, indented, with the place of a slip."""

import json
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from unfold.widgets import UnfoldAdminTextareaWidget

LONGEST = 256 * 1024
MOST_DIGITS = 1_000
_PLAIN_LIST = re.compile(r"\[\s+[^\[\]{}]*?\]")
_LAYOUT = re.compile(r"\s*\n\s*")


class JsonBox(UnfoldAdminTextareaWidget):  # type: ignore[misc]
    """A monospace text box."""

    def __init__(self, *, rows: int = 14, attrs: dict[str, str | Promise] | None = None) -> None:
        super().__init__({"rows": rows, "spellcheck": "false", **(attrs or {})})
        self.attrs["class"] += " ts-json"


class JsonText(forms.CharField):
    """JSON text; the cleaned value is the decoded JSON."""

    widget = JsonBox

    def prepare_value(self, value: Any) -> Any:
        """Stored JSON is shown indented, typed text as it was typed."""
        if value is None and not self.required:
            return ""
        return value if isinstance(value, str) else spelled(value)

    def to_python(self, value: Any) -> Any:
        """The decoded JSON; an error says line and column. Nothing typed where nothing is needed:
        None.
        """
        text = super().to_python(value) or ""
        if not self.required and not text.strip():
            return None
        try:
            return decode(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare values, not spelling."""
        try:
            return bool(decode(data or "") != initial)
        except ValueError:
            return True


def spelled(value: object) -> str:
    """JSON to read: indented, but lists of plain values on one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # Line breaks within JSON text are always layout: inside strings they are written as \\n.
    return _PLAIN_LIST.sub(lambda found: _LAYOUT.sub(" ", found[0]), text)


def decode(text: str) -> object:
    """JSON from a text box. Raises ValueError with a sentence for the person who typed it."""
    if len(text.encode(errors="replace")) > LONGEST:
        raise ValueError(_t("The text is longer than 256 KB."))
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise ValueError(
            _t("This is not JSON: line %(line)d, column %(column)d.")
            % {"line": error.lineno, "column": error.colno}
        ) from error
    except RecursionError as error:
        raise ValueError(_t("The text is nested too deeply.")) from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys stand once: of two the first would be lost without a word."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            told = {"key": key[:60]}
            raise ValueError(_t('The key "%(key)s" stands twice in one object.') % told)
        found[key] = value
    return found


def _whole(digits: str) -> int:
    """Python refuses longer ones in a sentence of its own."""
    if len(digits) > MOST_DIGITS:
        told = {"most": MOST_DIGITS}
        raise ValueError(_t("A number has more than %(most)d digits.") % told)
    return int(digits)
