"""The dictionary of tags: what each means, whose it is, what it is for and how long it holds."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compliance.reader import language
from compliance.sentences import Language
from customers.vocabulary import TagSource, choices

LONGEST_DAYS = 3_650


class TagState(models.TextChoices):
    """Whether a tag may be given and asked for."""

    ACTIVE = "active", _("in use")
    MISSING = "missing", _("source missing")  # described, but nothing here tells it
    RETIRING = "retiring", _("retiring")  # in use until ``retires_at``
    RETIRED = "retired", _("retired")


class Refresh(models.TextChoices):
    """How soon a tag follows what happened."""

    LIVE = "rt", _("live")
    HOURLY = "1h", _("hourly")
    DAILY = "1d", _("daily")
    MONTHLY = "1m", _("monthly")


class Tag(models.Model):
    """A tag by its key. What it means stands in its versions; the newest is in force."""

    namespace = models.SlugField(_("namespace"), max_length=40)
    key = models.SlugField(_("key"), max_length=64, unique=True)
    name_en = models.CharField(_("name (English)"), max_length=120, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=120, unique=True)
    state = models.CharField(
        _("state"), max_length=8, choices=TagState.choices, default=TagState.ACTIVE
    )
    retires_at = models.DateTimeField(_("retires at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="retiring", retires_at__isnull=False) | ~Q(state="retiring"),
                name="tag_retires_at_some_time",
            ),
        ]

    def __str__(self) -> str:
        return self.label(language())

    def label(self, spoken: Language) -> str:
        """The tag's name for people."""
        return self.name_zh if spoken == "zh" else self.name_en

    @property
    def newest(self) -> "TagVersion":
        """The version in force."""
        return self.versions.order_by("-number")[0]


class TagVersion(models.Model):
    """What a tag means from ``made_at`` on. Rows are only added."""

    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField(_("version"))
    owner = models.CharField(_("owner"), max_length=120)
    scene = models.CharField(_("scene"), max_length=200)
    purpose = models.CharField(_("purpose"), max_length=200)
    definition = models.TextField(_("definition"))
    source = models.CharField(_("source"), max_length=10, choices=choices(TagSource))
    rule = models.JSONField(_("rule"), null=True, blank=True)
    ttl_days = models.PositiveIntegerField(
        _("term (days)"), validators=[MinValueValidator(1), MaxValueValidator(LONGEST_DAYS)]
    )
    refresh = models.CharField(_("refresh"), max_length=2, choices=Refresh.choices)
    missing = models.CharField(_("missing source"), max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        verbose_name=_("made by"),
    )
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("version of a tag")
        verbose_name_plural = _("versions of tags")
        constraints = [
            models.UniqueConstraint(fields=["tag", "number"], name="tagversion_once"),
            models.CheckConstraint(
                condition=~(Q(owner="") | Q(scene="") | Q(purpose="") | Q(definition="")),
                name="tagversion_has_owner_scene_purpose",
            ),
            models.CheckConstraint(
                condition=Q(ttl_days__gte=1, ttl_days__lte=LONGEST_DAYS),
                name="tagversion_has_term",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id} v{self.number}"


class ValueWalk(models.Model):
    """How far the values of one refresh are computed, and when the next walk begins."""

    refresh = models.CharField(max_length=2, choices=Refresh.choices, primary_key=True)
    after_id = models.BigIntegerField(default=0)
    next_at = models.DateTimeField()

    class Meta:
        verbose_name = _("walk over values")

    def __str__(self) -> str:
        return self.refresh


class TagView(models.Model):
    """How often people looked at a tag on one day; who looked is not kept."""

    pk = models.CompositePrimaryKey("tag_id", "viewed_on")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="views", db_index=False)
    viewed_on = models.DateField(_("day"))
    views = models.PositiveIntegerField(_("views"))

    class Meta:
        verbose_name = _("views of a tag")
        verbose_name_plural = _("views of tags")

    def __str__(self) -> str:
        return f"{self.tag_id}: {self.views} on {self.viewed_on}"


class TagScore(models.Model):
    """How useful a tag was found to be, at the newest measurement."""

    tag = models.OneToOneField(
        Tag, on_delete=models.CASCADE, primary_key=True, related_name="score"
    )
    goal = models.CharField(_("goal"), max_length=256)
    customers = models.PositiveIntegerField(_("customers looked at"))
    coverage = models.FloatField(_("coverage"))
    uses = models.PositiveIntegerField(_("uses"))
    views = models.PositiveIntegerField(_("views"), default=0, db_default=0)
    power = models.FloatField(_("information value"), null=True)
    redundancy = models.FloatField(_("redundancy"))
    redundant_to = models.CharField(_("redundant to"), max_length=64, blank=True)
    usefulness = models.FloatField(_("usefulness"))
    sunset = models.JSONField(_("reasons to retire"), default=list)
    measured_at = models.DateTimeField(_("measured at"))

    class Meta:
        verbose_name = _("usefulness of a tag")
        verbose_name_plural = _("usefulness of tags")

    def __str__(self) -> str:
        return f"{self.tag_id}: {self.usefulness:.4f}"
