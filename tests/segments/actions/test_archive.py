"""A segment that something names stays in use; an archived one is named nowhere."""

import pytest
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse

from compliance.models import AuditEntry
from customers.models import WatchedEvent
from segments.actions.archive import archive_segment, revive_segment
from segments.errors import NotPossible, RuleError
from segments.models import Segment
from segments.queries.rules import check_rule
from tests.browser.factories import build_house
from tests.factories import NOW, make_segment, make_staff

pytestmark = pytest.mark.django_db
KEEN = {"event": "fund_viewed", "within_days": 7}


def archive(segment: Segment) -> None:
    archive_segment(segment=segment, actor=make_staff().marketer, now=NOW)


def revive(segment: Segment) -> None:
    revive_segment(segment=segment, actor=make_staff().marketer, now=NOW)


def test_an_archived_segment_is_named_nowhere_until_it_is_back() -> None:
    segment = make_segment("keen", KEEN)

    archive(segment)

    with pytest.raises(RuleError):
        check_rule({"segment": "keen"})
    with pytest.raises(NotPossible, match="archived"):
        make_segment("keen", {"everyone": True})
    assert not WatchedEvent.objects.exists()
    revive(segment)
    assert check_rule({"segment": "keen"}).segments == {"keen"}
    assert WatchedEvent.objects.get().name == "fund_viewed"
    segment.refresh_from_db()
    assert segment.stale_at == NOW
    acts = AuditEntry.objects.filter(subject="keen").order_by("seq")
    assert list(acts.values_list("action", flat=True)) == [
        "segment.save",
        "segment.archive",
        "segment.revive",
    ]


def test_one_that_another_names_however_deep_is_not_archived() -> None:
    segment = make_segment("keen", KEEN)
    other = make_segment("also", {"all": [{"sample": 10}, {"not": {"segment": "keen"}}]})

    with pytest.raises(NotPossible) as refused:
        archive(segment)

    assert refused.value.code == "in_use"
    assert "also" in refused.value.message
    archive(other)
    archive(segment)
    segment.refresh_from_db()
    assert segment.archived_at == NOW


def test_a_key_that_only_looks_alike_is_no_dependent() -> None:
    segment = make_segment("keen", KEEN)
    named = {"field": "city", "op": "eq", "value": "keen"}
    make_segment("also", {"any": [named, {"segment": make_segment("keener").key}]})

    archive(segment)


def test_one_that_a_journey_enters_by_is_not_archived_before_the_journey_stops() -> None:
    house = build_house()

    with pytest.raises(NotPossible) as refused:
        archive(house.segment)

    assert house.journey.name in refused.value.message


@pytest.mark.parametrize("act", [revive, lambda segment: (archive(segment), archive(segment))])
def test_an_act_out_of_turn_is_refused(act: object) -> None:
    segment = make_segment("keen", KEEN)

    with pytest.raises(NotPossible):
        act(segment)  # type: ignore[operator]


def test_one_whose_rule_names_what_is_gone_does_not_come_back() -> None:
    keen = make_segment("keen", KEEN)
    also = make_segment("also", {"segment": "keen"})
    archive(also)
    archive(keen)

    with pytest.raises(RuleError):
        revive(also)

    also.refresh_from_db()
    assert also.archived_at is not None


def test_no_segment_can_be_deleted() -> None:
    segment = make_segment("keen", KEEN)

    with pytest.raises(ProtectedError):
        segment.delete()


class TestPage:
    @pytest.fixture
    def marketer(self) -> Client:
        client = Client()
        client.force_login(make_staff().marketer)
        return client

    def test_it_shows_what_names_the_segment_and_offers_no_archiving(
        self, marketer: Client
    ) -> None:
        segment = make_segment("keen", KEEN)
        make_segment("also", {"segment": "keen"})
        address = reverse("admin:segments_segment_use", args=[segment.pk])

        text = marketer.get(address).content.decode()
        told = marketer.post(address, {"act": "archive"}, follow=True).content.decode()

        assert "also" in text
        assert 'value="archive"' not in text
        assert "named by 1 segments or journeys" in told

    def test_an_archived_one_is_read_and_not_changed(self, marketer: Client) -> None:
        segment = make_segment("keen", KEEN)
        address = reverse("admin:segments_segment_use", args=[segment.pk])
        form = reverse("admin:segments_segment_change", args=[segment.pk])

        marketer.post(address, {"act": "archive"})

        shown = marketer.get(address).content.decode()
        assert 'value="revive"' in shown
        assert "it can be archived" not in shown
        assert "did &quot;" in marketer.get(form).content.decode()
        assert marketer.post(form, {"name": "x"}).status_code == 403
        marketer.post(address, {"act": "revive"})
        assert marketer.get(form).context["has_change_permission"]

    @pytest.mark.parametrize(
        ("use", "shown"), [("", "ab"), ("yes", "a"), ("no", "b"), ("list", ""), ("x", "ab")]
    )
    def test_the_list_shows_those_in_use_or_the_others(
        self, marketer: Client, use: str, shown: str
    ) -> None:
        make_segment("a", KEEN)
        archive(make_segment("b", KEEN))

        page = marketer.get(reverse("admin:segments_segment_changelist"), {"use": use})

        assert "".join(one.key for one in page.context["cl"].queryset.order_by("key")) == shown

    def test_who_only_looks_cannot_archive(self) -> None:
        segment = make_segment("keen", KEEN)
        client = Client()
        client.force_login(make_staff().manager)
        address = reverse("admin:segments_segment_use", args=[segment.pk])

        assert client.post(address, {"act": "archive"}).status_code == 403
