"""Where events and files come from, and what their keys may do."""

from collections.abc import Sequence

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.console.acts import Act, ActingAdmin, person
from compliance.console.lists import ReadOnlyAdmin, closed_filter
from compliance.errors import ComplianceError
from compliance.models import User
from compliance.queries import clock_now
from customers.actions.plan import set_quota, set_unknown_events
from customers.actions.sources import disable_key
from customers.errors import CustomersError
from customers.models import Source
from customers.vocabulary import KeyScope, UnknownEvents

REFUSALS = (CustomersError, ComplianceError)
SCOPE_WORDS = {
    KeyScope.INGEST.value: _("Write events"),
    KeyScope.READ.value: _("Read"),
    KeyScope.MANAGE.value: _("Manage"),
    KeyScope.INTERNAL.value: _("The product itself"),
}
UNKNOWN_WORDS = {
    UnknownEvents.STORE.value: _("Stored"),
    UnknownEvents.QUARANTINE.value: _("Held in quarantine"),
}


@admin.register(Source)
class SourceAdmin(ActingAdmin, ReadOnlyAdmin):
    """Where events and files come from; keys are made by `manage.py create_api_key`."""

    refusals = REFUSALS
    list_display = (
        "name",
        "key",
        "rights",
        "outside",
        "per_minute",
        "key_hint",
        "created_at",
        "revoked_at",
    )
    list_filter = (closed_filter("scope", _("scope"), SCOPE_WORDS),)
    exclude = ("key_hash", "scope", "unknown_events")
    readonly_fields = ("rights", "outside")
    ordering = ("key",)

    def acts(self, request: HttpRequest, item: Source) -> Sequence[Act]:
        """The switch for what the plan does not name, the limit, and the end of the key."""
        is_live = item.scope != KeyScope.INTERNAL and item.revoked_at is None
        if not request.user.has_perm("customers.change_source") or not is_live:
            return ()
        actor = person(request)
        is_collecting = item.scope in {KeyScope.INGEST, KeyScope.MANAGE}
        return (*(_collecting(item, actor) if is_collecting else ()), _disabling(item, actor))

    @display(description=_("scope"), ordering="scope")
    def rights(self, source: Source) -> str:
        """What its key may do."""
        return str(SCOPE_WORDS.get(source.scope, source.scope))

    @display(description=_("events outside the plan"))
    def outside(self, source: Source) -> str:
        """What becomes of them."""
        if source.scope not in {KeyScope.INGEST, KeyScope.MANAGE}:
            return "—"
        return str(UNKNOWN_WORDS.get(source.unknown_events, source.unknown_events))


def _collecting(source: Source, actor: User) -> Sequence[Act]:
    hold = source.unknown_events == UnknownEvents.STORE
    wanted = UnknownEvents.QUARANTINE if hold else UnknownEvents.STORE
    return (
        Act(
            name=wanted.value,
            label=_t("Hold unknown events") if hold else _t("Store unknown events"),
            question=_t("This is about events that the tracking plan does not name."),
            done=_t("From the next request on."),
            run=lambda _said: set_unknown_events(
                source=source, unknown_events=wanted, actor=actor, now=clock_now()
            ),
        ),
        Act(
            name="quota",
            label=_t("Limit"),
            question=_t("Beyond it the key is told to come back later; nothing is lost."),
            done=_t("From the next request on."),
            run=lambda said: set_quota(
                source=source, per_minute=_number(said), actor=actor, now=clock_now()
            ),
            asks_opinion=True,
            opinion_label=_t("Events a minute; empty for no limit"),
        ),
    )


def _disabling(source: Source, actor: User) -> Act:
    return Act(
        name="disable",
        label=_t("Disable the key"),
        question=_t(
            "Whoever uses it is refused from the next request on. It cannot be taken back:"
            " for a new key there is a new source."
        ),
        done=_t("The key is disabled."),
        run=lambda _said: disable_key(source=source, actor=actor, now=clock_now()),
    )


def _number(said: str) -> int | None:
    text = said.strip()
    if not text:
        return None
    # What is no number is one that cannot be allowed: the verb says so.
    return int(text) if text.isdecimal() and len(text) <= 9 else 0
