"""The customer, the identifiers and what was found out about each.

Personal identifiers stand only in `Identity` (keyed hash for lookup, ciphertext to use) and in
`Customer.name_cipher`.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from customers.vocabulary import AttributeType, CustomerStatus, IdentityKind, choices


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
    # Which key of the key file his identifiers are encrypted with; the database counts.
    slot = models.BigIntegerField(
        unique=True,
        db_default=models.Func(Value("customers_person_slot"), function="nextval"),
        editable=False,
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
    # Seconds since 1970 by column, or by ``attributes.`` and key: of what time a value is told,
    # where that is another than the one at which the customer was made.
    told_at = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        # The law forbids to tell of a hold: whoever else looks at the customer does not see it.
        permissions = [
            ("view_holds", "Can see holds"),
            ("reveal_identity", "Can see identifiers in clear"),
            ("correct_customer", "Can correct what is known of a customer"),
            ("export_customer", "Can hand a customer a copy of everything"),
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
    type = models.CharField(_("type"), max_length=10, choices=choices(AttributeType))
    label_en = models.CharField(_("label (English)"), max_length=120)
    label_zh = models.CharField(_("label (Chinese)"), max_length=120, blank=True)
    # Concluded from his data: whoever refuses to be sorted by it has no value here.
    is_derived = models.BooleanField(_("derived"), default=False, db_default=False)

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")

    def __str__(self) -> str:
        return self.key


NEWEST_TOLD = Coalesce("told_at", "since").desc()
"""The identifier that counts comes first: of several of a kind, messages go to it."""


class Identity(models.Model):
    """One identifier of one customer: HMAC for lookup, AES-256-GCM ciphertext for use.

    Two people may share a phone or an e-mail address; only ``user_id`` and ``customer_no`` name
    exactly one person.
    """

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="identities", db_index=False
    )
    kind = models.CharField(max_length=16, choices=choices(IdentityKind))
    value_hash = models.BinaryField(max_length=32)
    ciphertext = models.BinaryField()
    key_id = models.CharField(max_length=40)  # with the slot whose key it needs, as 1@00…2a
    source = models.CharField(max_length=80)
    since = models.DateTimeField()
    # Of what time it is told, where that is another: a call that comes late brings an old address.
    told_at = models.DateTimeField(null=True)

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
    # Who had been merged into the customer when it was told of him: it goes with him.
    told_of = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("told of"),
        db_index=False,
    )
    # Of a file: what makes it the same questionnaire when the file comes again.
    external_id = models.CharField(
        _("number at the source"), max_length=200, null=True, db_default=None
    )

    class Meta:
        verbose_name = _("risk assessment")
        verbose_name_plural = _("risk assessments")
        constraints = [
            models.CheckConstraint(
                condition=Q(level__in=["C1", "C2", "C3", "C4", "C5"]),
                name="riskassessment_level_known",
            ),
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=Q(external_id__isnull=False),
                name="riskassessment_once",
            ),
        ]
        indexes = [models.Index(fields=["customer", "-assessed_at"], name="riskassessment_newest")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.level}"


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
        indexes = [
            models.Index(fields=["tag", "customer"], name="tagging_by_tag"),
            models.Index(
                fields=["valid_until"],
                condition=Q(valid_until__isnull=False),
                name="tagging_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tag} on {self.customer_id}"


class TagRefusal(models.Model):
    """A tag that a customer had deleted: nobody gives it to him again until he allows it."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="tag_refusals", db_index=False
    )
    tag = models.CharField(_("tag"), max_length=64)
    refused_at = models.DateTimeField(_("refused at"))

    class Meta:
        verbose_name = _("refused tag")
        verbose_name_plural = _("refused tags")
        constraints = [
            models.UniqueConstraint(fields=["customer", "tag"], name="tagrefusal_once"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} refuses {self.tag}"
