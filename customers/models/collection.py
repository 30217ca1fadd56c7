"""Sources, everything that happened, and what could not be taken as it came.

`Event` is partitioned by month; its last wall against doubles is `EventKey`, because a partitioned
table cannot be unique on columns without its partition key.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.vocabulary import KeyScope, QuarantineAct, QuarantineState, UnknownEvents, choices


class Source(models.Model):
    """Where events and files come from: a write key, an importer, the product itself."""

    key = models.SlugField(_("key"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=120)
    scope = models.CharField(_("scope"), max_length=10, choices=choices(KeyScope))
    key_hash = models.BinaryField(max_length=32, null=True, unique=True)
    key_hint = models.CharField(_("key begins with"), max_length=12, blank=True)
    unknown_events = models.CharField(
        _("events outside the plan"),
        max_length=10,
        choices=choices(UnknownEvents),
        default=UnknownEvents.STORE,
    )
    per_minute = models.PositiveIntegerField(_("events a minute"), null=True, blank=True)
    # What a reading key may see of a customer: blocks, or fields of them as "risk.level".
    # None: everything that is not in clear.
    fields = ArrayField(
        models.CharField(max_length=64), verbose_name=_("fields"), null=True, blank=True
    )
    created_at = models.DateTimeField(_("created at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources and keys")

    def __str__(self) -> str:
        return self.name


class EventKey(models.Model):
    """``(source, message_id)`` of every event of the last months: an event is stored once."""

    pk = models.CompositePrimaryKey("source_id", "message_id")
    source_id = models.BigIntegerField()
    message_id = models.CharField(max_length=256)
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = _("event key")
        # By block: keys come in the order of their age, and an entry for each cost an event more
        # than the lookup of its customer.
        indexes = [BrinIndex(fields=["received_at"], name="eventkey_received")]


class Event(models.Model):
    """What somebody did, when. Partitioned by month of ``occurred_at``; rows are only added.

    ``occurred_at`` is the client's time corrected by its clock skew; ``received_at`` is ours.
    """

    id = models.BigIntegerField(primary_key=True)
    source_id = models.BigIntegerField()
    message_id = models.CharField(max_length=256)
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=256)
    customer_id = models.BigIntegerField(null=True)
    user_id = models.CharField(max_length=256, null=True)
    anonymous_id = models.CharField(max_length=256, null=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    properties = models.JSONField(default=dict)
    context = models.JSONField(default=dict)

    class Meta:
        managed = False
        db_table = "customers_event"
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return f"{self.name} at {self.occurred_at:%Y-%m-%d %H:%M}"


class Quarantine(models.Model):
    """An event that could not be taken as it came, kept whole with the reason."""

    source_id = models.BigIntegerField(_("source"))
    message_id = models.CharField(_("message id"), max_length=256, blank=True)
    code = models.CharField(_("reason code"), max_length=40)
    message = models.TextField(_("reason"))
    details = models.JSONField(_("details"), default=dict)
    payload = models.TextField(_("payload"))
    # Keyed hashes of whom it names, so that erasing him finds it.
    named = ArrayField(models.BinaryField(max_length=32), default=list)
    received_at = models.DateTimeField(_("received at"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=choices(QuarantineState),
        default=QuarantineState.HELD,
    )
    handled_by = models.CharField(_("handled by"), max_length=150, blank=True)
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True)
    note = models.TextField(_("why"), blank=True)

    class Meta:
        verbose_name = _("quarantined event")
        verbose_name_plural = _("quarantined events")
        indexes = [
            models.Index(fields=["state", "-id"], name="quarantine_open"),
            models.Index(fields=["state", "code", "-id"], name="quarantine_by_reason"),
            models.Index(fields=["state", "source_id", "-id"], name="quarantine_by_source"),
            GinIndex(fields=["named"], name="quarantine_by_person"),
        ]
        constraints = [
            # A client that sends its batch again does not fill the quarantine.
            models.UniqueConstraint(
                fields=["source_id", "message_id", "code"],
                condition=Q(state="held") & ~Q(message_id=""),
                name="quarantine_holds_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.message_id}"


class QuarantineRun(models.Model):
    """One act on many held events, done in the background; ``done`` of ``ids`` are behind it."""

    act = models.CharField(_("act"), max_length=10, choices=choices(QuarantineAct))
    ids = ArrayField(models.BigIntegerField(), verbose_name=_("events"))
    note = models.TextField(_("why"), blank=True)
    done = models.PositiveIntegerField(_("done"), default=0)
    stored = models.PositiveIntegerField(_("stored"), default=0)
    duplicates = models.PositiveIntegerField(_("known already"), default=0)
    still_bad = models.PositiveIntegerField(_("still refused"), default=0)
    skipped = models.PositiveIntegerField(_("dealt with before"), default=0)
    discarded = models.PositiveIntegerField(_("discarded"), default=0)
    started_by = models.CharField(_("started by"), max_length=150)
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("run over the quarantine")
        verbose_name_plural = _("runs over the quarantine")
        indexes = [
            models.Index(
                fields=["id"], condition=Q(finished_at__isnull=True), name="quarantinerun_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.pk}"
