"""What somebody allows, and his wish to be forgotten."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models.people import Customer
from customers.vocabulary import ConsentState, IdentityKind, Purpose, choices


class Consent(models.Model):
    """One statement of will, for one purpose by one channel. Rows are only ever added.

    The current state is that of the newest row (greatest ``id``); a trigger refuses UPDATE and
    DELETE.
    """

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="consents", db_index=False
    )
    purpose = models.CharField(_("purpose"), max_length=16, choices=choices(Purpose))
    channel = models.CharField(_("channel"), max_length=16)
    state = models.CharField(_("state"), max_length=10, choices=choices(ConsentState))
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
    # Whose keys go with him: his own and those of whom was merged into him.
    slots = ArrayField(models.BigIntegerField(), default=list)
    keys_destroyed_at = models.DateTimeField(_("keys destroyed at"), null=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")

    def __str__(self) -> str:
        return str(self.customer_id)


class Correction(models.Model):
    """What was known of a customer and was wrong, with what it became. Rows are only added.

    Both values are sealed for him, so that they go with him.
    """

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="corrections", verbose_name=_("customer")
    )
    field = models.CharField(_("field"), max_length=64)
    before_cipher = models.BinaryField()
    after_cipher = models.BinaryField()
    why = models.CharField(_("why"), max_length=400)
    by = models.CharField(_("by"), max_length=150)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")

    def __str__(self) -> str:
        return f"{self.field} of {self.customer_id}"


class ErasedIdentity(models.Model):
    """An address of somebody who was erased, as keyed hash: nobody writes there again."""

    kind = models.CharField(_("kind"), max_length=16, choices=choices(IdentityKind))
    value_hash = models.BinaryField(max_length=32)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("erased address")
        constraints = [
            models.UniqueConstraint(fields=["kind", "value_hash"], name="erasedidentity_once")
        ]
