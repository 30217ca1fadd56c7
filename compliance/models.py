"""Who acted, what was judged, and a record of it that cannot be changed unseen."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class User(AbstractUser):
    """A member of the institution's staff; groups are the roles."""

    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")


class SignInTries(models.Model):
    """How often a name was tried from an address since its last sign-in (see `sign_in`).

    ``key`` is a keyed hash of both; a row that nobody touched for a day is deleted.
    """

    key = models.BinaryField(_("key"), primary_key=True, max_length=32)
    tries = models.PositiveSmallIntegerField(_("tries"))
    last_at = models.DateTimeField(_("last at"), db_index=True)

    class Meta:
        verbose_name = _("sign-in tries")
        verbose_name_plural = _("sign-in tries")

    def __str__(self) -> str:
        return str(self.tries)


class RulePack(models.Model):
    """A set of rules as data, with the dates between which it is in force."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        PENDING = "pending", _("Pending")
        DEPRECATED = "deprecated", _("Deprecated")

    # The sets that are shipped, in words.
    SETS: ClassVar[dict[str, object]] = {
        "suitability": _("Suitability"),
        "contact": _("Hours and caps"),
        "calendar": _("Trading days"),
        "jurisdictions": _("Jurisdictions"),
        "records": _("Keeping of records"),
    }

    key = models.SlugField(_("key"), max_length=80)
    version = models.PositiveIntegerField(_("version"), default=1)
    jurisdiction = models.CharField(_("jurisdiction"), max_length=10, default="CN")
    status = models.CharField(
        _("status"), max_length=12, choices=Status.choices, default=Status.PENDING
    )
    effective_from = models.DateField(_("effective from"))
    effective_to = models.DateField(_("effective to"), null=True, blank=True)
    source = models.TextField(_("source"), blank=True)
    rules = models.JSONField(_("rules"))
    made_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("made by")
    )

    class Meta:
        verbose_name = _("rule pack")
        verbose_name_plural = _("rule packs")
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="rulepack_key_version"),
            models.CheckConstraint(
                condition=Q(effective_to__isnull=True) | Q(effective_to__gte=F("effective_from")),
                name="rulepack_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return _t("%(name)s, version %(number)d") % {"name": self.title, "number": self.version}

    @property
    def title(self) -> str:
        """The set in words."""
        return str(self.SETS.get(self.key, self.key))

    @property
    def reference(self) -> str:
        """What the audit trail and reviews call it, alike in every language."""
        return f"{self.key} v{self.version}"


class LexiconChange(models.Model):
    """One proposal to change the wording lexicon: a term or pattern more, or a rule's last day.

    Approved ones are never changed or deleted: each makes a ``version`` of the lexicon, so that
    what an old decision read can be read again.
    """

    class Kind(models.TextChoices):
        TERM = "term", pgettext_lazy("lexicon", "Term")
        PATTERN = "pattern", _("Pattern")
        END = "end", _("Last day")

    class Status(models.TextChoices):
        PENDING = "pending", _("Waiting for review")
        APPROVED = "approved", _("Approved")
        RETURNED = "returned", _("Returned")

    class Severity(models.TextChoices):
        RED = "red", _("Statute")
        ORANGE = "orange", _("Departmental rule or self-regulation")
        YELLOW = "yellow", _("Advice")

    class Verdict(models.TextChoices):
        BLOCK = "block", _("Forbidden")
        REVIEW = "review", _("For a reviewer")
        NOTICE = "notice", _("Notice")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    rule_id = models.CharField(_("rule"), max_length=20)
    text = models.CharField(_("text"), max_length=120)
    category = models.CharField(_("category"), max_length=80, blank=True)
    severity = models.CharField(
        _("rank of the ground"), max_length=6, choices=Severity.choices, blank=True
    )
    verdict = models.CharField(_("verdict"), max_length=6, choices=Verdict.choices, blank=True)
    basis = models.CharField(_("basis"), max_length=200, blank=True)
    products = models.JSONField(_("product kinds"), default=list, blank=True)
    neutral = models.JSONField(_("exclusions"), default=list, blank=True)
    samples = models.JSONField(_("sample texts"), default=list, blank=True)
    explanation_en = models.TextField(_("explanation in English"))
    explanation_zh = models.TextField(_("explanation in Chinese"))
    effective_from = models.DateField(_("effective from"), null=True, blank=True)
    effective_to = models.DateField(_("effective to"), null=True, blank=True)
    status = models.CharField(
        _("status"), max_length=8, choices=Status.choices, default=Status.PENDING
    )
    version = models.PositiveBigIntegerField(_("version of the lexicon"), null=True, unique=True)
    made_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    made_at = models.DateTimeField(_("made at"))
    checked_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("checker")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        verbose_name = _("change of the lexicon")
        verbose_name_plural = _("changes of the lexicon")
        constraints = [
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("made_by")),
                name="lexiconchange_maker_is_not_checker",
            ),
            models.CheckConstraint(
                condition=Q(status="pending", checked_by__isnull=True, version__isnull=True)
                | Q(checked_by__isnull=False, decided_at__isnull=False)
                & (
                    Q(status="approved", version__isnull=False)
                    | Q(status="returned", version__isnull=True)
                ),
                name="lexiconchange_verdict_has_a_checker",
            ),
            models.CheckConstraint(
                condition=Q(kind="end", effective_from__isnull=True, effective_to__isnull=False)
                | ~Q(kind="end")
                & Q(effective_from__isnull=False)
                & (Q(effective_to__isnull=True) | Q(effective_to__gte=F("effective_from"))),
                name="lexiconchange_dates_in_order",
            ),
            models.UniqueConstraint(
                fields=["rule_id"], condition=~Q(kind="end"), name="lexiconchange_rule_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.text[:60]} ({self.pk})"


class Product(models.Model):
    """What the institution offers: the facts suitability is judged by.

    A higher ``risk`` is riskier, 1 (R1) to 5 (R5); the higher of the two ratings counts.
    """

    code = models.CharField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=40, blank=True)
    issuer_risk = models.PositiveSmallIntegerField(_("issuer's rating"), null=True, blank=True)
    distributor_risk = models.PositiveSmallIntegerField(_("our rating"), null=True, blank=True)
    asset_class = models.CharField(_("asset class"), max_length=40, blank=True)
    horizon_months = models.PositiveSmallIntegerField(_("horizon (months)"), null=True, blank=True)
    regions = models.JSONField(_("licence area"), default=list, blank=True)
    is_public = models.BooleanField(_("offered to the public"), default=True)
    is_complex = models.BooleanField(_("complex"), default=False)
    permission = models.CharField(_("needs the permission"), max_length=40, blank=True)
    opens = models.CharField(_("opens the permission"), max_length=40, blank=True)
    risk_points = models.TextField(
        _("special risk points"),
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Of a product of high risk or a complex one: each message about it must say this, word"
            " for word, and link to further information."
        ),
    )
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.CheckConstraint(
                condition=(Q(issuer_risk__isnull=True) | Q(issuer_risk__range=(1, 5)))
                & (Q(distributor_risk__isnull=True) | Q(distributor_risk__range=(1, 5))),
                name="product_risk_is_r1_to_r5",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Review(models.Model):
    """One person's request to use something, and another person's verdict on exactly that.

    ``subject_hash`` is the SHA-256 of the content under review: an edit afterwards has another
    hash, so an approval never covers what nobody read.
    """

    class Verdict(models.TextChoices):
        PENDING = "pending", _("Waiting for review")
        APPROVED = "approved", _("Approved")
        RETURNED = "returned", _("Returned")

    subject_kind = models.CharField(_("kind"), max_length=40)
    subject_key = models.CharField(_("subject"), max_length=120)
    subject_hash = models.CharField(_("content hash"), max_length=64)
    maker = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("maker")
    )
    checker = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("checker"),
    )
    verdict = models.CharField(
        _("verdict"), max_length=10, choices=Verdict.choices, default=Verdict.PENDING
    )
    opinion = models.TextField(_("opinion"), blank=True)
    submitted_at = models.DateTimeField(_("submitted at"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            # Four eyes, also for code that forgets: the database refuses a self-approval.
            models.CheckConstraint(
                condition=Q(checker__isnull=True) | ~Q(checker=F("maker")),
                name="review_maker_is_not_checker",
            ),
            models.CheckConstraint(
                condition=Q(verdict="pending", checker__isnull=True, decided_at__isnull=True)
                | Q(checker__isnull=False, decided_at__isnull=False)
                & Q(verdict__in=["approved", "returned"]),
                name="review_verdict_has_a_checker",
            ),
            models.UniqueConstraint(
                fields=["subject_kind", "subject_key"],
                condition=Q(verdict="pending"),
                name="review_one_pending_per_subject",
            ),
        ]
        indexes = [
            models.Index(
                fields=["subject_kind", "subject_key", "subject_hash"], name="review_subject"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject_key}: {self.get_verdict_display()}"


class AuditEntry(models.Model):
    """One act, chained by hash to the one before; the database refuses to change or drop it.

    ``hash`` is SHA-256 over ``previous_hash`` and the canonical JSON of the other fields.
    """

    seq = models.BigIntegerField(_("number"), primary_key=True)
    previous_hash = models.CharField(_("previous hash"), max_length=64)
    hash = models.CharField(_("hash"), max_length=64, unique=True)
    at = models.DateTimeField(_("at"))
    actor = models.CharField(_("actor"), max_length=150)
    action = models.CharField(_("action"), max_length=80)
    subject = models.CharField(_("subject"), max_length=200)
    detail = models.JSONField(_("detail"), default=dict)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        ordering = ["-seq"]
        indexes = [models.Index(fields=["action", "at"], name="auditentry_by_act")]

    def __str__(self) -> str:
        return f"{self.seq} {self.action} {self.subject}"


class AuditHead(models.Model):
    """The newest entry's number and hash: without it, entries cut off at the end go unseen."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(_("number"))
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="audithead_is_one_row")]

    def __str__(self) -> str:
        return str(self.seq)


class ReplayClock(models.Model):
    """How far this installation's clock stands from the database's: only a replay sets it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    shift = models.DurationField(_("shift"))

    class Meta:
        verbose_name = _("replay clock")
        verbose_name_plural = _("replay clock")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="replayclock_is_one_row")]

    def __str__(self) -> str:
        return str(self.shift)
