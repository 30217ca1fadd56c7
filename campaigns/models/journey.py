"""A journey, its immutable versions, and each customer's way through one of them."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer


class Journey(models.Model):
    """An automated campaign. ``live`` is the version that new customers enter."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        STOPPED = "stopped", _("Stopped")

    key = models.SlugField(_("key"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.DRAFT)
    live = models.ForeignKey(
        "JourneyVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("live version"),
    )
    per_minute = models.PositiveIntegerField(
        _("messages per minute"),
        null=True,
        blank=True,
        validators=[
            MinValueValidator(
                1,
                _("Enter 1 or more, or nothing for no limit. To send nothing, pause the journey."),
            )
        ],
        help_text=_("The pace of this campaign over all its channels; empty: as fast as it goes."),
    )
    enrolled_at = models.DateTimeField(_("last enrolment run"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("journey")
        verbose_name_plural = _("journeys")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="running") | Q(live__isnull=False),
                name="journey_runs_a_version",
            )
        ]

    def __str__(self) -> str:
        return self.name


class JourneyVersion(models.Model):
    """A graph as somebody wrote it. A trigger refuses to change it once submitted for review."""

    journey = models.ForeignKey(Journey, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    graph = models.JSONField(_("graph"))
    graph_hash = models.CharField(_("content hash"), max_length=64)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("made by"),
    )
    made_at = models.DateTimeField(_("made at"))
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("published by"),
    )

    class Meta:
        verbose_name = _("journey version")
        verbose_name_plural = _("journey versions")
        constraints = [
            models.UniqueConstraint(fields=["journey", "number"], name="journeyversion_number")
        ]

    def __str__(self) -> str:
        return f"{self.journey_id} v{self.number}"


class Enrolment(models.Model):
    """One customer's run through one version: where he stands and when to look again.

    ``fence`` rises with each claim; a worker whose lease ran out writes nothing. At every instant
    enrolled = active + waiting + done + exited + failed.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")  # due now
        WAITING = "waiting", _("Waiting")  # due at ``due_at``
        DONE = "done", _("Done")  # reached an exit
        EXITED = "exited", _("Exited early")  # goal met, journey stopped, customer gone
        FAILED = "failed", _("Failed")  # quarantined after too many attempts

    version = models.ForeignKey(
        JourneyVersion, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    journey = models.ForeignKey(
        Journey, on_delete=models.PROTECT, related_name="enrolments", db_index=False
    )
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="enrolments")
    entry_no = models.PositiveIntegerField(_("entry"), default=1)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.ACTIVE)
    node = models.CharField(_("node"), max_length=64)
    visit = models.PositiveIntegerField(_("visit"), default=1)
    # How often each node was visited; kept only for graphs with a cycle.
    visits = models.JSONField(default=dict)
    hops = models.PositiveIntegerField(_("hops"), default=0)
    due_at = models.DateTimeField(_("due at"), null=True)
    lease_owner = models.CharField(max_length=64, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(_("error"), blank=True, default="")
    exit_reason = models.CharField(_("exit reason"), max_length=40, blank=True, default="")
    entered_at = models.DateTimeField(_("entered at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(
                fields=["journey", "customer", "entry_no"], name="enrolment_entry"
            ),
            models.UniqueConstraint(
                fields=["journey", "customer"],
                condition=Q(state__in=["active", "waiting"]),
                name="enrolment_one_open_per_journey",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["active", "waiting"], due_at__isnull=False)
                | Q(state__in=["done", "exited", "failed"], due_at__isnull=True),
                name="enrolment_open_has_due_at",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["active", "waiting"]),
                name="enrolment_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.journey_id}/{self.customer_id}#{self.entry_no} at {self.node}"


class Hop(models.Model):
    """One step of an enrolment: it left ``node`` by ``exit``. Rows are only added."""

    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.CASCADE, related_name="path", db_index=False
    )
    seq = models.PositiveIntegerField(_("step"))
    node = models.CharField(_("node"), max_length=64)
    visit = models.PositiveIntegerField(_("visit"))
    exit = models.CharField(_("exit"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("hop")
        verbose_name_plural = _("hops")
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "seq"], name="hop_step"),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment_id}.{self.seq} {self.node} -> {self.exit}"
