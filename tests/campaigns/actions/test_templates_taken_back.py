"""A second look that returns what was approved takes the approval back."""

import pytest

from campaigns.actions import templates
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.models import Touch
from campaigns.queries.journeys import approved_templates
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    make_template,
    send_node,
)


@pytest.mark.django_db
def test_what_was_returned_after_its_approval_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, staff = make_memory_account(monkeypatch), make_staff()
    version = make_template()
    make_people(1)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    templates.submit_template(version=version, maker=staff.marketer, now=NOW)
    assert set(approved_templates()) == {"hello-email"}
    templates.review_template(
        version=version, checker=staff.checker, approve=False, opinion="No longer.", now=NOW
    )

    dispatch_batch(owner="w", now=NOW)

    assert (Touch.objects.get().reason, provider.sent) == ("not_approved", [])
    assert not approved_templates()
