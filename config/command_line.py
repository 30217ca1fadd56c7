"""Run one management command; bad input ends in one sentence on stderr and exit code 2.

Django's own runner prints tracebacks for an unreachable database or a full disk. Here every
foreseeable failure is one sentence, and with `--json` also one JSON document on stdout:
`{"error": {"code", "message", "path"}}`. A traceback means a bug.
"""

import argparse
import errno
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, ManagementUtility, get_commands
from django.core.management.base import CommandError, SystemCheckError, handle_default_options
from django.db import connections
from django.db.utils import DatabaseError as DjangoDatabaseError
from django.db.utils import InterfaceError as DjangoInterfaceError
from django.db.utils import OperationalError as DjangoOperationalError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import ConnectionError as RedisConnectionError

from compliance.command_input import IN_FORCE
from config import embedded, tables
from config.places import locate

WITHOUT_SERVERS = frozenset(
    {
        "collectstatic",
        "compilemessages",
        "help",
        "makemessages",
        "preview_template",
        "provider_sandbox",
        "scan_wording",
        "servers",
    }
)
"""Commands that neither start nor join a database server, unless they are told `--in-force`."""

MAKES_TABLES = frozenset({"chaos", "demo", "up"})
"""Commands of ours that see to their tables themselves."""

DJANGOS_OWN = frozenset({"help", "runserver", "test", "version"})
"""Commands that parse their arguments in a way of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a command did not run."""

    code: str
    message: str
    path: str | None = None


def run(argv: Sequence[str]) -> int:
    """Run the command line and return the exit code: 0 done, 2 bad input, 130 interrupted."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        _run(list(argv))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (
        CommandError,
        DjangoInterfaceError,
        DjangoOperationalError,
        BrokerError,
        ImproperlyConfigured,
        OSError,
        RedisConnectionError,
        UnicodeEncodeError,
        embedded.EmbeddedError,
        psycopg.OperationalError,
    ) as error:
        if "--traceback" in argv:
            raise
        failure = _failure(error)
        if failure is None:
            raise
        _tell(failure, as_json="--json" in argv)
        return error.returncode if isinstance(error, SystemCheckError) else 2
    return 0


def _run(argv: list[str]) -> None:
    name = argv[1] if len(argv) > 1 else "help"
    if name in {"demo", "chaos"}:
        # Before settings are read: these have a database, doorbells and currency of their own.
        os.environ.setdefault("TOUCHSTONE_SPACE", name)
        os.environ.setdefault("TOUCHSTONE_CURRENCY", "USD")
        # Their few people fit, and beside the demo's processes a laptop has other things to do.
        os.environ.setdefault("TOUCHSTONE_POSTGRES_BUFFERS", "16MB")
    utility = ManagementUtility(argv)
    if _is_without_servers(argv) or name.startswith("-") or {"-h", "--help"} & set(argv):
        os.environ["TOUCHSTONE_NO_SERVERS"] = "1"
    url = os.environ.get("DATABASE_URL")
    if url and os.environ.get("TOUCHSTONE_NO_SERVERS") != "1":
        embedded.require_supported(url)
    if name in DJANGOS_OWN or name.startswith("-"):
        utility.execute()
        return
    if os.environ.get("TOUCHSTONE_ENV") != "production":
        # The settings keep a developer's secrets there: see first that it can be written to.
        locate()
    _apply_default_options(argv)
    _set_up()
    if name not in get_commands():
        raise CommandError(f"There is no command {name!r}: manage.py help lists them.")
    _execute(utility.fetch_command(name), argv)


def _is_without_servers(argv: Sequence[str]) -> bool:
    return (argv[1] if len(argv) > 1 else "help") in WITHOUT_SERVERS and IN_FORCE not in argv


def _is_ours(command: BaseCommand) -> bool:
    app = type(command).__module__.partition(".")[0]
    return Path(settings.BASE_DIR, app).is_dir()


def _see_to_tables() -> None:
    """Make what the checkout's own servers lack; of a server of one's own, say what to do.

    Raises CommandError: its tables are of an earlier version.
    """
    lacks = tables.missing()
    if not lacks:
        return
    if os.environ.get("DATABASE_URL"):
        raise CommandError(
            f"The database lacks {lacks} of this version's migrations: run manage.py migrate."
        )
    sys.stderr.write("Making the tables of this version.\n")
    tables.make()


def _apply_default_options(argv: Sequence[str]) -> None:
    """Honour --settings and --pythonpath before Django reads the settings."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--settings")
    parser.add_argument("--pythonpath")
    options, _rest = parser.parse_known_args(argv[2:])
    handle_default_options(options)


def _set_up() -> None:
    # Imported late: reading the settings may start the servers, and may fail with a sentence.
    import django

    django.setup()


def _execute(command: BaseCommand, argv: Sequence[str]) -> None:
    parser = command.create_parser(argv[0], argv[1])
    options = vars(parser.parse_args(argv[2:]))
    arguments = options.pop("args", ())
    try:
        needs_tables = argv[1] not in MAKES_TABLES and not _is_without_servers(argv)
        if needs_tables and _is_ours(command):
            _see_to_tables()
        command.execute(*arguments, **options)
    finally:
        connections.close_all()


def _failure(error: Exception) -> Failure | None:
    """The failure in words, None for an error that nobody foresaw."""
    match error:
        case embedded.EmbeddedError():
            return Failure(code="server_unavailable", message=str(error))
        case CommandError():
            source = error.__cause__ or error
            return Failure(
                code=str(getattr(source, "code", None) or "bad_input"),
                message=str(error).removeprefix("Error: "),
                path=getattr(source, "path", None),
            )
        case UnicodeEncodeError(object=text) if any("\udc80" <= sign <= "\udcff" for sign in text):
            # So Python reads bytes of the command line that are no UTF-8.
            return Failure(code="bad_input", message="An argument is not in UTF-8.")
        case ImproperlyConfigured():
            return Failure(code="configuration", message=str(error))
        case DjangoDatabaseError(__cause__=psycopg.errors.DeadlockDetected()):
            return Failure(
                code="database_busy",
                message="Another process was changing the same rows at this moment, and the"
                " database ended this one: run it again.",
            )
        case DjangoDatabaseError() | DjangoInterfaceError() | psycopg.Error():
            reason = _sentence(str(error))
            return Failure(
                code="database_unavailable",
                message=f"The database does not answer ({reason}): see that it runs and try again.",
            )
        case BrokerError() | RedisConnectionError():
            reason = _sentence(str(error))
            return Failure(
                code="broker_unavailable",
                message=f"Valkey does not answer ({reason}): see that it runs and try again.",
            )
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return Failure(
                code="no_disk_space",
                message=f"No disk space left ({error.filename or 'while writing'}): free some and"
                " try again.",
            )
        case _:
            return None


def _sentence(text: str) -> str:
    return " ".join(text.split()).rstrip(".") or "no reason given"


def _tell(failure: Failure, *, as_json: bool) -> None:
    sys.stderr.write(f"{failure.message}\n")
    if as_json:
        sys.stdout.write(json.dumps({"error": asdict(failure)}, ensure_ascii=False) + "\n")
