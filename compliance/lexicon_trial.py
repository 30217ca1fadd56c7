"""What a change of the lexicon that nobody approved yet would do to texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from compliance.lexicon_versions import lexicon_in_force, tried
from compliance.models import LexiconChange
from compliance.scan import Scan, scan_wording
from compliance.wording.amend import Lexicon

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The lexicon without and with the change, on the first day on which that matters."""

    before: Lexicon
    after: Lexicon
    on: date

    def told(self, texts: Iterable[str]) -> list[tuple[str, Scan, Scan]]:
        """Each text as it is judged without and with the change, by whatever channel."""
        return [
            (
                text,
                scan_wording(text=text, on=self.on, lexicon=self.before),
                scan_wording(text=text, on=self.on, lexicon=self.after),
            )
            for text in texts
        ]


def trial_of(change: LexiconChange, *, today: date) -> Trial:
    """Today's lexicon with the change; of a last day, the day after it."""
    lexicon = lexicon_in_force()
    day = change.effective_from
    if day is None and change.effective_to is not None:
        day = min(change.effective_to, date.max - _DAY) + _DAY
    return Trial(before=lexicon, after=tried(lexicon, change), on=max(day or today, today))
