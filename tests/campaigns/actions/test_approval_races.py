"""Whoever edits while another approves: what goes live is what was approved (G12)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connections

from campaigns.actions import launch, templates
from campaigns.actions.templates import KIND as TEMPLATE
from campaigns.channels.base import Channel
from campaigns.errors import CampaignError
from campaigns.models import Journey, JourneyVersion, TemplateVersion
from campaigns.queries.journeys import approved_templates
from compliance.errors import ComplianceError
from compliance.models import AuditEntry, Review, User
from compliance.queries import is_approved
from tests.factories import (
    NOW,
    PARTS,
    graph_of,
    make_memory_account,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

RACES = 50  # of journeys, and as many of templates
VERDICTS = 20
pytestmark = pytest.mark.django_db(transaction=True)


def side_by_side(*acts: Callable[[], object]) -> None:
    """All at once; what is refused is one of the ways in which a race may end."""
    begin = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        begin.wait(20)
        try:
            act()
        except (CampaignError, ComplianceError):
            return
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as people:
        list(people.map(run, acts))


def test_a_journey_that_is_edited_while_it_is_approved_goes_live_as_approved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    staff = make_staff()
    make_memory_account(monkeypatch)
    make_template()
    make_segment()
    seen = graph_of(send_node())
    for number in range(RACES):
        key = f"race-{number}"
        version = launch.save_draft(
            journey_key=key, name=key, graph=seen, maker=staff.marketer, now=NOW
        )
        launch.submit(journey=version.journey, version=version, maker=staff.marketer, now=NOW)
        edited = graph_of({"id": f"w{number}", "type": "wait", "seconds": 60}, send_node())

        def edit(key: str = key, edited: dict[str, object] = edited) -> None:
            newer = launch.save_draft(
                journey_key=key, name=key, graph=edited, maker=staff.marketer, now=NOW
            )
            launch.submit(journey=newer.journey, version=newer, maker=staff.marketer, now=NOW)

        def approve(version: JourneyVersion = version) -> None:
            launch.review(
                journey=version.journey,
                version=version,
                checker=staff.checker,
                approve=True,
                opinion="",
                now=NOW,
            )
            launch.publish(journey=version.journey, actor=staff.marketer, now=NOW)

        side_by_side(edit, approve)

    for journey in Journey.objects.filter(live__isnull=False):
        assert journey.live is not None
        subject = f"{journey.key}/{journey.live.number}"
        assert is_approved(kind=launch.KIND, key=subject, content_hash=journey.live.graph_hash)
        assert journey.live.graph_hash == templates.hash_of(journey.live.graph)
    assert Review.objects.filter(subject_kind=launch.KIND, verdict="approved").count() == RACES


def test_of_two_verdicts_at_once_one_counts() -> None:
    staff = make_staff()
    for number in range(VERDICTS):
        seen = make_template(Channel.SMS, key=f"race-{number}", is_approved=False)
        templates.submit_template(version=seen, maker=staff.marketer, now=NOW)

        def judge(checker: User, *, approve: bool, seen: TemplateVersion = seen) -> None:
            templates.review_template(
                version=seen, checker=checker, approve=approve, opinion="", now=NOW
            )

        side_by_side(
            partial(judge, staff.checker, approve=True),
            partial(judge, staff.compliance, approve=False),
        )

    told = AuditEntry.objects.filter(action__in=["template.approved", "template.returned"])
    assert told.count() == VERDICTS


def test_a_template_that_is_edited_while_it_is_approved_is_sent_as_approved() -> None:
    staff = make_staff()
    for number in range(RACES):
        key = f"race-{number}"
        seen = make_template(Channel.SMS, key=key, is_approved=False)
        templates.submit_template(version=seen, maker=staff.marketer, now=NOW)

        def edit(key: str = key) -> None:
            newer = make_template(
                Channel.SMS,
                key=key,
                parts={"text": f"{PARTS[Channel.SMS]['text']}!"},
                is_approved=False,
            )
            templates.submit_template(version=newer, maker=staff.marketer, now=NOW)

        def approve(seen: TemplateVersion = seen) -> None:
            templates.review_template(
                version=seen, checker=staff.checker, approve=True, opinion="", now=NOW
            )

        side_by_side(edit, approve)

    keys = [f"race-{number}" for number in range(RACES)]
    sent = approved_templates(keys)
    assert sent
    for key, version in sent.items():
        assert is_approved(kind=TEMPLATE, key=key, content_hash=version.content_hash)
        assert not version.parts["text"].endswith("!")
