"""Print the path of a Chromium for the browser tests, getting one where none is installed.

Looks for an installed one; else installs Debian's as root; else lets Playwright download its own.
Where none can be had it prints nothing, says why on stderr, and the browser tests are skipped.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_SECONDS = 600


def find_chromium() -> str | None:
    """The path of a Chromium that is there already, None when there is none."""
    if chosen := os.environ.get("TOUCHSTONE_CHROMIUM"):
        return chosen
    installed = next((path for name in NAMES if (path := shutil.which(name))), None)
    return installed or _playwrights_own()


def _playwrights_own() -> str | None:
    cache = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    home = Path(cache) if cache else Path.home() / ".cache" / "ms-playwright"
    found = sorted(home.glob("chromium*/chrome-*/chrome")) + sorted(
        home.glob("chromium*/chrome-*/headless_shell")
    )
    return str(found[-1]) if found else None


def _run(argv: list[str]) -> bool:
    try:
        finished = subprocess.run(
            argv,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_SECONDS,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"{argv[0]}: {error}\n")
        return False
    return finished.returncode == 0


def _install() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write("No Chromium found: installing Debian's.\n")
        _run(["apt-get", "update", "-qq"])
        if _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            return
    sys.stderr.write("No Chromium found: trying Playwright's download.\n")
    _run([sys.executable, "-m", "playwright", "install", "chromium"])


if __name__ == "__main__":
    if find_chromium() is None:
        _install()
    path = find_chromium()
    if path is None:
        sys.stderr.write("No Chromium can be had here: the browser tests will be skipped.\n")
    sys.stdout.write(f"{path or ''}\n")
