"""Reading a text pattern sign by sign."""

from compliance.sentences import Detail, Said, Sentence
from segments.rules import pattern_sentences as why


class PatternError(Exception):
    """A pattern that is wrong, or that the two engines would read differently; `said` tells why."""

    def __init__(self, said: Said) -> None:
        self.said = said
        super().__init__(str(said))


def wrong(sentence: Sentence, **details: Detail) -> PatternError:
    """The error that says this sentence."""
    return PatternError(Said(sentence=sentence, details=details))


class Reader:
    """A position in the pattern, and the flags in force there.

    ``sets`` gathers the sets of characters that were named.
    """

    def __init__(self, pattern: str, sets: set[str]) -> None:
        self.rest = pattern
        self.sets = sets
        self.folds_case = False
        self.dot_takes_all = False

    def more(self) -> bool:
        """Whether anything is left."""
        return bool(self.rest)

    def sees(self, prefix: str) -> bool:
        """Whether `prefix` comes next."""
        return self.rest.startswith(prefix)

    def takes(self, prefix: str) -> bool:
        """Step over `prefix` if it comes next."""
        if not self.sees(prefix):
            return False
        self.rest = self.rest[len(prefix) :]
        return True

    def take(self) -> str:
        """The next sign.  Raises PatternError: there is none."""
        if not self.rest:
            raise wrong(why.TOO_EARLY)
        taken, self.rest = self.rest[0], self.rest[1:]
        return taken

    def take_until(self, end: str) -> str:
        """What stands before `end`, which is stepped over.  Raises PatternError: it is missing."""
        taken, found, self.rest = self.rest.partition(end)
        if not found:
            raise wrong(why.MISSING, sign=end)
        return taken

    def since(self, earlier: str) -> str:
        """What was read since `earlier` was left."""
        return earlier[: len(earlier) - len(self.rest)]


def literal(sign: str) -> str:
    """A character as itself; ASCII punctuation by number, so that nothing is special."""
    if sign.isascii() and not sign.isalnum():
        return f"\\u{ord(sign):04x}"
    return sign
