"""The shipped rules hold together, and a wrong row is one clear error."""

import csv
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from compliance.errors import RulebookError
from compliance.rulebook.shipped import (
    FOLDER,
    shipped_context,
    shipped_disclosures,
    shipped_wordbook,
)
from compliance.scan import scan_wording
from compliance.wording.verdict import Verdict

TODAY = date(2026, 11, 22)


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((FOLDER / name).read_text(encoding="utf-8").splitlines()))


@pytest.fixture
def rulebook(tmp_path: Path) -> Path:
    folder = tmp_path / "rulebook"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return folder


@pytest.mark.parametrize("row", rows("exclusions.csv"), ids=lambda row: row["rule_id"])
def test_what_an_exclusion_gives_as_example_is_allowed(row: dict[str, str]) -> None:
    assert scan_wording(text=row["example"], on=TODAY).verdict is Verdict.ALLOW


DENIALS = [row for row in rows("cues.csv") if row["kind"] in ("adjacent", "filler", "governing")]
DOUBTS = [row for row in rows("cues.csv") if row["kind"] in ("coordinate", "rhetorical", "warning")]


@pytest.mark.parametrize("row", DENIALS, ids=lambda row: row["example"])
def test_what_a_denial_gives_as_example_is_no_claim(row: dict[str, str]) -> None:
    assert scan_wording(text=row["example"], on=TODAY).verdict is Verdict.ALLOW


@pytest.mark.parametrize("row", DOUBTS, ids=lambda row: row["example"])
def test_what_a_doubt_gives_as_example_is_never_blocked(row: dict[str, str]) -> None:
    assert scan_wording(text=row["example"], on=TODAY).verdict is not Verdict.BLOCK


@pytest.mark.parametrize("row", rows("homophones.csv"), ids=lambda row: row["word"])
def test_an_everyday_word_that_sounds_like_a_term_is_allowed(row: dict[str, str]) -> None:
    assert scan_wording(text=f"本周{row['word']}介绍", on=TODAY).verdict is Verdict.ALLOW


@pytest.mark.parametrize("row", rows("spellings.csv"), ids=lambda row: row["written"])
def test_a_spelling_that_stands_for_a_character_is_read_so(row: dict[str, str]) -> None:
    terms = [term.text for term in shipped_wordbook().terms if row["meant"] in term.text]
    if not terms:
        pytest.skip("no listed term holds the character")

    disguised = terms[0].replace(row["meant"], row["written"])

    assert scan_wording(text=disguised, on=TODAY).hits


def test_rule_numbers_are_unique() -> None:
    wordbook = shipped_wordbook()
    numbers = [
        *(term.rule_id for term in wordbook.terms),
        *(phrase.term.rule_id for phrase in wordbook.phrases),
        *(rule.rule_id for rule in wordbook.exclusions),
        *(rule.rule_id for rule in shipped_disclosures()),
    ]

    assert len(numbers) == len(set(numbers))


def test_products_of_disclosures_are_known() -> None:
    known = set(shipped_context().products)

    assert {kind for rule in shipped_disclosures() for kind in rule.products} <= known


@pytest.mark.parametrize(
    ("name", "old", "new", "read", "says"),
    [
        ("lexicon.csv", ",red,block,", ",red,forbid,", shipped_wordbook, "lexicon.csv, line 2"),
        ("lexicon.csv", "2015-09-01", "2015-13-01", shipped_wordbook, "lexicon.csv, line 2"),
        ("lexicon.csv", "A1-01,保本,", "A1-01,,", shipped_wordbook, "the term is empty"),
        ("lexicon.csv", ",all,", ",unicorns,", shipped_wordbook, "unknown scope 'unicorns'"),
        ("patterns.csv", "(测评|", "((测评|", shipped_wordbook, "patterns.csv, line 2"),
        ("exclusions.csv", "中低风险|", "(中低风险|", shipped_wordbook, "exclusions.csv, line 2"),
        ("cues.csv", "adjacent,", "sideways,", shipped_wordbook, "cues.csv, line 2"),
        ("disclosures.json", '"rule_id": "L-01",', "", shipped_disclosures, "entry 1: 'rule_id'"),
        ("disclosures.json", "[", "", shipped_disclosures, "disclosures.json"),
        ("context.json", '"products"', '"goods"', shipped_context, "context.json"),
    ],
)
def test_a_wrong_row_is_one_sentence_with_its_place(
    rulebook: Path, name: str, old: str, new: str, read: Callable[[Path], object], says: str
) -> None:
    path = rulebook / name
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")

    with pytest.raises(RulebookError) as refusal:
        read(rulebook)

    assert says in str(refusal.value)


def test_a_missing_file_is_one_sentence(rulebook: Path) -> None:
    (rulebook / "cues.csv").unlink()

    with pytest.raises(RulebookError, match=r"The rulebook cannot be read \(cues.csv\)"):
        shipped_wordbook(rulebook)


def test_a_deprecated_row_does_not_count(rulebook: Path) -> None:
    path = rulebook / "lexicon.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("2015-09-01,,active", "2015-09-01,,deprecated"), encoding="utf-8")

    terms = {term.text: term for term in shipped_wordbook(rulebook).terms}

    assert not terms["保本"].validity.is_in_force(TODAY)
    assert terms["内幕消息"].validity.is_in_force(TODAY)
