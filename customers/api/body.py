"""Bodies of `/api/v1/` as JSON that can be worked with; whatever else is sent is a 400."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _t
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSON(JSONParser):
    """What is nested beyond reason, or holds half a character, is no document."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The document.  Raises ParseError."""
        try:
            found = super().parse(stream, media_type, parser_context)
            # Half a surrogate pair can neither be stored nor sent back.
            json.dumps(found, ensure_ascii=False).encode()
        except (RecursionError, UnicodeEncodeError) as error:
            raise ParseError("This is no JSON that can be worked with.") from error
        return found


class KnownFields(serializers.Serializer):  # type: ignore[type-arg]
    """A body of which every field is read: a misspelt one would change what is asked, unseen."""

    def to_internal_value(self, data: object) -> object:
        """The fields.  Raises ValidationError, naming those that are unknown."""
        given = data if isinstance(data, Mapping) else {}
        unknown = [name for name in given if name not in self.fields]
        if unknown:
            known = ", ".join(self.fields)
            why = _t("This field is not known. Known are %(known)s.") % {"known": known}
            raise serializers.ValidationError({name: [why] for name in unknown})
        return super().to_internal_value(data)


class Text(serializers.CharField):
    """A text: a number is none, though it could be written as one."""

    def to_internal_value(self, data: object) -> str:
        """The text.  Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))
