"""The tick that lets customers in: one broken journey does not keep the others waiting."""

import pytest

from campaigns.models import Enrolment
from campaigns.tasks import enrol_tick
from segments.models import Segment
from tests.factories import NOW, graph_of, make_journey, make_people, make_segment

pytestmark = pytest.mark.django_db


def test_a_journey_whose_segment_broke_keeps_no_other_waiting() -> None:
    make_people(2)
    make_segment("gone")
    make_segment("all", {"segment": "gone"})
    make_journey(graph_of(), key="a-broken")
    make_segment("everyone")
    graph = graph_of()
    graph["nodes"][0]["segment"] = "everyone"
    sound = make_journey(graph, key="sound")
    Segment.objects.filter(key="gone").update(archived_at=NOW)

    enrol_tick()

    assert set(Enrolment.objects.values_list("journey", flat=True)) == {sound.pk}
    assert Enrolment.objects.count() == 2
