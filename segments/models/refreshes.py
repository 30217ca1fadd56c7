"""Refreshes of a segment's members that somebody asked for: how far one is, what came of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from segments.models.segments import Segment


class RefreshRun(models.Model):
    """One refresh, asked for by a person and carried out by a worker.

    ``step`` is how far the newest try is (`segments.vocabulary.RefreshStep`); the numbers are those
    of its end, or, where it is held, of what it would have done. While it waits they are how many
    would move as far as whoever asked had seen.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        DONE = "done", _("Done")
        HELD = "held", _("Held")
        BROKEN = "broken", _("The rule cannot be run")
        FAILED = "failed", _("Given up")

    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="+")
    # Whoever asked says yes to as many moves as he had seen.
    is_confirmed = models.BooleanField(_("confirmed"), default=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked at"))
    state = models.CharField(_("state"), max_length=6, choices=State.choices, default=State.ASKED)
    step = models.PositiveSmallIntegerField(_("step"), default=0)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    begun_at = models.DateTimeField(_("begun at"), null=True)
    done_at = models.DateTimeField(_("done at"), null=True)
    size = models.BigIntegerField(_("size"), default=0)
    entered = models.BigIntegerField(_("let in"), default=0)
    left = models.BigIntegerField(_("let out"), default=0)

    class Meta:
        verbose_name = _("refresh of members")
        verbose_name_plural = _("refreshes of members")
        constraints = [
            models.UniqueConstraint(
                fields=["segment"], condition=Q(state="asked"), name="refresh_asked_once"
            )
        ]
        indexes = [models.Index(fields=["segment", "-id"], name="refresh_newest")]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.state}"
