"""What operators see and do: emergency stops, acts by hand, rows put aside, the workers' pulse."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.channels.base import Channel
from campaigns.models.delivery import ProviderAccount, Touch
from campaigns.models.journey import Enrolment, Journey

_STAFF = settings.AUTH_USER_MODEL


class EmergencyStop(models.Model):
    """While it stands nothing is handed over in its scope: all, unless something is named.

    Workers read the row when they claim a batch and every few seconds while they send it.
    """

    channel = models.CharField(
        _("channel"), max_length=10, blank=True, choices=[(c.value, c.value) for c in Channel]
    )
    account = models.ForeignKey(
        ProviderAccount,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("provider account"),
    )
    journey = models.ForeignKey(
        Journey,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("journey"),
    )
    why = models.TextField(_("why"), blank=True)
    stopped_by = models.CharField(_("stopped by"), max_length=150)
    stopped_at = models.DateTimeField(_("stopped at"))
    release_asked_by = models.ForeignKey(
        _STAFF,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("release asked by"),
    )
    release_asked_at = models.DateTimeField(_("release asked at"), null=True)
    released_by = models.ForeignKey(
        _STAFF,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("released by"),
    )
    released_at = models.DateTimeField(_("released at"), null=True)

    class Meta:
        verbose_name = _("emergency stop")
        verbose_name_plural = _("emergency stops")
        constraints = [
            models.CheckConstraint(
                condition=Q(channel="", account=None)
                | Q(channel="", journey=None)
                | Q(account=None, journey=None),
                name="emergencystop_one_scope",
            ),
            # Two persons, also for code that forgets.
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by__isnull=True)
                | Q(released_at__isnull=False, release_asked_by__isnull=False)
                & Q(released_by__isnull=False)
                & ~Q(released_by=F("release_asked_by")),
                name="emergencystop_released_by_two",
            ),
            models.UniqueConstraint(
                fields=["channel", "account", "journey"],
                condition=Q(released_at__isnull=True),
                nulls_distinct=False,
                name="emergencystop_one_per_scope",
            ),
        ]

    def __str__(self) -> str:
        return f"stop {self.pk}: {self.scope}"

    @property
    def scope(self) -> str:
        """What is stopped, by its key; empty means everything."""
        if self.account is not None:
            return self.account.key
        return self.journey.key if self.journey is not None else self.channel


class Intervention(models.Model):
    """An act by hand on touches: exactly those named, as the person saw them.

    What could send a message twice, or call an unsent one sent, is done only when a second person
    agrees.
    """

    class Act(models.TextChoices):
        ASK = "ask", _("Ask the provider")
        RESEND_FAILED = "resend_failed", _("Send the failed again")
        MARK_SENT = "mark_sent", _("Mark as sent")
        RESEND = "resend", _("Send again though the outcome is unknown")

    class Verdict(models.TextChoices):
        PENDING = "pending", _("Waiting for a second person")
        DONE = "done", _("Done")
        REJECTED = "rejected", _("Rejected")

    act = models.CharField(_("act"), max_length=16, choices=Act.choices)
    touch_ids = models.JSONField(_("touches"))
    why = models.TextField(_("why"), blank=True)
    verdict = models.CharField(
        _("verdict"), max_length=8, choices=Verdict.choices, default=Verdict.PENDING
    )
    made_by = models.ForeignKey(
        _STAFF, on_delete=models.PROTECT, related_name="+", verbose_name=_("proposed by")
    )
    made_at = models.DateTimeField(_("proposed at"))
    decided_by = models.ForeignKey(
        _STAFF,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("second person"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    opinion = models.TextField(_("opinion"), blank=True)
    changed = models.PositiveIntegerField(_("touches changed"), default=0)

    class Meta:
        verbose_name = _("act by hand")
        verbose_name_plural = _("acts by hand")
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("made_by")),
                name="intervention_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(verdict="pending", decided_by__isnull=True, changed=0)
                | Q(decided_by__isnull=False, decided_at__isnull=False)
                | Q(verdict="done", act__in=["ask", "resend_failed"]),
                name="intervention_done_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()} {self.pk}"


class PoisonRow(models.Model):
    """A touch or an enrolment that made its batch fail again and again, put aside with its error.

    ``reference`` says which content it was; the content itself stays where it is.
    """

    class Stage(models.TextChoices):
        ADVANCE = "advance", _("Moving on")
        DISPATCH = "dispatch", _("Handing over")

    stage = models.CharField(_("stage"), max_length=8, choices=Stage.choices)
    enrolment = models.ForeignKey(
        Enrolment,
        on_delete=models.CASCADE,
        related_name="poison",
        null=True,
        verbose_name=_("enrolment"),
    )
    touch = models.ForeignKey(
        Touch,
        on_delete=models.CASCADE,
        related_name="poison",
        null=True,
        verbose_name=_("touch"),
    )
    journey = models.ForeignKey(
        Journey, on_delete=models.PROTECT, related_name="+", verbose_name=_("journey")
    )
    reference = models.JSONField(_("payload reference"))
    error_class = models.CharField(_("error class"), max_length=120)
    message = models.TextField(_("error message"))
    attempts = models.PositiveSmallIntegerField(_("attempts"))
    failed_at = models.DateTimeField(_("failed at"))
    replayed_at = models.DateTimeField(_("replayed at"), null=True)
    replayed_by = models.ForeignKey(
        _STAFF,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("replayed by"),
    )

    class Meta:
        verbose_name = _("row put aside")
        verbose_name_plural = _("rows put aside")
        constraints = [
            models.UniqueConstraint(
                fields=["touch"], condition=Q(replayed_at=None), name="poisonrow_touch_once"
            ),
            models.UniqueConstraint(
                fields=["enrolment"], condition=Q(replayed_at=None), name="poisonrow_enrolment_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["error_class"], condition=Q(replayed_at=None), name="poisonrow_held"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} {self.error_class}"


class Pulse(models.Model):
    """What one worker did at one station within ten seconds: its heartbeat and the rates.

    In the machine's time, not a replay's: it measures the workers. Kept for a day.
    """

    worker = models.CharField(_("worker"), max_length=64)
    station = models.CharField(_("station"), max_length=8)
    account_key = models.CharField(_("provider account"), max_length=64, blank=True)
    slot = models.DateTimeField(_("ten seconds from"))
    seen_at = models.DateTimeField(_("seen at"))
    done = models.PositiveIntegerField(_("handled"), default=0)
    accepted = models.PositiveIntegerField(_("accepted"), default=0)

    class Meta:
        verbose_name = _("pulse")
        verbose_name_plural = _("pulses")
        constraints = [
            models.UniqueConstraint(
                fields=["slot", "worker", "station", "account_key"], name="pulse_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.worker} {self.station} {self.slot}"
