"""`manage.py rank_lookalikes`: carry out the rankings that were asked for."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from compliance.queries import clock_now
from segments.actions.rank_lookalike import rank_lookalike
from segments.models import LookalikeRun


class Command(BaseCommand):
    """In a process of its own: scikit-learn and everybody's figures leave with it."""

    help = "Rank everybody by likeness to the segments that somebody asked about."

    def handle(self, *args: Any, **options: Any) -> None:
        """The oldest first."""
        for run in LookalikeRun.objects.filter(state="asked").order_by("id"):
            if not rank_lookalike(run=run, now=clock_now()):
                return
            self.stdout.write(
                _("Likeness to %(seed)s: %(count)d people ranked.")
                % {"seed": run.seed.key, "count": run.ranked}
            )
