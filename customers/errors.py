"""What floor 1 refuses.

::

    CustomersError
    ├── IdentifierError       a phone, e-mail address or number that names nobody
    ├── UnknownKey            the ciphertext's key is not in the keyring
    │   └── KeyDestroyed      nor will it ever be: its person was erased
    ├── CellError             one cell of a file does not hold what its column says
    ├── FileRejected          nothing of this file can be imported
    │   └── NeedsConfirmation it can, once a person has said how to read it
    ├── ImportUnderWay        the same file is being imported by another process
    ├── ImportBroken          the process that reads the file died; it can be gone on with
    ├── BodyRefused           a request whose body cannot be taken at all (with its HTTP status)
    ├── EventRefused          one event that goes to quarantine
    ├── MergeRefused          these customers cannot be merged, or not be parted
    ├── RatingsRefused        ratings of a file that cannot be submitted or judged now
    ├── RightRefused          an export, correction or erasure that cannot be done now
    ├── KeyRefused            an API key that cannot be made
    ├── NoteMissing           an act that needs a reason and was given none
    └── TooManyChosen         more rows than one act may deal with

`code` is short and stable for programs; the message is for people and never repeats personal data.
"""

from functools import partial
from typing import Any

from compliance.sentences import Sentence, Spoken


class CustomersError(Exception):
    """Root of the tree."""

    def __init__(self, code: str, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        """As it goes to another process."""
        return partial(type(self), path=self.path), (self.code, self.message)


class IdentifierError(CustomersError):
    """The value is not an identifier of its kind."""


class UnknownKey(CustomersError):
    """The ciphertext was made with a key that is not in ENCRYPTION_KEYS."""


class KeyDestroyed(UnknownKey):
    """The person was erased; nothing opens what was encrypted for him."""


class CellError(CustomersError):
    """The cell does not hold a value of its column's type."""


class FileRejected(CustomersError):
    """Nothing of the file was imported; the message says what to do."""


class NeedsConfirmation(FileRejected):
    """The file may be read in more than one way; the message says how to choose."""


class ImportUnderWay(CustomersError):
    """Another process is importing the same file now."""


class ImportBroken(CustomersError):
    """The process that reads the file has died; what was written stays."""


class BodyRefused(Spoken, CustomersError):
    """The request's body is not a tracking call; `status` is the HTTP answer."""

    path: str

    def __init__(self, sentence: Sentence, *, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


class EventRefused(Spoken, CustomersError):
    """One event cannot be taken as it came."""

    path: str


class MergeRefused(CustomersError):
    """These customers cannot be made one, or two again."""


class RatingsRefused(CustomersError):
    """The ratings of a file are past that, or no longer what they were."""


class RightRefused(CustomersError):
    """A right of the person's cannot be exercised as asked; the message says what to do."""


class KeyRefused(CustomersError):
    """No API key can be made from this."""


class NoteMissing(CustomersError):
    """The act needs a reason."""


class TooManyChosen(CustomersError):
    """More are chosen than one act may deal with, or none."""
