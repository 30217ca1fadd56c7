"""Exports of members: a reason, a second person for many, two days, and a record of all of it."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from compliance.keeping import Kept
from compliance.models import AuditEntry, User
from compliance.queries import clock_now, kept_for
from compliance.spreadsheet import restored
from customers.actions.people import Person, put_people
from segments.actions.export import ask_export, fetch_export, review_export
from segments.actions.refresh import refresh
from segments.errors import NotPossible
from segments.models import MemberExport, Segment
from tests.factories import NOW, make_people, make_segment, make_staff

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def segment() -> Segment:
    make_people(5)
    made = make_segment()
    refresh(segment=made, now=NOW)
    return made


@pytest.fixture
def few_alone(settings: LazySettings) -> None:
    settings.EXPORT_ROWS_ALONE = 4


def ask(segment: Segment, **said: Any) -> MemberExport:
    told = {"at": NOW, "why": "Letters by post", "now": LATER, **said}
    return ask_export(segment=segment, actor=make_staff().marketer, **told)


def review(export: MemberExport, checker: User | None = None, *, approve: bool = True) -> None:
    review_export(
        export=export,
        checker=checker or make_staff().checker,
        approve=approve,
        opinion="Fine",
        now=LATER,
    )


def fetch(export: MemberExport, actor: User | None = None, **when: Any) -> list[str]:
    found = fetch_export(
        export=export, actor=actor or make_staff().marketer, **{"now": LATER} | when
    )
    return [one.stay.customer_no for one in found]


def refusal(act: Any, *args: Any, **told: Any) -> str:
    with pytest.raises(NotPossible) as refused:
        act(*args, **told)
    return refused.value.code


def test_few_rows_need_no_second_person_and_each_step_is_on_record(segment: Segment) -> None:
    export = ask(segment)

    assert fetch(export) == [f"P0000{number}" for number in range(5)]
    export.refresh_from_db()
    assert (export.verdict, export.fetched, export.rows) == ("alone", 1, 5)
    acts = AuditEntry.objects.filter(action__startswith="segment.export").order_by("seq")
    assert list(acts.values_list("action", "actor", "detail__why")) == [
        ("segment.export.ask", "marketer", "Letters by post"),
        ("segment.export.fetch", "marketer", None),
    ]


@pytest.mark.usefixtures("few_alone")
class TestManyRows:
    def test_nothing_is_fetched_before_a_second_person_allows_it(self, segment: Segment) -> None:
        export = ask(segment)

        assert refusal(fetch, export) == "not_allowed"
        review(export)
        assert len(fetch(export)) == 5

    def test_what_was_returned_is_never_fetched(self, segment: Segment) -> None:
        export = ask(segment)
        review(export, approve=False)

        assert refusal(fetch, export) == "not_allowed"
        assert refusal(review, export) == "decided"

    def test_whoever_asked_does_not_decide(self, segment: Segment) -> None:
        export = ask(segment)

        assert refusal(review, export, make_staff().marketer) == "own_export"

    @pytest.mark.parametrize(
        "change",
        [
            {"verdict": "approved", "decided_by": "asked_by", "decided_at": NOW},
            {"verdict": "approved"},
            {"verdict": "alone"},
            {"fetched": 1, "expires_at": None},
            {"rows": 3},
            {"why": "another"},
        ],
    )
    def test_the_database_refuses_short_cuts(
        self, segment: Segment, change: dict[str, Any]
    ) -> None:
        export = ask(segment)
        told = {"expires_at": NOW, **change}
        if "decided_by" in told:
            told["decided_by"] = export.asked_by

        with pytest.raises(IntegrityError), transaction.atomic():
            MemberExport.objects.filter(pk=export.pk).update(**told)

    def test_a_word_once_spoken_and_the_row_itself_stay(self, segment: Segment) -> None:
        export = ask(segment)
        review(export)
        row = MemberExport.objects.filter(pk=export.pk)

        with pytest.raises(IntegrityError, match="is final"), transaction.atomic():
            row.update(expires_at=NOW + timedelta(days=900))
        with (
            pytest.raises(IntegrityError, match="is final"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("DELETE FROM segments_memberexport")


def test_its_time_runs_out_and_nobody_else_fetches_it(segment: Segment) -> None:
    export = ask(segment)

    assert refusal(fetch, export, make_staff().checker) == "others_export"
    assert refusal(fetch, export, now=LATER + kept_for(Kept.EXPORTS, now=LATER)) == "expired"


def test_who_was_erased_or_restricted_since_is_not_in_it(segment: Segment) -> None:
    export = ask(segment)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer SET status = 'restricted' WHERE customer_no = 'P00002'"
        )

    assert "P00002" not in fetch(export)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"why": " \x00 "}, "no_reason"),
        ({"at": LATER + timedelta(seconds=1)}, "to_come"),
        ({"at": NOW - timedelta(days=1)}, "nobody_then"),
    ],
)
def test_what_cannot_be_asked_is_refused(segment: Segment, said: dict[str, Any], code: str) -> None:
    assert refusal(ask, segment, **said) == code
    assert not MemberExport.objects.exists()


class TestPages:
    @pytest.fixture
    def marketer(self) -> Client:
        client = Client()
        client.force_login(make_staff().marketer)
        return client

    def test_from_the_members_to_a_file_that_runs_nothing(self, marketer: Client) -> None:
        numbers = ["=1+1", "-5", "@x", "+86", "\t=1", "plain"]
        people = [
            Person(
                customer_no=one,
                columns={"name": "李小龙"},
                contacts={"phone": "+8613912345678", "email": "lee@example.com"},
            )
            for one in numbers[:1]
        ] + [Person(customer_no=one, columns={}, contacts={}) for one in numbers[1:]]
        put_people(people=people, source="t", may_replace_contacts=True, now=NOW)
        segment = make_segment()
        refresh(segment=segment, now=NOW)

        asked = marketer.post(
            reverse("admin:segments_segment_export", args=[segment.pk]), {"why": "Letters"}
        )
        page = marketer.get(asked.url).content.decode()
        export = MemberExport.objects.get()
        address = reverse("admin:segments_memberexport_fetch", args=[export.pk])
        answer = marketer.post(address)
        text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]

        assert address in page
        rows = list(csv.DictReader(io.StringIO(text)))
        assert sorted(restored(row["customer_no"]) for row in rows) == sorted(numbers)
        assert all(row["customer_no"][0] not in "=-+@\t" for row in rows)
        assert "13912345678" not in text
        assert not {"李小龙", "lee@example.com"} & set(text.replace("\n", ",").split(","))
        (first,) = (row for row in rows if restored(row["customer_no"]) == "=1+1")
        assert (first["masked_name"], first["masked_phone"], first["masked_email"]) == (
            "李**", "139****5678", "l***@example.com",
        )  # fmt: skip
        assert all(not row["masked_phone"] for row in rows if row is not first)
        assert marketer.get(address).status_code == 405

    def test_who_may_not_see_customers_gets_numbers_only_and_both_are_on_record(
        self, marketer: Client, segment: Segment
    ) -> None:
        clerk = User.objects.create_user("clerk", is_staff=True)
        clerk.user_permissions.add(Permission.objects.get(codename="export_members"))
        told = {"segment": segment, "at": NOW, "why": "Letters", "now": clock_now()}
        files = {}
        for name, user in (("clerk", clerk), ("marketer", make_staff().marketer)):
            client = Client()
            client.force_login(user)
            export = ask_export(actor=user, **told)
            answer = client.post(reverse("admin:segments_memberexport_fetch", args=[export.pk]))
            files[name] = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]

        stay = "entered_at,left_at,version,entered_why,left_why"
        assert files["clerk"].splitlines()[0] == f"customer_no,{stay}"
        assert files["marketer"].splitlines()[0] == (
            f"customer_no,masked_name,masked_phone,masked_email,{stay}"
        )
        fetched = AuditEntry.objects.filter(action="segment.export.fetch")
        assert set(fetched.values_list("actor", "detail__masked_contacts")) == {
            ("clerk", False),
            ("marketer", True),
        }

    def test_file_has_the_same_columns_in_chinese_and_the_page_says_what_they_mean(
        self, marketer: Client, segment: Segment
    ) -> None:
        export = ask(segment, now=clock_now())
        marketer.cookies.load({"django_language": "zh-hans"})

        page = marketer.get(reverse("admin:segments_memberexport_change", args=[export.pk]))
        answer = marketer.post(reverse("admin:segments_memberexport_fetch", args=[export.pk]))

        text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
        shown = page.content.decode()
        for name in text.splitlines()[0].split(","):
            assert f">{name}</code>" in shown
        assert "离开时间；仍在分群中则为空。" in shown

    def test_a_page_of_members_costs_as_many_statements_as_one(
        self, segment: Segment, django_assert_num_queries: Any
    ) -> None:
        export = ask(segment)
        found = fetch_export(export=export, actor=make_staff().marketer, now=LATER)

        with django_assert_num_queries(2):  # besides the page itself
            assert len(list(found)) == 5

    @pytest.mark.usefixtures("few_alone")
    def test_the_second_person_sees_the_buttons_and_whoever_asked_does_not(
        self, marketer: Client, segment: Segment
    ) -> None:
        export = ask(segment)
        page = reverse("admin:segments_memberexport_change", args=[export.pk])
        act = reverse("admin:segments_memberexport_act", args=[export.pk])
        checker = Client()
        checker.force_login(make_staff().checker)

        assert marketer.get(page).context["acts"] == ()
        marketer.post(act, {"act": "approve"})
        export.refresh_from_db()
        assert export.verdict == "pending"
        assert len(checker.get(page).context["acts"]) == 2
        checker.post(act, {"act": "approve", "opinion": "ok"})
        export.refresh_from_db()
        assert (export.verdict, export.opinion) == ("approved", "ok")

    @pytest.mark.usefixtures("few_alone")
    def test_what_waits_stands_on_the_overview_of_both(
        self, marketer: Client, segment: Segment
    ) -> None:
        asked = marketer.post(
            reverse("admin:segments_segment_export", args=[segment.pk]),
            {"why": "Letters"},
            follow=True,
        )
        assert "5 rows are more than the 4 that you may still take" in asked.content.decode()
        clients = {name: Client() for name in ("checker", "compliance", "operator")}
        for name, client in clients.items():
            client.force_login(getattr(make_staff(), name))
        overview, page = reverse("admin:index"), asked.redirect_chain[-1][0]

        for client in (marketer, clients["checker"], clients["compliance"]):
            shown = client.get(overview).content.decode()
            assert page in shown
            assert "Waiting for a second person" in shown
        assert page not in clients["operator"].get(overview).content.decode()

        clients["checker"].post(f"{page.removesuffix('change/')}act/", {"act": "approve"})
        assert page not in clients["compliance"].get(overview).content.decode()
        assert "Approved" in marketer.get(overview).content.decode()

    def test_who_may_not_export_is_not_asked_why(self, segment: Segment) -> None:
        client = Client()
        client.force_login(make_staff().manager)
        members = reverse("admin:segments_segment_members", args=[segment.pk])
        address = reverse("admin:segments_segment_export", args=[segment.pk])

        assert address not in client.get(members).content.decode()
        assert client.post(address, {"why": "Letters"}).status_code == 403
