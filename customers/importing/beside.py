"""A desk in a process of its own: on two cores a long file takes the time of the slower half.

Threads of one process take turns, and half of an import is Python. The two speak over pipes: the
order, then requests and answers one by one. The keys go that way, too, never by arguments or
environment. The process ends when its pipe does, so it never outlives the one that writes.
"""

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from customers.errors import ImportBroken

if TYPE_CHECKING:
    from customers.importing.desk import Ask, Order

_KEYS: Final = ("ENCRYPTION_KEYS", "LOOKUP_KEY", "PERSON_KEYS")
_COLLECTED_AFTER: Final = 200_000  # new objects less freed ones: a batch holds no cycle
# A file of the product's own folder, whichever folder it was started in.
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from customers.importing.beside import main; main()"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    """What this process goes by, which need not be what its environment says."""

    keys: dict[str, object]
    language: str | None


@contextmanager
def in_a_process(order: "Order") -> Iterator["Ask"]:
    """A desk with a core of its own; starting it takes a second.

    Asking raises ImportBroken once the process has died.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(settings.BASE_DIR)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # It asks nothing of the database, so none need be started for it.
        env={**os.environ, "TOUCHSTONE_NO_SERVERS": "1"},
    )
    assert child.stdin, "opened with PIPE"
    assert child.stdout, "opened with PIPE"
    wanted, answers = child.stdin, child.stdout

    def ask(act: str, *told: object) -> Future[Any]:
        _say(wanted, (act, told))
        return listener.submit(_answer, answers)

    with ThreadPoolExecutor(max_workers=1) as listener:
        try:
            keys = {name: getattr(settings, name) for name in _KEYS}
            _say(wanted, _Settings(keys=keys, language=get_language()))
            _say(wanted, order)
            yield ask
        finally:
            child.kill()
            child.wait()
            with suppress(BrokenPipeError):  # what it had not read yet
                wanted.close()
    answers.close()


def _say(pipe: IO[bytes], told: object) -> None:
    try:
        pickle.dump(told, pipe, pickle.HIGHEST_PROTOCOL)
        pipe.flush()
    except BrokenPipeError as error:
        raise _broken() from error


def _answer(pipe: IO[bytes]) -> object:
    try:
        is_well, answer = pickle.load(pipe)  # noqa: S301 from our own child
    except (EOFError, pickle.UnpicklingError) as error:
        raise _broken() from error
    if not is_well:
        raise answer
    return answer


def _broken() -> ImportBroken:
    return ImportBroken(
        "import_broken",
        _("The process that reads the file has died: start the import again with --resume."),
    )


def main() -> None:
    """Serve one order."""
    import django

    wanted = sys.stdin.buffer
    # Whatever prints must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    gc.set_threshold(_COLLECTED_AFTER)
    django.setup()
    with suppress(EOFError, BrokenPipeError):
        _serve(wanted, answers)


def _serve(wanted: IO[bytes], answers: IO[bytes]) -> None:
    from django.utils import translation

    from customers.importing.desk import Desk

    told: _Settings = pickle.load(wanted)  # noqa: S301 from our own parent
    for name, value in told.keys.items():
        setattr(settings, name, value)
    if told.language:
        translation.activate(told.language)
    desk = Desk(pickle.load(wanted))  # noqa: S301
    while True:
        act, arguments = pickle.load(wanted)  # noqa: S301
        answer: tuple[bool, object]
        try:
            answer = True, getattr(desk, act)(*arguments)
        except Exception as error:  # noqa: BLE001 raised where it was asked for
            answer = False, error
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
