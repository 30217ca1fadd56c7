"""Bodies of `/api/v1/` as JSON that can be worked with; whatever else is sent is a 400."""

import json
from collections.abc import Mapping
from typing import IO, Any

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
