"""Who is one person: rules, proposals and the ledger of merges."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models.people import Customer
from customers.vocabulary import Doubt, IdentityKind, Moved, ProposalState, choices


class MatchRule(models.Model):
    """When two customers who share an identifier of this kind are one person. Rules are data."""

    kind = models.CharField(_("kind"), max_length=16, unique=True, choices=choices(IdentityKind))
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
    what = models.CharField(max_length=12, choices=choices(Moved))
    row_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("moved row")

    def __str__(self) -> str:
        return f"{self.what} {self.row_id}"


class MergeProposal(models.Model):
    """Customers who may be one person, waiting for somebody to say so."""

    customers = ArrayField(models.BigIntegerField(), verbose_name=_("customers"))
    doubt = models.CharField(_("doubt"), max_length=16, choices=choices(Doubt))
    rule = models.CharField(_("rule"), max_length=40)
    made_by = models.CharField(_("made by"), max_length=150, blank=True)
    made_at = models.DateTimeField(_("made at"))
    state = models.CharField(
        _("state"), max_length=8, choices=choices(ProposalState), default=ProposalState.OPEN
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
