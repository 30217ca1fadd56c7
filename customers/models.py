"""The customer, the identifiers, the consents and everything that happened.

Personal identifiers stand only in `Identity` (keyed hash for lookup, ciphertext to use) and in
`Customer.name_cipher`. `Event` is partitioned by month; its last wall against doubles is
`EventKey`, because a partitioned table cannot be unique on columns without its partition key.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.vocabulary import (
    AttributeType,
    ChangeKind,
    ConsentState,
    CustomerStatus,
    Doubt,
    IdentityKind,
    KeyScope,
    Moved,
    PropertyType,
    ProposalState,
    Purpose,
    QuarantineAct,
    QuarantineState,
    UnknownEvents,
)


def _choices(kind: type) -> list[tuple[str, str]]:
    return [(member.value, member.value) for member in kind]  # type: ignore[attr-defined]


class Customer(models.Model):
    """One person. What marketers may filter by is a column here or a key of ``attributes``."""

    customer_no = models.CharField(_("customer number"), max_length=128, unique=True)
    # The institution itself gave this number; a web client's userId is none.
    is_numbered = models.BooleanField(_("numbered"), default=True, db_default=True)
    status = models.CharField(_("status"), max_length=12, default=CustomerStatus.ACTIVE)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="merged",
        verbose_name=_("is now"),
        db_index=False,
    )
    name_cipher = models.BinaryField(_("name"), null=True)
    gender = models.CharField(_("gender"), max_length=10, null=True, blank=True)
    birth_on = models.DateField(_("date of birth"), null=True, blank=True)
    city = models.CharField(_("city"), max_length=80, null=True, blank=True)
    region = models.CharField(_("region"), max_length=80, null=True, blank=True)
    risk_level = models.CharField(_("risk level"), max_length=2, null=True, blank=True)
    risk_assessed_on = models.DateField(_("assessed on"), null=True, blank=True)
    risk_valid_until = models.DateField(_("assessment valid until"), null=True, blank=True)
    lowest_class = models.BooleanField(_("lowest class"), null=True)
    horizon_months = models.PositiveSmallIntegerField(
        _("investment horizon (months)"), null=True, blank=True
    )
    objectives = ArrayField(
        models.CharField(max_length=40), verbose_name=_("investment objectives"), null=True
    )
    investor_type = models.CharField(_("investor type"), max_length=20, null=True, blank=True)
    professional_until = models.DateField(_("professional until"), null=True, blank=True)
    qualified_until = models.DateField(_("qualified investor until"), null=True, blank=True)
    permissions = ArrayField(
        models.CharField(max_length=40), verbose_name=_("trading permissions"), null=True
    )
    average_asset = models.DecimalField(
        _("average assets of 20 days"), max_digits=20, decimal_places=4, null=True, blank=True
    )
    trading_since = models.DateField(_("trading since"), null=True, blank=True)
    # What makes a professional investor (S-09), as last proved.
    financial_asset = models.DecimalField(
        _("financial assets proved"), max_digits=20, decimal_places=4, null=True, blank=True
    )
    yearly_income = models.DecimalField(
        _("yearly income proved, average of 3 years"),
        max_digits=20,
        decimal_places=4,
        null=True,
        blank=True,
    )
    lifecycle = models.CharField(_("lifecycle"), max_length=20, null=True, blank=True)
    total_asset = models.DecimalField(
        _("total assets"), max_digits=20, decimal_places=4, null=True, blank=True
    )
    locale = models.CharField(_("locale"), max_length=16, null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, null=True, blank=True)
    personalise_off = models.BooleanField(_("personalisation off"), default=False)
    aml_hold = models.BooleanField(_("AML hold"), default=False)
    internal_hold = models.BooleanField(_("internal hold"), default=False)
    attributes = models.JSONField(_("attributes"), default=dict)
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        # The law forbids to tell of a hold: whoever else looks at the customer does not see it.
        permissions = [
            ("view_holds", "Can see holds"),
            ("reveal_identity", "Can see identifiers in clear"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in CustomerStatus]),
                name="customer_status_known",
            ),
            models.CheckConstraint(
                condition=Q(risk_level__isnull=True)
                | Q(risk_level__in=["C1", "C2", "C3", "C4", "C5"]),
                name="customer_risk_level_known",
            ),
            models.CheckConstraint(
                condition=Q(status="merged", merged_into__isnull=False)
                | (~Q(status="merged") & Q(merged_into__isnull=True)),
                name="customer_merged_into_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merged_into"],
                condition=Q(merged_into__isnull=False),
                name="customer_merged",
            )
        ]

    def __str__(self) -> str:
        return self.customer_no


class Attribute(models.Model):
    """A field beyond the built-in ones that an import or an integration brought along."""

    key = models.SlugField(_("key"), max_length=64, unique=True)
    type = models.CharField(_("type"), max_length=10, choices=_choices(AttributeType))
    label_en = models.CharField(_("label (English)"), max_length=120)
    label_zh = models.CharField(_("label (Chinese)"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")

    def __str__(self) -> str:
        return self.key


class Identity(models.Model):
    """One identifier of one customer: HMAC for lookup, AES-256-GCM ciphertext for use.

    Two people may share a phone or an e-mail address; only ``user_id`` and ``customer_no`` name
    exactly one person.
    """

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="identities", db_index=False
    )
    kind = models.CharField(max_length=16, choices=_choices(IdentityKind))
    value_hash = models.BinaryField(max_length=32)
    ciphertext = models.BinaryField()
    key_id = models.CharField(max_length=16)
    source = models.CharField(max_length=80)
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("identifier")
        verbose_name_plural = _("identifiers")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "kind", "value_hash"], name="identity_once_per_customer"
            ),
            models.UniqueConstraint(
                fields=["kind", "value_hash"],
                condition=Q(kind__in=["user_id", "anonymous_id", "customer_no"]),
                name="identity_names_one_person",
            ),
        ]
        indexes = [models.Index(fields=["kind", "value_hash"], name="identity_lookup")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.customer_id}"


class MatchRule(models.Model):
    """When two customers who share an identifier of this kind are one person. Rules are data."""

    kind = models.CharField(_("kind"), max_length=16, unique=True, choices=_choices(IdentityKind))
    merges = models.BooleanField(_("merges"), default=False)
    holders_at_most = models.PositiveSmallIntegerField(_("holders at most"), default=2)
    people_at_most = models.PositiveSmallIntegerField(_("merged at most"), default=3)

    class Meta:
        verbose_name = _("matching rule")
        verbose_name_plural = _("matching rules")

    def __str__(self) -> str:
        return self.kind


class Merge(models.Model):
    """One act of the merge ledger: two customers became one, or (``undoes``) two again.

    Rows are only ever added; a trigger refuses UPDATE and DELETE.
    """

    kept = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", verbose_name=_("stays")
    )
    gone = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", verbose_name=_("goes")
    )
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="undone", verbose_name=_("undoes")
    )
    rule = models.CharField(_("rule"), max_length=40)
    made_by = models.CharField(_("made by"), max_length=150)
    # What the one that stays had not, and how its switches stood: enough to restore it.
    filled = models.JSONField(_("filled"), default=dict)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.CheckConstraint(condition=~Q(kept=models.F("gone")), name="merge_of_two")
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.kept_id}"


class MergeMove(models.Model):
    """One row that a merge moved; added only."""

    merge = models.ForeignKey(Merge, on_delete=models.PROTECT, related_name="moves")
    what = models.CharField(max_length=12, choices=_choices(Moved))
    row_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("moved row")

    def __str__(self) -> str:
        return f"{self.what} {self.row_id}"


class MergeProposal(models.Model):
    """Customers who may be one person, waiting for somebody to say so."""

    customers = ArrayField(models.BigIntegerField(), verbose_name=_("customers"))
    doubt = models.CharField(_("doubt"), max_length=16, choices=_choices(Doubt))
    rule = models.CharField(_("rule"), max_length=40)
    made_by = models.CharField(_("made by"), max_length=150, blank=True)
    made_at = models.DateTimeField(_("made at"))
    state = models.CharField(
        _("state"), max_length=8, choices=_choices(ProposalState), default=ProposalState.OPEN
    )
    decided_by = models.CharField(_("decided by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        verbose_name = _("proposed merge")
        verbose_name_plural = _("proposed merges")
        constraints = [
            # Once rejected it is not proposed again by itself.
            models.UniqueConstraint(
                fields=["customers"],
                condition=Q(state__in=["open", "rejected"]),
                name="mergeproposal_once",
            ),
            models.CheckConstraint(
                condition=Q(made_by="") | ~Q(made_by=models.F("decided_by")),
                name="mergeproposal_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return " + ".join(map(str, self.customers))


class MatchMark(models.Model):
    """How far the identifiers were looked through for matches."""

    identity_id = models.BigIntegerField(default=0)


class RetentionDuty(models.Model):
    """How long the law wants something kept, whatever its owner asks for. Periods are data."""

    class Of(models.TextChoices):
        ACCOUNT = "account", _("Who has traded")  # counts from the request to erase
        ASSESSMENT = "assessment", _("Who was assessed")  # counts from the newest assessment

    of = models.CharField(_("of"), max_length=12, choices=Of.choices, unique=True)
    years = models.PositiveSmallIntegerField(_("years"))
    basis = models.CharField(_("legal basis"), max_length=200)

    class Meta:
        verbose_name = _("retention duty")
        verbose_name_plural = _("retention duties")

    def __str__(self) -> str:
        return self.of


class Erasure(models.Model):
    """A person's wish to be forgotten, and what became of it.

    While ``retained_until`` is ahead the customer is RESTRICTED; a second person may end that
    earlier where the duty does not apply.
    """

    customer = models.OneToOneField(
        Customer, on_delete=models.PROTECT, related_name="erasure", verbose_name=_("customer")
    )
    asked_by = models.CharField(_("asked by"), max_length=150)
    asked_at = models.DateTimeField(_("asked at"))
    retained_until = models.DateField(_("retained until"), null=True)
    basis = models.CharField(_("legal basis"), max_length=400, blank=True)
    done_by = models.CharField(_("done by"), max_length=150, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")

    def __str__(self) -> str:
        return str(self.customer_id)


class ErasedIdentity(models.Model):
    """An address of somebody who was erased, as keyed hash: nobody writes there again."""

    kind = models.CharField(_("kind"), max_length=16, choices=_choices(IdentityKind))
    value_hash = models.BinaryField(max_length=32)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("erased address")
        constraints = [
            models.UniqueConstraint(fields=["kind", "value_hash"], name="erasedidentity_once")
        ]


class Consent(models.Model):
    """One statement of will, for one purpose by one channel. Rows are only ever added.

    The current state is that of the newest row (greatest ``id``); a trigger refuses UPDATE and
    DELETE.
    """

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="consents", db_index=False
    )
    purpose = models.CharField(_("purpose"), max_length=16, choices=_choices(Purpose))
    channel = models.CharField(_("channel"), max_length=16)
    state = models.CharField(_("state"), max_length=10, choices=_choices(ConsentState))
    notice_version = models.CharField(_("notice version"), max_length=40)
    source = models.CharField(_("source"), max_length=80)
    evidence = models.JSONField(_("evidence"), default=dict)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [
            models.Index(fields=["customer", "purpose", "channel", "-id"], name="consent_current")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in ConsentState]), name="consent_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.purpose}/{self.channel}: {self.state}"


class RiskAssessment(models.Model):
    """One answered questionnaire. Rows are only added; the newest stands on the customer too."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="assessments", db_index=False
    )
    level = models.CharField(_("risk level"), max_length=2)
    score = models.DecimalField(_("score"), max_digits=7, decimal_places=2, null=True)
    lowest_class = models.BooleanField(_("lowest class"))
    horizon_months = models.PositiveSmallIntegerField(_("investment horizon (months)"), null=True)
    objectives = ArrayField(
        models.CharField(max_length=40), verbose_name=_("investment objectives"), default=list
    )
    assessed_at = models.DateTimeField(_("assessed at"))
    valid_until = models.DateField(_("assessment valid until"), null=True)
    source = models.CharField(_("source"), max_length=80)

    class Meta:
        verbose_name = _("risk assessment")
        verbose_name_plural = _("risk assessments")
        constraints = [
            models.CheckConstraint(
                condition=Q(level__in=["C1", "C2", "C3", "C4", "C5"]),
                name="riskassessment_level_known",
            ),
        ]
        indexes = [models.Index(fields=["customer", "-assessed_at"], name="riskassessment_newest")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.level}"


class Source(models.Model):
    """Where events and files come from: a write key, an importer, the product itself."""

    key = models.SlugField(_("key"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=120)
    scope = models.CharField(_("scope"), max_length=10, choices=_choices(KeyScope))
    key_hash = models.BinaryField(max_length=32, null=True, unique=True)
    key_hint = models.CharField(_("key begins with"), max_length=12, blank=True)
    unknown_events = models.CharField(
        _("events outside the plan"),
        max_length=10,
        choices=_choices(UnknownEvents),
        default=UnknownEvents.STORE,
    )
    per_minute = models.PositiveIntegerField(_("events a minute"), null=True, blank=True)
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
    received_at = models.DateTimeField(_("received at"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=_choices(QuarantineState),
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

    act = models.CharField(_("act"), max_length=10, choices=_choices(QuarantineAct))
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
        _("type"), max_length=10, choices=_choices(PropertyType), default=PropertyType.TEXT
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


class Tagging(models.Model):
    """A tag on a customer, until it expires."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="taggings", db_index=False
    )
    tag = models.CharField(_("tag"), max_length=64)
    source = models.CharField(_("source"), max_length=80)
    since = models.DateTimeField(_("since"))
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [
            models.UniqueConstraint(fields=["customer", "tag"], name="tagging_once"),
        ]
        indexes = [models.Index(fields=["tag", "customer"], name="tagging_by_tag")]

    def __str__(self) -> str:
        return f"{self.tag} on {self.customer_id}"


class ImportJob(models.Model):
    """One file on its way in. ``rows_done`` is where a killed import goes on."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        REJECTED = "rejected", _("Rejected")

    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name=_("source"))
    file_name = models.CharField(_("file"), max_length=255)
    file_hash = models.CharField(_("SHA-256 of the file"), max_length=64)
    mapping = models.JSONField(_("mapping"), default=dict)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.RUNNING
    )
    rows_done = models.PositiveBigIntegerField(_("rows read"), default=0)
    rows_ok = models.PositiveBigIntegerField(_("rows imported"), default=0)
    rows_bad = models.PositiveBigIntegerField(_("rows refused"), default=0)
    errors_file = models.CharField(_("file of refused rows"), max_length=500, blank=True)
    started_by = models.CharField(_("started by"), max_length=150, blank=True)
    started_at = models.DateTimeField(_("started at"))
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

    def __str__(self) -> str:
        return self.file_name


class Change(models.Model):
    """Something that may move a customer into or out of a segment, until floor 2 has seen to it.

    Triggers write it in the transaction that changes the customer, so that none is missed.
    ``customer_id`` null: so many at once that everybody is judged again.
    """

    customer_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=8, choices=_choices(ChangeKind))
    name = models.CharField(max_length=256)

    class Meta:
        verbose_name = _("change")


class WatchedEvent(models.Model):
    """An event that some segment asks about. Of others no change is noted."""

    name = models.CharField(max_length=256, primary_key=True)

    class Meta:
        verbose_name = _("watched event")
