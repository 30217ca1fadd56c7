"""Install the stock tracking clients of the npm world once, for the tests that drive them.

They stand in `tests/clients/package.json`, pinned with hashes, and go to `.local/`; nothing of
them is shipped. Where Node is missing, or no registry can be reached, the tests are skipped.
"""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

LISTED = Path(__file__).resolve().parent / "clients"
HOME = LISTED.parents[1] / ".local" / "stock-clients"
PATIENCE_SECONDS = 300


class NoClients(Exception):
    """The clients cannot be had here; the message says why."""


def installed_clients() -> Path:
    """The `node_modules` that hold the clients, installed at the first call.

    Raises NoClients.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        raise NoClients("the npm clients need node and npm")
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes side by side install once
        if not _is_current():
            _install()
    return HOME / "node_modules"


def _is_current() -> bool:
    stamp = HOME / "installed"
    return stamp.exists() and stamp.read_text() == _wanted()


def _wanted() -> str:
    return hashlib.sha256((LISTED / "package-lock.json").read_bytes()).hexdigest()


def _install() -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LISTED / name, HOME / name)
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        finished = subprocess.run(
            npm, cwd=HOME, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoClients("npm did not install the clients in time") from error
    if finished.returncode != 0:
        raise NoClients(f"npm cannot install the clients: {finished.stderr.strip()[-300:]}")
    (HOME / "installed").write_text(_wanted())
