"""Which of the daily runs is due: the files of the night are in, and nobody has run it today."""

from datetime import datetime, time
from typing import Final

from django.utils.timezone import localtime

from segments.models import LifecycleRun, ValueRun

NOT_BEFORE: Final = time(6)


def is_lifecycle_due(now: datetime) -> bool:
    """Whether nobody was judged yet today."""
    here = localtime(now)
    is_early = here.time() < NOT_BEFORE
    return not is_early and not LifecycleRun.objects.filter(judged_on=here.date()).exists()


def is_value_due(now: datetime) -> bool:
    """Whether nobody was scored yet today."""
    start = localtime(now).replace(
        hour=NOT_BEFORE.hour, minute=NOT_BEFORE.minute, second=0, microsecond=0
    )
    return now >= start and not ValueRun.objects.filter(ran_at__gte=start).exists()


def newest_value_run() -> ValueRun | None:
    """The last scoring of everybody."""
    return ValueRun.objects.order_by("-ran_at").first()
