"""Files on their way in: how far they are, what is known of their quality, how they are read."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models.collection import Source
from customers.vocabulary import Aspect, Outcome, RatingState, UploadState, choices


class ImportJob(models.Model):
    """One file on its way in. ``rows_done`` is where a killed import goes on.

    A file of customers is imported as it is read. All others are staged whole, checked, and
    released at once or not at all.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        BLOCKED = "blocked", _("Blocked")  # a rule of quality failed; its rows stay staged
        WAITING = "waiting", _("Waiting")  # good itself, but depends on a file that is blocked
        REPLACED = "replaced", _("Replaced")  # a newer file of its source came before it was in
        REJECTED = "rejected", _("Rejected")

    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name=_("source"))
    kind = models.CharField(_("kind"), max_length=20, default="customers", db_default="customers")
    file_name = models.CharField(_("file"), max_length=255)
    file_hash = models.CharField(_("SHA-256 of the file"), max_length=64)
    mapping = models.JSONField(_("mapping"), default=dict)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.RUNNING
    )
    rows_done = models.PositiveBigIntegerField(_("rows read"), default=0)
    rows_ok = models.PositiveBigIntegerField(_("rows imported"), default=0)
    rows_bad = models.PositiveBigIntegerField(_("rows refused"), default=0)
    rows_total = models.PositiveBigIntegerField(_("rows in the file"), default=0, db_default=0)
    newest_on = models.DateField(_("newest day in the file"), null=True)
    waits_for = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("waits for")
    )
    errors_file = models.CharField(_("file of refused rows"), max_length=500, blank=True)
    started_by = models.CharField(_("started by"), max_length=150, blank=True)
    started_at = models.DateTimeField(_("started at"))
    told_at = models.DateTimeField(_("last heard of"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "file_hash"],
                condition=Q(state="running"),
                name="importjob_one_running_per_file",
            ),
        ]
        indexes = [models.Index(fields=["source", "kind", "-id"], name="importjob_newest")]

    def __str__(self) -> str:
        return self.file_name


class StagedRow(models.Model):
    """One row of a file that is not released yet; refused ones bear their reason."""

    pk = models.CompositePrimaryKey("load_id", "number")
    load = models.ForeignKey(ImportJob, on_delete=models.CASCADE, db_index=False)
    number = models.PositiveBigIntegerField()
    line = models.PositiveBigIntegerField()
    key = models.TextField()
    data = models.JSONField()
    code = models.CharField(max_length=40, blank=True)
    column = models.CharField(max_length=200, blank=True)
    value = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("staged row")


class QualityRule(models.Model):
    """What a file of one kind must fulfil. Rules are data.

    ``limit`` means, by aspect: the greatest share of rows that fail it (types, ranges, uniqueness,
    references, reconciliation), the greatest age in days (freshness), the smallest share of filled
    cells (completeness), the greatest factor between this file's rows and the usual (volume).
    """

    kind = models.CharField(_("kind"), max_length=20)
    aspect = models.CharField(_("aspect"), max_length=14, choices=choices(Aspect))
    limit = models.DecimalField(_("limit"), max_digits=10, decimal_places=4)
    details = models.JSONField(_("details"), default=dict, blank=True)
    # Otherwise it only warns.
    blocks = models.BooleanField(_("blocks"), default=True)
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name = _("rule of quality")
        verbose_name_plural = _("rules of quality")
        constraints = [
            models.UniqueConstraint(fields=["kind", "aspect"], name="qualityrule_once"),
            models.CheckConstraint(condition=Q(limit__gte=0), name="qualityrule_limit"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.aspect}"


class QualityResult(models.Model):
    """What one rule found in one file, with the limit of that time."""

    load = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="results")
    aspect = models.CharField(_("aspect"), max_length=14, choices=choices(Aspect))
    outcome = models.CharField(_("outcome"), max_length=8, choices=choices(Outcome))
    observed = models.DecimalField(_("observed"), max_digits=16, decimal_places=4, null=True)
    limit = models.DecimalField(_("limit"), max_digits=10, decimal_places=4)
    rows = models.PositiveBigIntegerField(_("rows"), default=0)

    class Meta:
        verbose_name = _("result of quality")
        verbose_name_plural = _("results of quality")
        constraints = [models.UniqueConstraint(fields=["load", "aspect"], name="result_of_aspect")]

    def __str__(self) -> str:
        return f"{self.aspect}: {self.outcome}"


class SavedMapping(models.Model):
    """Which column goes where, kept under a name for the next file of its kind."""

    kind = models.CharField(_("kind"), max_length=20)
    name = models.SlugField(_("name"), max_length=64)
    id_column = models.CharField(_("column of the number"), max_length=200, blank=True)
    columns = models.JSONField(_("columns"), default=dict)
    saved_by = models.CharField(_("saved by"), max_length=150, blank=True)
    saved_at = models.DateTimeField(_("saved at"))

    class Meta:
        verbose_name = _("saved mapping")
        verbose_name_plural = _("saved mappings")
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="savedmapping_once")]

    def __str__(self) -> str:
        return self.name


class Upload(models.Model):
    """A file that a person brought by the console; the file itself is gone once it is imported.

    Workers look for those being checked or loaded; ``rows_done`` is what the page shows.
    """

    kind = models.CharField(_("kind"), max_length=20)
    source_key = models.CharField(_("source"), max_length=64)
    file_name = models.CharField(_("file"), max_length=255)
    stored_as = models.CharField(max_length=120)  # below the folder of uploads
    size = models.PositiveBigIntegerField(_("bytes"))
    file_hash = models.CharField(_("SHA-256 of the file"), max_length=64)
    encoding = models.CharField(_("encoding"), max_length=12)
    delimiter = models.CharField(_("delimiter"), max_length=1, blank=True)
    id_column = models.CharField(_("column of the number"), max_length=200, blank=True)
    mapping = models.JSONField(_("mapping"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=choices(UploadState))
    rows_done = models.PositiveBigIntegerField(_("rows read"), default=0)
    rows_total = models.PositiveBigIntegerField(_("rows in the file"), default=0)
    # Of the dry run: rows that would be in, rows refused, the first of them.
    result = models.JSONField(default=dict)
    error = models.TextField(_("error"), blank=True)
    job = models.ForeignKey(
        ImportJob, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("import")
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, verbose_name=_("uploaded by")
    )
    uploaded_at = models.DateTimeField(_("uploaded at"))
    # Whoever starts it has had it checked himself, as its columns are said to go now.
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("checked by"),
    )
    began_at = models.DateTimeField(null=True)  # the check or load under way
    told_at = models.DateTimeField(_("last heard of"), null=True)

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in UploadState]),
                name="upload_state_known",
            )
        ]
        indexes = [
            # All that workers and the broom ever look for.
            models.Index(
                fields=["uploaded_at"],
                condition=Q(state__in=["new", "checking", "checked", "loading"]),
                name="upload_open",
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class RatingReview(models.Model):
    """Ratings of products that a file tells; they count once a second person has said yes.

    ``changes`` by product code: ``{"F1": {"before": {…}, "after": {"issuer_risk": 3, …}}}``.
    """

    load = models.OneToOneField(
        ImportJob, on_delete=models.PROTECT, related_name="+", verbose_name=_("import")
    )
    changes = models.JSONField()
    state = models.CharField(_("state"), max_length=10, choices=choices(RatingState))
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("maker"),
    )
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("checker"),
    )
    opinion = models.TextField(_("opinion"), blank=True)
    made_at = models.DateTimeField(_("made at"))
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        verbose_name = _("ratings from a file")
        verbose_name_plural = _("ratings from files")
        constraints = [
            # Four eyes, also for code that forgets.
            models.CheckConstraint(
                condition=Q(checker__isnull=True) | Q(maker__isnull=False) & ~Q(checker=F("maker")),
                name="ratingreview_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["approved", "returned"], checker__isnull=False)
                & Q(decided_at__isnull=False)
                | Q(state="pending", maker__isnull=False, checker__isnull=True)
                | Q(state__in=["unclaimed", "replaced"], checker__isnull=True),
                name="ratingreview_verdict_has_a_checker",
            ),
        ]

    def __str__(self) -> str:
        return f"# {self.load_id}"
