"""By which lexicon a command judges: as shipped, which needs no database, or as in force here."""

from datetime import date

from django.core.management.base import CommandParser
from django.utils import timezone

from compliance.command_input import IN_FORCE
from compliance.lexicon_versions import lexicon_digest, lexicon_in_force
from compliance.queries import clock_now
from compliance.wording.amend import SHIPPED, Lexicon


def add_lexicon_option(parser: CommandParser) -> None:
    """`--in-force`."""
    parser.add_argument(
        IN_FORCE,
        action="store_true",
        help="judge by the lexicon in force here, with what officers changed, as before each send"
        " (default: as shipped, without a database)",
    )


def chosen_lexicon(*, is_in_force: bool) -> tuple[Lexicon, date]:
    """The lexicon to judge by, and its day: of the database's clock where there is one."""
    if not is_in_force:
        return SHIPPED, timezone.localdate()
    return lexicon_in_force(), timezone.localtime(clock_now()).date()


def lexicon_document(lexicon: Lexicon) -> dict[str, object]:
    """Which lexicon it was: the number of its version, 0 as shipped, and its digest."""
    return {"version": lexicon.version, "digest": lexicon_digest(lexicon)}
