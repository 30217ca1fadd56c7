"""Addresses nobody may write to again."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.delivery import ProviderAccount
from campaigns.states import ASKED_FOR_NO_MORE
from customers.vocabulary import IdentityKind


class Suppression(models.Model):
    """An address by its keyed hash: it stands for whoever has it now or will have it later.

    It survives the customer's erasure and every import, because nothing here names him. The
    first reason stays, but for an opt-out, which a graver one replaces; a lifted row is gone, and
    the audit trail tells of it.
    """

    class Why(models.TextChoices):
        COMPLAINED = "complained", _("Complained about a message")
        OPTED_OUT = ASKED_FOR_NO_MORE, _("Asked for no more advertising")
        UNDELIVERABLE = "undeliverable", _("The address does not exist")
        BY_HAND = "by_hand", _("Put in by a person")

    kind = models.CharField(
        _("kind"), max_length=16, choices=[(kind.value, kind.value) for kind in IdentityKind]
    )
    value_hash = models.BinaryField(max_length=32)
    why = models.CharField(_("reason"), max_length=16, choices=Why.choices)
    account = models.ForeignKey(
        ProviderAccount,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("provider account"),
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        constraints = [
            models.UniqueConstraint(fields=["kind", "value_hash"], name="suppression_once"),
            models.CheckConstraint(
                condition=Q(why__in=["complained", "opted_out", "undeliverable", "by_hand"]),
                name="suppression_why_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.why}"
