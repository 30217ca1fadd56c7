"""A form field for JSON as people type it: monospace, indented, with the place of a slip."""

import json
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from unfold.widgets import UnfoldAdminTextareaWidget

from compliance.json_text import decode

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
