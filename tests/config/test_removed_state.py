"""Servers whose state directory was removed end, wherever their files stand."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from config.running import is_used
from tests.campaigns.sandbox_process import ROOT

USER = "import time, django; django.setup(); print('ready', flush=True); time.sleep(60)"


def test_nothing_runs_on_when_the_state_is_gone(tmp_path: Path) -> None:
    # As root pytest's folder is closed to the servers' account: their files stand elsewhere.
    state = tmp_path / "state"
    inherited = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    environment = {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TOUCHSTONE_STATE": str(state),
        "TOUCHSTONE_GRACE": "1",
    }
    user = subprocess.Popen(
        [sys.executable, "-c", USER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert user.stdout is not None
        assert user.stdout.readline() == "ready\n"
        status = [sys.executable, "manage.py", "servers", "status", "--json"]
        told = subprocess.run(
            status, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        home = Path(f"/proc/{json.loads(told.stdout)['postgres_pid']}/cwd").readlink()

        shutil.rmtree(state)

        give_up = time.monotonic() + 30
        while home.exists() and is_used(home) and time.monotonic() < give_up:
            time.sleep(0.2)
        assert not (home.exists() and is_used(home))
    finally:
        user.kill()
        user.communicate()
