"""Merges: those that wait for a person, and the ledger of those that were made."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.console.acts import Act, ActingAdmin
from compliance.console.lists import ReadOnlyAdmin, closed_filter
from compliance.console.shown import Panel, Tone, badge, code
from compliance.errors import ComplianceError
from compliance.queries import clock_now
from customers.actions.merge import PERMISSION as MERGES
from customers.actions.merge import decide_merge, unmerge
from customers.errors import MergeRefused
from customers.models import Customer, Merge, MergeProposal
from customers.vocabulary import Doubt, ProposalState

DOUBT_WORDS = {
    Doubt.ASKED.value: _("Proposed by a person"),
    Doubt.TWO_NUMBERS.value: _("Two customer numbers"),
    Doubt.CONTRADICTION.value: _("Date of birth or gender differ"),
    Doubt.TOO_MANY.value: _("More people than the rule allows"),
}
PROPOSAL_WORDS = {
    ProposalState.OPEN.value: _("Waiting for a person"),
    ProposalState.APPROVED.value: _("Approved"),
    ProposalState.REJECTED.value: _("Rejected"),
}


@admin.register(MergeProposal)
class MergeProposalAdmin(ActingAdmin, ReadOnlyAdmin):
    """Customers who may be one person; somebody who did not propose it decides."""

    list_display = ("__str__", "why", "standing", "made_by", "made_at", "decided_by")
    list_filter = (closed_filter("state", _("state"), PROPOSAL_WORDS),)
    exclude = ("doubt", "state")
    readonly_fields = ("why", "standing")
    ordering = ("-id",)
    refusals = (MergeRefused, ComplianceError)

    @display(description=_("doubt"))
    def why(self, proposal: MergeProposal) -> str:
        """Why it needs a person."""
        return str(DOUBT_WORDS.get(proposal.doubt, proposal.doubt))

    @display(description=_("state"))
    def standing(self, proposal: MergeProposal) -> SafeString:
        """The state in words."""
        tone = Tone.WARN if proposal.state == ProposalState.OPEN else Tone.PLAIN
        return badge(PROPOSAL_WORDS.get(proposal.state, proposal.state), tone)

    def acts(self, request: HttpRequest, item: MergeProposal) -> Sequence[Act]:
        """Yes or no, while it is open."""
        user: Any = request.user
        if item.state != ProposalState.OPEN or not user.has_perm(MERGES):
            return ()

        def decide(*, approve: bool) -> None:
            decide_merge(proposal=item, checker=user, approve=approve, now=clock_now())

        return (
            Act(
                name="approve",
                label=_t("Merge"),
                question=_t("Are these customers one person? The stricter consent will count."),
                done=_t("Merged."),
                run=lambda _opinion: decide(approve=True),
                is_main=True,
            ),
            Act(
                name="reject",
                label=_t("Leave apart"),
                question=_t("Are these different people? They will not be proposed again."),
                done=_t("Left apart."),
                run=lambda _opinion: decide(approve=False),
            ),
        )

    def panels(self, request: HttpRequest, item: MergeProposal) -> Sequence[Panel]:
        """What can be compared."""
        return (
            Panel(
                title=_t("Customers"),
                headers=(_t("Customer number"), _t("Date of birth"), _t("Gender"), _t("City")),
                rows=[
                    (code(one.customer_no), one.birth_on or "—", one.gender or "—", one.city or "—")
                    for one in Customer.objects.filter(pk__in=item.customers).order_by("pk")
                ],
                empty=_t("None of them is left."),
            ),
        )


@admin.register(Merge)
class MergeAdmin(ActingAdmin, ReadOnlyAdmin):
    """The ledger of merges; each that stands can be undone."""

    list_display = ("__str__", "rule", "made_by", "at", "undoes")
    list_select_related = ("kept", "gone", "undoes")
    exclude = ("filled",)
    ordering = ("-id",)
    refusals = (MergeRefused, ComplianceError)

    def acts(self, request: HttpRequest, item: Merge) -> Sequence[Act]:
        """Undo it, while it stands."""
        user: Any = request.user
        stands = item.undoes_id is None and item.gone.merged_into_id == item.kept_id
        if not stands or not user.has_perm(MERGES):
            return ()
        return (
            Act(
                name="undo",
                label=_t("Undo the merge"),
                question=_t("Are these two people? Everything that was moved goes back."),
                done=_t("Undone."),
                run=lambda _opinion: unmerge(merge=item, actor=user, now=clock_now()),
            ),
        )
