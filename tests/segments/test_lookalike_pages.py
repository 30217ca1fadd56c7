"""Asking for a ranking in the console, and reading it."""

import pytest
from django.test import Client

from segments.actions.catalogue import ship_tags
from segments.actions.rank_lookalike import rank_lookalike
from segments.models import LookalikeRun, Segment
from segments.queries.sizes import preview
from tests.factories import NOW, make_staff
from tests.segments.test_lookalike import asked, world

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/lookalike/"


@pytest.fixture
def console() -> Client:
    client = Client()
    client.force_login(make_staff().marketer)
    return client


def form(segment: int, /, **changes: str) -> dict[str, str]:
    told = {"seed": str(segment), "size": "30", "origin": "own", "basis": "consent"}
    return {**told, "statement": "our own, by consent", **changes}


def test_asking_leads_to_the_ranking_which_waits_for_its_turn(console: Client) -> None:
    segment, _alike, _unlike = world()

    answer = console.post(ADDRESS, form(segment.pk), follow=True)

    run = LookalikeRun.objects.get()
    assert answer.redirect_chain == [(f"{ADDRESS}{run.pk}/", 302)]
    assert "Waiting for its turn" in answer.content.decode()
    assert (run.origin, run.basis, run.size) == ("own", "consent", 30)


def test_people_of_a_tag_are_offered_by_the_tags_name(console: Client) -> None:
    ship_tags(now=NOW)

    english = console.get(ADDRESS).content.decode()
    console.cookies["django_language"] = "zh-hans"
    chinese = console.get(ADDRESS).content.decode()

    assert "Tag: Looks for a pension" in english
    assert "Looks for a pension" not in chinese
    assert "标签：" in chinese


def test_a_ranking_by_a_tags_people_is_called_by_the_tags_name(console: Client) -> None:
    ship_tags(now=NOW)
    seed = Segment.objects.get(tag__key="pension_need")
    asker = make_staff().marketer
    run = LookalikeRun.objects.create(
        seed=seed, origin="own", basis="consent", size=3, asked_by=asker, asked_at=NOW
    )
    console.cookies["django_language"] = "zh-hans"

    for page in (ADDRESS, f"{ADDRESS}{run.pk}/"):
        chinese = console.get(page).content.decode()
        assert "Looks for a pension" not in chinese
        assert "养老规划需求" in chinese


def test_a_finished_ranking_tells_its_curve_drivers_and_what_it_did_not_use(
    console: Client,
) -> None:
    segment, _alike, _unlike = world()
    run = asked(segment)
    rank_lookalike(run=run, now=NOW)

    page = console.get(f"{ADDRESS}{run.pk}/").content.decode()

    for told in ("lookalike_ladies", "region = north", "gender", "100.0 %", 'data-chart="curve"'):
        assert told in page
    assert "ladies" in console.get(ADDRESS).content.decode()


def test_a_finished_ranking_leads_to_a_segment_of_its_whole_audience(console: Client) -> None:
    segment, _alike, _unlike = world()
    # More than are likely to belong: a bound of the likeness would leave most of them out.
    run = asked(segment, size=200)
    progress = f"{ADDRESS}{run.pk}/progress/"
    assert console.get(progress).json()["is_busy"]
    told = dict(console.get(f"{ADDRESS}{run.pk}/").context["facts"])
    assert told["Audience size"] == "200"
    assert "People ranked" not in told  # nobody is yet
    rank_lookalike(run=run, now=NOW)
    assert not console.get(progress).json()["is_busy"]

    shown = console.get(f"{ADDRESS}{run.pk}/")
    form = console.get(shown.context["segment_url"]).context["adminform"].form

    assert form["name"].value() == "Likeness to ladies"
    assert preview(form.initial["rule"], now=NOW).count == 200


def test_a_competitors_list_is_refused_on_the_form(console: Client) -> None:
    segment, _alike, _unlike = world()

    page = console.post(ADDRESS, form(segment.pk, origin="competitor")).content.decode()

    assert "cannot be a seed" in page
    assert not LookalikeRun.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        *({"seed": "999999"}, {"size": "0"}, {"size": "1e9"}, {"origin": "moon"}),
        *({"statement": ""}, {"statement": "ours"}),
    ],
)
def test_what_is_wrong_is_said_beside_its_box(console: Client, changes: dict[str, str]) -> None:
    segment, _alike, _unlike = world()

    answer = console.post(ADDRESS, form(segment.pk, **changes))

    assert answer.status_code == 200
    assert '<small role="alert">' in answer.content.decode()
    assert not LookalikeRun.objects.exists()


def test_a_refused_ranking_says_why(console: Client) -> None:
    segment, _alike, _unlike = world(seed=100)
    run = asked(segment)
    run.state, run.why = "refused", {"code": "seed_too_small", "count": 99, "least": 100}
    run.save()

    page = console.get(
        f"{ADDRESS}{run.pk}/", headers={"accept-language": "zh-hans"}
    ).content.decode()

    assert "种子人群可用成员 99 人，至少需要 100 人" in page


def test_who_only_reads_may_not_ask() -> None:
    client = Client()
    client.force_login(make_staff().checker)
    segment, _alike, _unlike = world()

    assert client.post(ADDRESS, form(segment.pk)).status_code == 403
    assert '<form method="post" class="ts-question"' not in client.get(ADDRESS).content.decode()
