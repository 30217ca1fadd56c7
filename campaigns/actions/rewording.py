"""Which templates a change of the wording lexicon would meet."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from campaigns.actions.templates import read_version, subject_of
from campaigns.guards.wording import STATUTORY
from campaigns.models import TemplateVersion
from compliance.queries import products
from compliance.wording.amend import Lexicon

LOOKED_AT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A version of a template with the rules that would speak anew, or no longer."""

    version: TemplateVersion
    forbidden: frozenset[str]
    to_review: frozenset[str]
    silent: frozenset[str]


def templates_met(*, before: Lexicon, after: Lexicon, on: date) -> list[Meeting]:
    """Of the `LOOKED_AT` newest versions of all templates those that ``after`` judges otherwise.

    Drafts, versions under review and approved ones alike, as on that day. A version takes a few
    milliseconds at most, whatever the number of rules; those beyond the newest are not read, nor
    are statutory notices: what a person saw in one stands, whatever is listed later.
    """
    newest = (
        TemplateVersion.objects.exclude(purpose=STATUTORY)
        .select_related("template")
        .order_by("-pk")[:LOOKED_AT]
    )
    versions = list(newest)
    known = products({version.product for version in versions})
    met: list[Meeting] = []
    for version in versions:
        subject = subject_of(version, known)
        was = read_version(version, subject, on=on, lexicon=before)
        will = read_version(version, subject, on=on, lexicon=after)
        if was != will:
            meeting = Meeting(
                version=version,
                forbidden=will[0] - was[0],
                to_review=will[1] - was[1],
                silent=(was[0] | was[1]) - (will[0] | will[1]),
            )
            met.append(meeting)
    return met
