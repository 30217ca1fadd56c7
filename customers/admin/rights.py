"""One customer's rights in the console: see in clear, correct, withdraw, hand out a copy."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _t
from django.views.decorators.cache import never_cache

from compliance.console.acts import ActingAdmin, person, tell
from compliance.errors import ComplianceError
from compliance.queries import clock_now
from customers.actions.consents import withdraw_for
from customers.actions.correct import correct_customer
from customers.actions.merge import PERMISSION as MERGES
from customers.actions.merge import propose_merge
from customers.actions.rights import Chapters, export_customer, reveal, set_personalisation
from customers.actions.tags import allow_tag, refuse_tag
from customers.admin.corrections import correctable, corrections
from customers.admin.portrait import attribute_names, withdrawable
from customers.admin.words import CHANNEL_WORDS, KIND_WORDS, PURPOSE_WORDS
from customers.errors import CustomersError, RightRefused
from customers.models import NEWEST_TOLD, Customer, Identity
from customers.queries.identities import masked
from customers.queries.people import customer_ids
from customers.queries.tags import carried_tags, refused_tags
from customers.reports.copies import written
from customers.vocabulary import CustomerStatus

REVEALS: Final = "customers.reveal_identity"
CORRECTS: Final = "customers.correct_customer"
EXPORTS: Final = "customers.export_customer"
REFUSALS: Final = (CustomersError, ComplianceError)
LONGEST_TYPED: Final = 2_000


class RightsPages(ActingAdmin):
    """The page behind the button *Rights* of a customer."""

    chapters: Sequence[Chapters] = ()
    """What the floors above add to a copy; the roof fills it in."""

    def get_urls(self) -> list[URLPattern]:
        """The page, which also takes what is done on it."""
        view = self.admin_site.admin_view(self.rights_view)
        return [
            path("<int:pk>/rights/", view, name="customers_customer_rights"),
            *super().get_urls(),
        ]

    @method_decorator(never_cache)
    def rights_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Show what this person may do; do what was asked for."""
        customer = get_object_or_404(Customer, pk=pk)
        acts = _allowed(request)
        if not self.has_view_permission(request, customer) or not acts:
            raise PermissionDenied
        if request.method == "GET":
            return self._page(request, customer, acts)
        if request.method != "POST":
            return HttpResponseNotAllowed(["GET", "POST"])
        verb = _VERBS.get(request.POST.get("act", ""))
        if verb is None or request.POST["act"] not in acts:
            raise PermissionDenied
        return verb(self, request, customer)

    def _page(
        self, request: HttpRequest, customer: Customer, acts: frozenset[str], clear: str = ""
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Rights of %(number)s") % {"number": customer.customer_no},
            "acts": acts if customer.status == CustomerStatus.ACTIVE else acts & {"export"},
            "is_gone": customer.status in (CustomerStatus.ERASED, CustomerStatus.MERGED),
            "identities": [
                (one.pk, KIND_WORDS.get(one.kind, one.kind), masked(one))
                for one in _identities(customer)
            ],
            "fields": correctable(),
            "consents": [
                (
                    f"{purpose}/{channel}",
                    PURPOSE_WORDS[purpose],
                    CHANNEL_WORDS.get(channel, channel),
                )
                for purpose, channel in withdrawable(customer)
            ],
            "is_personal": not customer.personalise_off,
            "tags": self._named(carried_tags(customer)),
            "refused": self._named(refused_tags(customer)),
            "panels": [corrections(customer)],
            "clear": clear,
            "typed": request.POST,
            "back": reverse("admin:customers_customer_change", args=[customer.pk]),
        }
        return TemplateResponse(request, "customers/rights.html", context)

    @staticmethod
    def tag_names(keys: Sequence[str]) -> Mapping[str, str]:
        """How tags are called in the reader's language; the dictionary stands a floor above."""
        return {}

    def _named(self, keys: Sequence[str]) -> list[tuple[str, str]]:
        # What is concluded of a customer without being a tag has a name as an attribute.
        names = {**attribute_names(keys), **self.tag_names(keys)}
        return [(key, names.get(key) or key) for key in keys]

    def _reveal(self, request: HttpRequest, customer: Customer) -> HttpResponse:
        chosen = request.POST.get("identity", "")
        identity = _identities(customer).filter(pk=int(chosen)).first() if _is_key(chosen) else None
        found: list[str] = []
        if identity is None:
            raise PermissionDenied
        tell(
            request,
            lambda: found.append(
                reveal(identity=identity, actor=_actor(request), why=_why(request), now=clock_now())
            ),
            done=_t("Shown below. That you saw it, and why, is in the audit trail."),
            refusals=REFUSALS,
        )
        return self._page(request, customer, _allowed(request), clear="".join(found))

    def _correct(self, request: HttpRequest, customer: Customer) -> HttpResponse:
        is_done = tell(
            request,
            lambda: correct_customer(
                customer_no=customer.customer_no,
                field=request.POST.get("field", ""),
                value=_typed(request, "value"),
                actor=_actor(request),
                why=_why(request),
                now=clock_now(),
            ),
            done=_t("Corrected. What stood there before is kept below."),
            refusals=REFUSALS,
        )
        if is_done:
            return redirect("admin:customers_customer_rights", customer.pk)
        return self._page(request, customer, _allowed(request))

    def _export(self, request: HttpRequest, customer: Customer) -> HttpResponseBase:
        made: list[Mapping[str, Any]] = []
        if not tell(
            request,
            lambda: made.append(
                export_customer(
                    customer_no=customer.customer_no,
                    actor=_actor(request),
                    why=_why(request),
                    now=clock_now(),
                    chapters=self.chapters,
                )
            ),
            done=_t("The copy was made. Hand it to nobody but the customer."),
            refusals=REFUSALS,
        ):
            return self._page(request, customer, _allowed(request))
        answer = StreamingHttpResponse(written(made[0]), content_type="application/json")
        answer["Content-Disposition"] = f'attachment; filename="customer-{customer.pk}.json"'
        return answer

    def _propose(self, request: HttpRequest, customer: Customer) -> HttpResponse:
        numbers = _typed(request, "numbers").replace(",", " ").split()
        found = customer_ids(numbers)
        made: list[int] = []

        def ask() -> None:
            if missing := [number for number in numbers if number not in found]:
                told = {"numbers": ", ".join(missing[:5])}
                raise RightRefused("unknown", _t("Nobody has the number %(numbers)s.") % told)
            ids = [customer.pk, *found.values()]
            maker = person(request)
            made.append(propose_merge(customer_ids=ids, maker=maker, now=clock_now()).pk)

        done = _t("Proposed. A second person decides.")
        if tell(request, ask, done=done, refusals=REFUSALS):
            return redirect("admin:customers_mergeproposal_change", made[0])
        return self._page(request, customer, _allowed(request))

    def _tag(self, request: HttpRequest, customer: Customer) -> HttpResponse:
        """Delete a tag as he asks, or allow it again."""
        is_allowed = request.POST["act"] == "allow_tag"
        verb = allow_tag if is_allowed else refuse_tag
        done = _t("Deleted: nobody gives him this tag until he allows it.")
        if tell(
            request,
            lambda: verb(
                customer_no=customer.customer_no,
                tag=_typed(request, "tag"),
                actor=_actor(request),
                why=_why(request),
                now=clock_now(),
            ),
            done=_t("Allowed again.") if is_allowed else done,
            refusals=REFUSALS,
        ):
            return redirect("admin:customers_customer_rights", customer.pk)
        return self._page(request, customer, _allowed(request))

    def _withdraw(self, request: HttpRequest, customer: Customer) -> HttpResponse:
        purpose, _slash, channel = _typed(request, "consent").partition("/")
        tell(
            request,
            lambda: withdraw_for(
                customer_no=customer.customer_no,
                purpose=purpose,
                channel=channel,
                actor=_actor(request),
                why=_why(request),
                now=clock_now(),
            ),
            done=_t("Withdrawn: messages that wait are not sent any more."),
            refusals=REFUSALS,
        )
        return redirect("admin:customers_customer_rights", customer.pk)

    def _personalise(self, request: HttpRequest, customer: Customer) -> HttpResponse:
        tell(
            request,
            lambda: set_personalisation(
                customer_no=customer.customer_no,
                is_off=request.POST["act"] == "depersonalise",
                actor=_actor(request),
                now=clock_now(),
            ),
            done=_t("Done. It holds from now on."),
            refusals=REFUSALS,
        )
        return redirect("admin:customers_customer_rights", customer.pk)


_VERBS: dict[str, Callable[[RightsPages, HttpRequest, Customer], HttpResponseBase]] = {
    "reveal": RightsPages._reveal,
    "correct": RightsPages._correct,
    "export": RightsPages._export,
    "propose": RightsPages._propose,
    "refuse_tag": RightsPages._tag,
    "allow_tag": RightsPages._tag,
    "withdraw": RightsPages._withdraw,
    "depersonalise": RightsPages._personalise,
    "personalise": RightsPages._personalise,
}
_NEEDS: Final = {
    "reveal": REVEALS,
    "correct": CORRECTS,
    "export": EXPORTS,
    "propose": MERGES,
    "refuse_tag": CORRECTS,
    "allow_tag": CORRECTS,
    "withdraw": CORRECTS,
    "depersonalise": CORRECTS,
    "personalise": CORRECTS,
}


def may_act(request: HttpRequest) -> bool:
    """Whether there is anything on the page for this person."""
    return bool(_allowed(request))


def _identities(customer: Customer) -> Any:
    return Identity.objects.filter(customer=customer).order_by("kind", NEWEST_TOLD)


def _allowed(request: HttpRequest) -> frozenset[str]:
    return frozenset(act for act, needed in _NEEDS.items() if request.user.has_perm(needed))


def _actor(request: HttpRequest) -> str:
    return person(request).username


def _why(request: HttpRequest) -> str:
    return _typed(request, "why")


def _typed(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "")[:LONGEST_TYPED]


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
