"""Members that left the house as a file: who asked, why, who allowed it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from segments.models.segments import Segment


class MemberExport(models.Model):
    """Leave to take the numbers of who was in a segment at a time, until ``expires_at``.

    No file is kept: it is written from the stays each time it is fetched. ``alone_up_to`` is how
    many rows one person might take without a second one when this was asked.
    """

    class Verdict(models.TextChoices):
        PENDING = "pending", _("Waiting for a second person")
        ALONE = "alone", _("Few rows: allowed")
        APPROVED = "approved", _("Approved")
        RETURNED = "returned", _("Returned")

    segment = models.ForeignKey(
        Segment, on_delete=models.PROTECT, related_name="+", verbose_name=_("segment")
    )
    at = models.DateTimeField(_("members as of"))
    rows = models.PositiveIntegerField(_("rows"))
    alone_up_to = models.PositiveIntegerField(_("rows without a second person"))
    why = models.CharField(_("reason"), max_length=400)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked for by"),
    )
    asked_at = models.DateTimeField(_("asked at"))
    verdict = models.CharField(
        _("verdict"), max_length=8, choices=Verdict.choices, default=Verdict.PENDING
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    opinion = models.TextField(_("opinion"), blank=True)
    expires_at = models.DateTimeField(_("can be fetched until"), null=True, blank=True)
    fetched = models.PositiveIntegerField(_("times fetched"), default=0)

    class Meta:
        verbose_name = _("export of members")
        verbose_name_plural = _("exports of members")
        permissions = [("export_members", "Can take members' numbers out of the house")]
        constraints = [
            # Four eyes, also for code that forgets.
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="memberexport_maker_is_not_checker",
            ),
            models.CheckConstraint(
                condition=Q(verdict="pending", decided_by__isnull=True, expires_at__isnull=True)
                | Q(
                    verdict="alone",
                    decided_by__isnull=True,
                    expires_at__isnull=False,
                    rows__lte=F("alone_up_to"),
                )
                | Q(
                    verdict="approved",
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    expires_at__isnull=False,
                )
                | Q(
                    verdict="returned",
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    expires_at__isnull=True,
                ),
                name="memberexport_many_rows_need_two",
            ),
            models.CheckConstraint(
                condition=Q(fetched=0) | Q(expires_at__isnull=False),
                name="memberexport_fetched_with_leave",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.segment} ({self.rows})"
