"""What runs in the background is known to the worker, and beat knows it by name alone."""

import subprocess
import sys
from pathlib import Path

from django.conf import settings

from config.worker import app

ROOT = Path(__file__).resolve().parents[2]


def test_every_scheduled_task_is_one_that_workers_know() -> None:
    app.loader.import_default_modules()

    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert scheduled <= set(app.tasks)


def test_beat_loads_no_task() -> None:
    code = (
        "import sys\n"
        "from config.celery import app\n"
        "app.loader.import_default_modules()\n"
        "print('campaigns.tasks' in sys.modules)\n"
    )

    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert told.stdout.split("\n")[0] == "False"
