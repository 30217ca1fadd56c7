"""The tracking plan, and the flows whose steps are watched."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.vocabulary import PropertyType, choices


class TrackingPlan(models.Model):
    """One row: which state of the plan is in force. Web processes reload it when this changes."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.UUIDField()

    class Meta:
        verbose_name = _("tracking plan")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="trackingplan_is_one")]


class EventType(models.Model):
    """An event that the institution knows, and what it carries."""

    name = models.CharField(_("event"), max_length=256, unique=True)
    title_en = models.CharField(_("title (English)"), max_length=120, blank=True)
    title_zh = models.CharField(_("title (Chinese)"), max_length=120, blank=True)
    is_active = models.BooleanField(_("in force"), default=True)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("known event")
        verbose_name_plural = _("tracking plan")

    def __str__(self) -> str:
        return self.name


class EventProperty(models.Model):
    """One property of a known event. What the plan does not name may come and is stored."""

    event_type = models.ForeignKey(EventType, on_delete=models.CASCADE, related_name="properties")
    name = models.CharField(_("property"), max_length=128)
    type = models.CharField(
        _("type"), max_length=10, choices=choices(PropertyType), default=PropertyType.TEXT
    )
    is_required = models.BooleanField(_("required"), default=False)
    values = ArrayField(
        models.CharField(max_length=256),
        verbose_name=_("allowed values"),
        default=list,
        blank=True,
    )

    class Meta:
        verbose_name = _("property")
        verbose_name_plural = _("properties")
        constraints = [
            models.UniqueConstraint(fields=["event_type", "name"], name="eventproperty_once")
        ]

    def __str__(self) -> str:
        return self.name


class Flow(models.Model):
    """Steps that customers go through one after the other, as events; each is watched."""

    key = models.SlugField(_("key"), max_length=64, unique=True)
    title_en = models.CharField(_("title (English)"), max_length=120)
    title_zh = models.CharField(_("title (Chinese)"), max_length=120, blank=True)
    steps = ArrayField(models.CharField(max_length=256), verbose_name=_("steps"))
    is_watched = models.BooleanField(_("watched"), default=True)

    class Meta:
        verbose_name = _("flow")
        verbose_name_plural = _("flows")

    def __str__(self) -> str:
        return self.key


class EventHour(models.Model):
    """How often an event of a flow arrived in one hour; the rhythm it is compared with."""

    pk = models.CompositePrimaryKey("name", "hour")
    name = models.CharField(max_length=256)
    hour = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("arrivals by hour")


class CoverageAlert(models.Model):
    """A step of a flow that stopped arriving, until it comes again."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, verbose_name=_("flow"))
    event = models.CharField(_("event"), max_length=256)
    silent_since = models.DateTimeField(_("missing since"))
    expected = models.FloatField(_("expected"))
    arrived = models.PositiveIntegerField(_("arrived"))
    opened_at = models.DateTimeField(_("noticed at"))
    closed_at = models.DateTimeField(_("arriving again since"), null=True, blank=True)

    class Meta:
        verbose_name = _("missing step")
        verbose_name_plural = _("missing steps")
        constraints = [
            models.UniqueConstraint(
                fields=["flow", "event"],
                condition=Q(closed_at__isnull=True),
                name="coveragealert_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.flow_id} {self.event}"
