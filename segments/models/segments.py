"""A named rule, and who matched it from when to when."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compliance.sentences import Language
from customers.models import Customer
from segments.models.tags import Tag

MOST_MOVED = 50  # percent of the members
# Half open: who leaves and comes back in the same moment has two intervals that only touch.
_SPAN = models.Func(
    "entered_at", "left_at", function="tstzrange", output_field=DateTimeRangeField()
)


class Segment(models.Model):
    """A rule a marketer can say, or a list that somebody brought. ``size`` is as of
    ``refreshed_at``; a list's rule is empty.
    """

    class Kind(models.TextChoices):
        RULE = "rule", _("Rule")
        LIST = "list", _("Static list")

    kind = models.CharField(
        _("kind"), max_length=4, choices=Kind.choices, default=Kind.RULE, db_default=Kind.RULE
    )
    key = models.SlugField(_("key"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    # That of the version of this number; the database sees to it when a transaction ends.
    rule = models.JSONField(_("rule"))
    version = models.PositiveIntegerField(_("version"), default=0, db_default=0, editable=False)
    size = models.BigIntegerField(_("size"), null=True, blank=True)
    refreshed_at = models.DateTimeField(_("as of"), null=True, blank=True)
    # Single customers' changes are followed within a second; the rest is rebuilt every 30 s.
    is_live = models.BooleanField(_("live"), default=False)
    changed_at = models.DateTimeField(_("members changed at"), null=True, blank=True)
    stale_at = models.DateTimeField(_("to be rebuilt since"), null=True, blank=True)
    most_moved = models.PositiveSmallIntegerField(
        _("largest move (%)"),
        null=True,
        blank=True,
        default=MOST_MOVED,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_(
            "A rebuild that would move a larger share of the members stops and asks. Empty: never."
        ),
    )
    # Why its members stand still: {"code": "moved", "entered", "left", "size"} or {"code": "rule"}.
    held_at = models.DateTimeField(_("held since"), null=True, blank=True)
    held_why = models.JSONField(_("held because"), default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("created by"),
    )
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)
    # Who meets a tag's rule: followed like any segment, shown and named as the tag only.
    tag = models.OneToOneField(
        Tag, on_delete=models.PROTECT, null=True, blank=True, related_name="segment", editable=False
    )

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="rule") | Q(kind="list", rule={}, is_live=False),
                name="segment_list_has_no_rule",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def label(self, language: Language) -> str:
        """Its name for people: the tag's, where it follows a tag's rule."""
        return self.name if self.tag is None else self.tag.label(language)


class Membership(models.Model):
    """From when to when a customer matched; ``left_at`` is null while he does.

    ``version`` is the rule he came in by, ``left_version`` the one he left by, and ``…_why`` what
    made it so (`segments.vocabulary.reason`); empty in intervals older than reasons are.
    """

    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    entered_at = models.DateTimeField(_("entered at"))
    left_at = models.DateTimeField(_("left at"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), null=True)
    left_version = models.PositiveIntegerField(_("version left by"), null=True)
    entered_why = models.CharField(_("entered because"), max_length=300, default="", db_default="")
    left_why = models.CharField(_("left because"), max_length=300, default="", db_default="")

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "customer"],
                condition=Q(left_at__isnull=True),
                name="membership_one_open_interval",
            ),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("entered_at")),
                name="membership_interval_in_order",
            ),
            # Only closed ones: an open interval is checked when it ends, so that letting people in
            # costs nothing (decision 34).
            ExclusionConstraint(
                name="membership_intervals_apart",
                expressions=[
                    ("customer", RangeOperators.EQUAL),
                    ("segment", RangeOperators.EQUAL),
                    (_SPAN, RangeOperators.OVERLAPS),
                ],
                condition=Q(left_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "segment"], name="membership_by_customer"),
            models.Index(fields=["segment", "entered_at"], name="membership_by_entry"),
            models.Index(
                fields=["segment", "left_at"],
                condition=Q(left_at__isnull=False),
                name="membership_by_leaving",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.segment_id}"


class Boundary(models.Model):
    """When passing time alone may next change whether a customer matches a live segment."""

    pk = models.CompositePrimaryKey("segment_id", "customer_id")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_index=False)
    customer_id = models.BigIntegerField()
    due_at = models.DateTimeField()

    class Meta:
        verbose_name = _("boundary")
        indexes = [models.Index(fields=["due_at"], name="boundary_due")]


class RebuildMove(models.Model):
    """Whom a rebuild moved, until the live segments that name its segment have followed.

    ``customer_id`` null: so many at once that they are rebuilt.
    """

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_index=False)
    customer_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("move by a rebuild")
