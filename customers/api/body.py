"""Bodies of `/api/v1/` as JSON that can be worked with; whatever else is sent is a 400."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import IO, Any, Final, cast

from django.utils.translation import gettext as _t
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from compliance.json_text import NotJson, decode_bytes

MOST_BYTES: Final = 4_000_000
# Days are counted on from a time, in zones on either side: some have to be left at both ends.
YEARS: Final = (1900, 2500)


class StrictJSON(JSONParser):
    """What is nested beyond reason, names a field twice, or holds half a character is no document.

    Of two fields of one name the first would be lost without a word.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The document.  Raises ParseError."""
        try:
            # No more of it than tells that it is too long.
            found = decode_bytes(stream.read(MOST_BYTES + 1), most=MOST_BYTES)
        except NotJson as error:
            raise ParseError(str(error)) from error
        # Its parent promises an object, and answers whatever the document is.
        return cast("dict[str, Any]", found)


class KnownFields(serializers.Serializer):  # type: ignore[type-arg]
    """A body of which every field is read: a misspelt one would change what is asked, unseen."""

    def to_internal_value(self, data: object) -> object:
        """The fields.  Raises ValidationError, naming those that are unknown."""
        require_known(data if isinstance(data, Mapping) else {}, self.fields)
        return super().to_internal_value(data)


def require_known(given: Iterable[str], known: Collection[str]) -> None:
    """Raises ValidationError, naming each that is not known."""
    unknown = [name for name in given if name not in known]
    if unknown:
        why = _t("This field is not known. Known are %(known)s.") % {"known": ", ".join(known)}
        raise serializers.ValidationError({name: [why] for name in unknown})


class Moment(serializers.DateTimeField):
    """A time that calendars can be asked about."""

    def enforce_timezone(self, value: datetime) -> datetime:
        """The time with its zone, as told and there within `YEARS`.  Raises ValidationError."""
        return _within_years(super().enforce_timezone(_within_years(value)))


def _within_years(at: datetime) -> datetime:
    if not YEARS[0] <= at.year < YEARS[1]:
        raise serializers.ValidationError(
            _t("Name a time from the year %(first)d on and before %(last)d.")
            % {"first": YEARS[0], "last": YEARS[1]}
        )
    return at


class Text(serializers.CharField):
    """A text: a number is none, though it could be written as one."""

    def to_internal_value(self, data: object) -> str:
        """The text.  Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))
