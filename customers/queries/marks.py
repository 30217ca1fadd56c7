"""Where a page of rows ends, as an address carries it to the next one: time and number."""

from datetime import datetime
from typing import Final

LAST_ID: Final = 2**63 - 1


def mark_of(at: datetime, number: int) -> str:
    """The mark of a row; pages go from newer to older rows, of one moment by falling number."""
    return f"{at.isoformat()}~{number}"


def read_mark(mark: str) -> tuple[datetime, int]:
    """Its time and number. Raises ValueError (OverflowError for a time no calendar has)."""
    at, _tilde, number = mark.partition("~")
    before, before_id = datetime.fromisoformat(at), int(number)
    if before.tzinfo is None or not 0 <= before_id <= LAST_ID:
        raise ValueError("no mark")
    return before, before_id
