"""Each rule a segment ever had."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from segments.models.segments import Segment


class SegmentVersion(models.Model):
    """A segment's rule from ``made_at`` until the next version; the database keeps it as it was."""

    segment = models.ForeignKey(
        Segment, on_delete=models.PROTECT, related_name="versions", verbose_name=_("segment")
    )
    number = models.PositiveIntegerField(_("number"))
    rule = models.JSONField(_("rule"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("author"),
    )
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("segment version")
        verbose_name_plural = _("segment versions")
        constraints = [
            models.UniqueConstraint(fields=["segment", "number"], name="segmentversion_number")
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} v{self.number}"
