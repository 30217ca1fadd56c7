"""Files of tags: what the dictionary lets systems give, for its term, against no refusal."""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from customers.actions.import_jobs import ImportStatus
from customers.actions.load_file import LoadResult, load_file
from customers.actions.personalisation import refuse_personalisation
from customers.actions.tags import refuse_tag
from customers.models import Customer, QualityRule, Tagging
from customers.vocabulary import CustomerStatus, TagSource
from segments.actions.tags import (
    Meaning,
    define_tag,
    end_retired_tags,
    retire_tag,
    revise_tag,
)
from tests.factories import NOW, make_people, make_staff

pytestmark = pytest.mark.django_db


TERM = 30


@pytest.fixture(autouse=True)
def dictionary(settings: Any, tmp_path: Path) -> list[int]:
    """Two tags that others give and one by rule; four customers T00000 to T00003."""
    settings.MEDIA_ROOT = tmp_path / "files"
    define("vip", TagSource.FILE)
    define("member", TagSource.API)
    define("rich", TagSource.RULE, rule={"field": "total_asset", "op": "gte", "value": 1})
    return make_people(4, prefix="T")


def define(key: str, source: TagSource, rule: object = None) -> None:
    define_tag(
        key=key,
        namespace="service",
        name_en=key,
        name_zh=key,
        meaning=meaning(source, rule),
        author=make_staff().marketer,
        now=NOW,
    )


def meaning(source: TagSource, rule: object = None, **changed: Any) -> Meaning:
    said: dict[str, Any] = {"owner": "branches", "scene": "service", "purpose": "greet"}
    return Meaning(
        **{**said, "definition": "by branch", "ttl_days": TERM, "source": source, **changed},
        rule=rule,
    )


def load(
    folder: Path, *rows: tuple[str, str, str, datetime], now: datetime = NOW, **told: Any
) -> LoadResult:
    path = folder / "tags.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([("客户号", "标签", "值", "时间"), *rows])
    return load_file(kind_key="tags", path=path, source_key="core", now=now, **told)


def let_any_share_fail() -> None:
    """Files here have few rows: one that is refused is a third of them."""
    QualityRule.objects.filter(kind="tags").update(blocks=False)


def carried() -> dict[tuple[str, str], datetime | None]:
    found = Tagging.objects.values_list("customer__customer_no", "tag", "valid_until")
    return {(number, tag): until for number, tag, until in found}


def refused(told: LoadResult) -> list[tuple[str, str]]:
    if told.errors_file is None:
        return []
    with Path(told.errors_file).open(encoding="utf-8-sig", newline="") as file:
        return [(row["line"], row["code"]) for row in csv.DictReader(file)]


def test_a_file_gives_a_tag_for_its_term_from_the_time_it_tells(tmp_path: Path) -> None:
    yesterday = NOW - timedelta(days=1)

    told = load(tmp_path, ("T00000", "vip", "是", yesterday), ("T00001", "member", "1", NOW))

    assert (told.status, told.rows_ok) == (ImportStatus.OK, 2)
    assert carried() == {
        ("T00000", "vip"): yesterday + timedelta(days=TERM),
        ("T00001", "member"): NOW + timedelta(days=TERM),
    }


def test_the_same_file_again_changes_nothing_and_an_older_one_shortens_no_term(
    tmp_path: Path,
) -> None:
    load(tmp_path, ("T00000", "vip", "是", NOW))
    before = list(Tagging.objects.values())

    load(tmp_path, ("T00000", "vip", "是", NOW))
    load(tmp_path, ("T00000", "vip", "是", NOW - timedelta(days=9)))

    assert list(Tagging.objects.values()) == before


def test_no_takes_a_tag_back_unless_it_was_given_since(tmp_path: Path) -> None:
    hour = timedelta(hours=1)
    load(tmp_path, ("T00000", "vip", "是", NOW - hour), ("T00001", "vip", "是", NOW - hour))

    load(tmp_path, ("T00000", "vip", "否", NOW), ("T00001", "vip", "否", NOW - 2 * hour))

    assert set(carried()) == {("T00001", "vip")}


def test_what_the_dictionary_does_not_let_systems_give_is_refused(tmp_path: Path) -> None:
    load(tmp_path, ("T00000", "vip", "是", NOW))
    let_any_share_fail()

    names = ("rich", "nobody_defined", "risk_level")
    told = load(tmp_path, *((f"T0000{at}", tag, "是", NOW) for at, tag in enumerate(names)))

    assert refused(told) == [("2", "tag_unknown"), ("3", "tag_unknown"), ("4", "tag_unknown")]
    assert set(carried()) == {("T00000", "vip")}


def test_a_tag_that_is_retired_or_becomes_a_rule_is_no_longer_given_by_files(
    tmp_path: Path,
) -> None:
    load(tmp_path, ("T00000", "vip", "是", NOW))
    let_any_share_fail()
    author = make_staff().marketer
    retire_tag(key="vip", author=author, now=NOW)
    later = NOW + timedelta(days=TERM + 1)
    end_retired_tags(now=later)
    rule = {"field": "total_asset", "op": "gte", "value": 5}
    revise_tag(key="member", meaning=meaning(TagSource.RULE, rule), author=author, now=NOW)

    told = load(
        tmp_path, ("T00000", "vip", "是", later), ("T00001", "member", "是", later), now=later
    )

    assert [code for _line, code in refused(told)] == ["tag_unknown", "tag_unknown"]
    assert not carried()


def test_refusals_and_restriction_win_over_a_file(tmp_path: Path, dictionary: list[int]) -> None:
    load(tmp_path, ("T00000", "vip", "是", NOW))
    let_any_share_fail()
    refuse_tag(customer_no="T00000", tag="vip", actor="x", why="he asked", now=NOW)
    refuse_personalisation(customer_id=dictionary[1], how="page", now=NOW)
    Customer.objects.filter(pk=dictionary[2]).update(status=CustomerStatus.RESTRICTED)

    told = load(tmp_path, *((f"T0000{number}", "vip", "是", NOW) for number in range(4)))

    assert refused(told) == [(str(line), "tag_unwanted") for line in (2, 3, 4)]
    assert set(carried()) == {("T00003", "vip")}
    assert (told.rows_ok, told.rows_bad) == (1, 3)


def test_a_term_that_is_over_is_told_and_not_given(tmp_path: Path) -> None:
    told = load(tmp_path, ("T00000", "vip", "是", NOW - timedelta(days=TERM)))

    assert refused(told) == [("2", "tag_over")]
    assert not carried()


def test_a_merged_customers_tag_is_given_to_whom_he_was_merged_into(
    tmp_path: Path, dictionary: list[int]
) -> None:
    Customer.objects.filter(pk=dictionary[0]).update(
        merged_into=dictionary[1], status=CustomerStatus.MERGED
    )

    load(tmp_path, ("T00000", "vip", "是", NOW - timedelta(days=2)), ("T00001", "vip", "是", NOW))

    assert carried() == {("T00001", "vip"): NOW + timedelta(days=TERM)}


def test_a_dry_run_gives_nothing(tmp_path: Path) -> None:
    told = load(tmp_path, ("T00000", "vip", "是", NOW), dry_run=True)

    assert told.rows_ok == 1
    assert not carried()
