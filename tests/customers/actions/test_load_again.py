"""Files that come late, again, corrected or one behind the other: no row of a good one is lost."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as configured

from customers.actions import load_file as loading
from customers.actions.import_jobs import ImportStatus
from customers.models import AssetDay, Customer, ImportJob, RiskAssessment, StagedRow, Trade
from customers.vocabulary import Aspect, Outcome
from tests.customers.actions.test_load_file import (
    account,
    asset,
    load,
    outcome,
    position,
    product,
    reasons,
    trade,
)
from tests.factories import NOW, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def customer() -> int:
    return make_people(1, prefix="C")[0]  # C00000


@pytest.fixture
def blocked(tmp_path: Path) -> int:
    """A file of accounts for which those of balances and trades wait."""
    load(tmp_path, "accounts", [account()])
    load(tmp_path, "products", [product()])
    return load(tmp_path, "accounts", [account("A2", customer="nobody")]).load


def states() -> Mapping[int, str]:
    return dict(ImportJob.objects.values_list("pk", "state"))


def test_files_that_wait_one_behind_the_other_all_go_in(tmp_path: Path, blocked: int) -> None:
    waiting = [load(tmp_path, "trades", [trade(number)]) for number in (1, 2)]
    assert [one.status for one in waiting] == [ImportStatus.WAITING] * 2

    mended = load(tmp_path, "accounts", [account()])

    assert mended.released == tuple(one.load for one in waiting)
    assert dict(Trade.objects.values_list("external_id", "load_id")) == {
        "T1": waiting[0].load,
        "T2": waiting[1].load,
    }
    assert StagedRow.objects.count() == 0


def test_a_file_that_waits_is_replaced_by_one_that_tells_all_of_it_anew(
    tmp_path: Path, blocked: int
) -> None:
    first = load(tmp_path, "trades", [trade(1)])
    second = load(tmp_path, "trades", [trade(1, qty=300), trade(2)])

    assert states()[first.load] == "replaced"
    load(tmp_path, "accounts", [account()])
    assert Trade.objects.get(external_id="T1").quantity == 300
    assert states()[second.load] == "done"


def test_a_blocked_file_replaces_none_that_waits(tmp_path: Path, blocked: int) -> None:
    good = load(tmp_path, "assets", [asset()])
    bad = load(tmp_path, "assets", [asset(net=101)])
    assert bad.status is ImportStatus.BLOCKED

    load(tmp_path, "accounts", [account()])

    assert states()[good.load] == "done"
    assert states()[bad.load] == "blocked"
    # What the blocked one told anew is not in, and what builds on it waits on.
    assert AssetDay.objects.get().net == 100
    assert load(tmp_path, "positions", [position()]).waits_for == bad.load


def test_an_older_file_that_settles_late_replaces_no_newer_one(
    tmp_path: Path, blocked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when both are brought at once, and the older one is the longer."""
    check, newer = loading.check_load, []

    def slowly(**told: Any) -> Any:
        monkeypatch.setattr(loading, "check_load", check)
        newer.append(load(tmp_path, "trades", [trade(1, qty=300)]).load)
        return check(**told)

    monkeypatch.setattr(loading, "check_load", slowly)
    load(tmp_path, "trades", [trade(1)])

    load(tmp_path, "accounts", [account()])
    assert states()[newer[0]] == "done"
    assert Trade.objects.get().quantity == 300


def test_a_run_killed_before_it_settled_is_judged_as_an_unbroken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tmp_path, "accounts", [account()])
    load(tmp_path, "products", [product()])
    rows = [trade(number) for number in range(100)]
    for number in range(4):  # of a hundred five may be unreadable, five out of range, five twice
        rows[number]["qty"] = -1
        rows[number + 10]["qty"] = "x"
        rows[number + 20]["trade_id"] = "T90"

    def killed(*told: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loading, "_settle", killed)
        with pytest.raises(KeyboardInterrupt):
            load(tmp_path, "trades", rows)
    resumed = load(tmp_path, "trades", rows, resume=True)

    assert [
        outcome(resumed, aspect) for aspect in (Aspect.TYPES, Aspect.RANGES, Aspect.UNIQUENESS)
    ] == [Outcome.PASSED] * 3
    assert {one.aspect: one.rows for one in resumed.findings}[Aspect.RANGES] == 4
    assert (resumed.status, resumed.rows_ok, resumed.rows_bad) == (ImportStatus.PARTIAL, 88, 12)


def test_a_moment_of_tomorrow_is_out_of_range_by_the_institutions_day(tmp_path: Path) -> None:
    load(tmp_path, "accounts", [account()])
    load(tmp_path, "products", [product()])
    here = NOW.astimezone(ZoneInfo(configured.TIME_ZONE)).replace(minute=0, second=0)
    tomorrow = here.replace(hour=0) + timedelta(days=1)  # in UTC it is today still
    times = [*(tomorrow - timedelta(minutes=number) for number in range(1, 40)), tomorrow]

    result = load(
        tmp_path,
        "trades",
        [trade(number, ts=at.isoformat()) for number, at in enumerate(times)],
    )

    assert (result.rows_ok, reasons(result)) == (39, [(41, "out_of_range")])
    assert ImportJob.objects.get(pk=result.load).newest_on == here.date()


def test_freshness_counts_the_institutions_days(tmp_path: Path) -> None:
    load(tmp_path, "accounts", [account()])
    load(tmp_path, "products", [product()])
    here = NOW.astimezone(ZoneInfo(configured.TIME_ZONE)).replace(hour=1)

    def found(days: int) -> Outcome:
        told = trade(days, ts=(here - timedelta(days=days)).isoformat())
        return outcome(load(tmp_path, "trades", [told]), Aspect.FRESHNESS)

    assert (found(7), found(8)) == (Outcome.PASSED, Outcome.WARNED)


def questionnaire(level: str, at: str) -> dict[str, Any]:
    return {"customer": "C00000", "assessed_at": at, "level": level}


def test_a_questionnaire_is_the_same_however_its_moment_is_written(tmp_path: Path) -> None:
    for at in ("2026-02-01 09:00:00", "2026/2/1 9:00", "2026-02-01T01:00:00Z"):
        result = load(tmp_path, "risk_assessments", [questionnaire("C3", at)])
        assert (result.status, result.rows_ok) == (ImportStatus.OK, 1)

    assert RiskAssessment.objects.count() == 1


def test_a_questionnaire_told_otherwise_is_refused_and_said_so(tmp_path: Path) -> None:
    at = "2026-02-01 09:00:00"
    load(tmp_path, "risk_assessments", [questionnaire("C3", at)])

    result = load(tmp_path, "risk_assessments", [questionnaire("C2", at)])

    assert reasons(result) == [(2, "assessed_otherwise")]
    assert (result.rows_ok, RiskAssessment.objects.get().level) == (0, "C3")
    # With its own time it counts.
    load(tmp_path, "risk_assessments", [questionnaire("C2", "2026-02-02 09:00:00")])
    assert Customer.objects.get().risk_level == "C2"


def test_an_earlier_questionnaire_of_the_day_that_comes_late_is_not_what_counts(
    tmp_path: Path,
) -> None:
    for level, hour in (("C2", 15), ("C5", 9)):
        at = datetime(2026, 2, 1, hour, tzinfo=ZoneInfo(configured.TIME_ZONE)).isoformat()
        assert load(tmp_path, "risk_assessments", [questionnaire(level, at)]).rows_ok == 1

    assert Customer.objects.get().risk_level == "C2"
