"""Pages that need several floors: a customer with his journeys, a touch with its clicks."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.admin.delivery import TouchAdmin
from campaigns.admin.operations import TouchesByHand
from campaigns.admin.template_panels import met
from campaigns.models import Enrolment, Touch
from campaigns.queries.dependents import journeys_asking, journeys_naming, templates_naming
from compliance.admin.lexicon import LexiconChangeAdmin
from compliance.console.lists import closed_filter
from compliance.console.shown import Panel, Tone, badge, link, moment
from compliance.models import LexiconChange
from compliance.queries import clock_now
from compliance.reader import language
from config.personal import CHAPTERS
from config.touches import VIEW_TOUCHES, TouchesPages, newest_touches
from customers.admin.people import CustomerAdmin
from customers.models import Customer
from segments.actions.tag_views import count_tag_views
from segments.admin.stages import stages_panel
from segments.admin.tags import TagAdmin
from segments.models import Membership, Tag
from segments.queries.tags import names_of
from segments.rules.catalog import LIFECYCLE_STAGES
from segments.vocabulary import value_in_words

NEWEST = 50


def tag_names(keys: Sequence[str]) -> dict[str, str]:
    """What the dictionary calls these tags in the reader's language; that he looks is counted."""
    count_tag_views(tags=keys, now=clock_now())
    return names_of(keys, language())


def value_word(field: str, value: str) -> str:
    """What the reader calls a value that rules and customers carry in Chinese."""
    return value_in_words(field, value, language())


@admin.register(Customer)
class CustomerPage(TouchesPages, CustomerAdmin):
    """Everything the house knows about one customer, in one page."""

    chapters = CHAPTERS
    tag_names = staticmethod(tag_names)
    value_word = staticmethod(value_word)
    list_filter = (
        *CustomerAdmin.list_filter,
        closed_filter(
            "lifecycle",
            _("lifecycle"),
            {stage: lazy(value_word, str)("lifecycle", stage) for stage in LIFECYCLE_STAGES},
        ),
    )

    def panels_above(self, request: HttpRequest, item: Customer) -> Sequence[Panel]:
        """Stages, segments, journeys and touches, for those whose role sees them."""
        panels = []
        if request.user.has_perm("segments.view_segment"):
            panels += [stages_panel(item.pk), _segments(item)]
        if request.user.has_perm("campaigns.view_enrolment"):
            panels.append(_journeys(item))
        if request.user.has_perm(VIEW_TOUCHES):
            panels.append(newest_touches(request, item))
        return panels

    def page_context(self, request: HttpRequest, item: Customer) -> dict[str, Any]:
        """Where all his touches are, for those whose role sees them."""
        sees = request.user.has_perm(VIEW_TOUCHES)
        page = reverse("admin:customers_customer_touches", args=[item.pk]) if sees else ""
        return {**super().page_context(request, item), "touches_url": page}


@admin.register(Tag)
class TagPage(TagAdmin):
    """A tag with all that names it."""

    journeys_asking = staticmethod(journeys_asking)

    def named_by(self, request: HttpRequest, item: Tag) -> Sequence[str]:
        """Journeys and templates besides, which retiring meets, too, where the role sees them."""
        if not request.user.has_perm("campaigns.view_journey"):
            return super().named_by(request, item)
        return [
            *super().named_by(request, item),
            *(one.name for one in journeys_naming(item.key)),
            *(one.template.key for one in templates_naming(item.key)),
        ]

    def panels_above(self, request: HttpRequest, item: Tag) -> Sequence[Panel]:
        """Journeys and templates, for those whose role sees them."""
        if not request.user.has_perm("campaigns.view_journey"):
            return ()
        return (_journeys_naming(item), _templates_naming(item))


@admin.register(LexiconChange)
class LexiconPage(LexiconChangeAdmin):
    """A change of the lexicon with the templates that it would meet."""

    templates_met = staticmethod(met)


@admin.register(Touch)
class TouchPage(TouchesByHand, TouchAdmin):
    """A touch with what the provider reported and what the customer followed."""

    def panels(self, request: HttpRequest, item: Touch) -> Sequence[Panel]:
        """Receipts and clicks."""
        return (*super().panels(request, item), _clicks(item))


def _segments(customer: Customer) -> Panel:
    memberships = (
        Membership.objects.filter(customer=customer, left_at__isnull=True, segment__tag=None)
        .select_related("segment")
        .order_by("-entered_at")[:NEWEST]
    )
    return Panel(
        title=_t("Segments"),
        headers=(_t("Segment"), _t("Member since")),
        rows=[
            (
                link(
                    reverse("admin:segments_segment_change", args=[membership.segment_id]),
                    membership.segment,
                ),
                moment(membership.entered_at),
            )
            for membership in memberships
        ],
        empty=_t("In no segment at present."),
    )


def _journeys_naming(tag: Tag) -> Panel:
    return Panel(
        title=_t("Journeys that name it"),
        headers=(_t("Journey"),),
        rows=[
            (link(reverse("admin:campaigns_journey_change", args=[one.pk]), one.name),)
            for one in journeys_naming(tag.key)
        ],
        empty=_t("No published journey names it."),
    )


def _templates_naming(tag: Tag) -> Panel:
    return Panel(
        title=_t("Templates that name it"),
        headers=(_t("Template"),),
        rows=[
            (
                link(
                    reverse("admin:campaigns_template_change", args=[one.template_id]),
                    one.template.key,
                ),
            )
            for one in templates_naming(tag.key)
        ],
        empty=_t("No approved template names it."),
    )


def _journeys(customer: Customer) -> Panel:
    enrolments = (
        Enrolment.objects.filter(customer=customer)
        .select_related("journey", "version")
        # Those under way first.
        .order_by(F("finished_at").desc(nulls_first=True), "-entered_at")[:NEWEST]
    )
    return Panel(
        title=_t("Journeys"),
        headers=(
            *(_t("Journey"), _t("Version"), _t("State"), _t("Node"), _t("Entered"), _t("Due")),
            _t("Left"),
        ),
        rows=[
            (
                link(
                    reverse("admin:campaigns_journey_change", args=[enrolment.journey_id]),
                    enrolment.journey,
                ),
                f"v{enrolment.version.number}",
                badge(Enrolment.State(enrolment.state).label),
                enrolment.node,
                moment(enrolment.entered_at),
                moment(enrolment.due_at),
                moment(enrolment.finished_at),
            )
            for enrolment in enrolments
        ],
        empty=_t("Has not entered any journey."),
    )


def _clicks(touch: Touch) -> Panel:
    rows = [
        (
            moment(click.at),
            click.link.target,
            badge(_t("Machine"), Tone.WARN) if click.is_bot else badge(_t("Person"), Tone.GOOD),
            click.reason or "—",
            click.user_agent,
        )
        for click in touch.clicks.select_related("link").order_by("id")
    ]
    return Panel(
        title=_t("Clicks"),
        note=_t("Clicks by scanners and prefetchers are kept and not counted."),
        headers=(_t("At"), _t("Target"), _t("By"), _t("Why a machine"), _t("User agent")),
        rows=rows,
        empty=_t("No link was followed."),
    )
