"""Rankings of everybody by their likeness to a segment: asked for by a person, run apart."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from segments.models.segments import Segment


class LookalikeRun(models.Model):
    """One ranking: what was stated, what went in, what came out."""

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")

    seed = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(_("origin of the list"), max_length=10)
    basis = models.CharField(_("lawful basis"), max_length=10)
    statement = models.CharField(_("statement"), max_length=400)
    size = models.PositiveIntegerField(_("audience size"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.ASKED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked at"))
    done_at = models.DateTimeField(_("done at"), null=True)
    why = models.JSONField(_("refused because"), default=dict)
    version = models.CharField(_("version"), max_length=80, blank=True)
    random_seed = models.IntegerField(_("random seed"), default=0)
    input_hash = models.CharField(_("hash of the inputs"), max_length=64, blank=True)
    seed_size = models.PositiveIntegerField(_("members used"), default=0)
    ranked = models.PositiveIntegerField(_("people ranked"), default=0)
    field = models.CharField(_("field"), max_length=64, blank=True)
    features = models.JSONField(_("features"), default=list)
    excluded = models.JSONField(_("excluded features"), default=list)
    curve = models.JSONField(_("curve"), default=list)
    drivers = models.JSONField(_("drivers"), default=list)

    class Meta:
        verbose_name = _("look-alike run")
        verbose_name_plural = _("look-alike runs")
        indexes = [
            models.Index(fields=["id"], condition=Q(state="asked"), name="lookalike_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.seed_id} × {self.size}"
