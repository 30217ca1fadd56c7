"""Run a command of ours in a process of its own, whose memory leaves with it."""

import logging
import subprocess
import sys
from typing import Final

from django.conf import settings

WAIT_SECONDS: Final = 240
log = logging.getLogger(__name__)


def run_apart(command: str, *arguments: str) -> None:
    """Start `manage.py command` and wait a while; what takes longer goes on by itself.

    The commands hold advisory locks, so one that still runs is not joined by a second. A worker
    that imported scikit-learn would keep a hundred megabytes for ever.
    """
    program = [sys.executable, str(settings.BASE_DIR / "manage.py"), command, *arguments]
    child = subprocess.Popen(program, stdin=subprocess.DEVNULL)
    try:
        code = child.wait(WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        log.info("%s goes on by itself", command)
        return
    if code:
        log.error("%s ended with %d", command, code)
