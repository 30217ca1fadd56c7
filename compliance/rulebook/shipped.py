"""Read the shipped rules; a row that is wrong is one clear error, with its place."""

import csv
import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

from compliance.disclosure import Disclosure
from compliance.errors import RulebookError
from compliance.rulebook.rule import Rule, read_rules
from compliance.wording.lexicon import (
    Breadth,
    Cue,
    CueKind,
    Exclusion,
    Phrase,
    Severity,
    Status,
    Term,
    Validity,
    Wordbook,
)
from compliance.wording.verdict import Verdict

FOLDER: Final = Path(__file__).resolve().parent
_VERDICTS: Final = {
    "block": Verdict.BLOCK,
    "review": Verdict.REVIEW,
    "evidence": Verdict.REVIEW,  # whether the evidence suffices is for a person to say
    "advice": Verdict.NOTICE,
}
_WORDING_FILES: Final = (
    *("lexicon.csv", "patterns.csv", "exclusions.csv", "cues.csv", "spellings.csv"),
    *("readings.tsv", "homophones.csv", "disclosures.json", "context.json"),
)
_Rule = TypeVar("_Rule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """``is_online``: the rules of online marketing hold; ``is_short``: short forms may do."""

    is_online: bool
    is_short: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a text may be about and where it may stand.

    ``products``: each kind with itself and the kinds it belongs to. ``mentions``: what speaks of
    some product, as a regular expression over folded text.
    """

    products: Mapping[str, frozenset[str]]
    media: Mapping[str, Medium]
    mentions: str


@functools.cache
def shipped_wordbook(folder: Path = FOLDER) -> Wordbook:
    """All that the scanner works by.

    Raises
    ------
    RulebookError : a file is missing or a row is wrong; the message names file and line.
    """
    kinds = frozenset(shipped_context(folder).products)
    readings = _rows(folder / "readings.tsv", _reading, fields=("syllable", "characters"))
    return Wordbook(
        terms=_rows(folder / "lexicon.csv", lambda row: _term(row, kinds)),
        phrases=_rows(folder / "patterns.csv", _phrase),
        exclusions=_rows(folder / "exclusions.csv", _exclusion),
        cues=_rows(folder / "cues.csv", _cue),
        spellings=dict(_rows(folder / "spellings.csv", lambda row: (row["written"], row["meant"]))),
        readings={character: syllable for syllable, those in readings for character in those},
        homophones=frozenset(_rows(folder / "homophones.csv", lambda row: row["word"])),
    )


@functools.cache
def shipped_wording_digest(folder: Path = FOLDER) -> str:
    """SHA-256, hex, of the files that texts are judged by. Raises `RulebookError`."""
    digest = hashlib.sha256()
    for name in _WORDING_FILES:
        digest.update(f"{name}\n{_text(folder / name)}\n".encode())
    return digest.hexdigest()


@functools.cache
def shipped_disclosures(folder: Path = FOLDER) -> tuple[Disclosure, ...]:
    """The statements that advertisements must carry. Raises `RulebookError`."""
    path = folder / "disclosures.json"
    entries = _judged(path, "document", lambda: list(_document(path)))
    return tuple(
        _judged(path, f"entry {number}", functools.partial(_disclosure, entry))
        for number, entry in enumerate(entries, 1)
    )


@functools.cache
def shipped_context(folder: Path = FOLDER) -> Context:
    """Product kinds and channels. Raises `RulebookError`."""
    path = folder / "context.json"
    told = _document(path)
    return _judged(
        path,
        "document",
        lambda: Context(
            products={kind: frozenset(kin) for kind, kin in told["products"].items()},
            media={
                channel: Medium(is_online=medium["online"], is_short=medium["short"])
                for channel, medium in told["channels"].items()
            },
            mentions=_regex("|".join(told["mentions"])),
        ),
    )


@functools.cache
def shipped_rules(name: str, folder: Path = FOLDER) -> tuple[Rule, ...]:
    """The rules of ``suitability.json`` or ``contact.json``. Raises `RulebookError`."""
    path = folder / f"{name}.json"
    try:
        return read_rules(_document(path))
    except RulebookError as error:
        raise RulebookError(f"{path.name}: {error}") from error


def shipped_document(name: str, folder: Path = FOLDER) -> list[dict[str, Any]]:
    """The same as it stands in the file: what a new version starts from."""
    told: list[dict[str, Any]] = _document(folder / f"{name}.json")
    return told


def _term(row: Mapping[str, str], kinds: frozenset[str]) -> Term:
    scope = row["scope"]
    is_general = scope in ("all", "audience=public", "media=online")
    products = frozenset() if is_general else frozenset(scope.split("|"))
    if not products <= kinds:
        raise ValueError(f"unknown scope {scope!r}")
    if not row["term"]:
        raise ValueError("the term is empty")
    relaxed = dict(pair.split("=") for pair in row["relaxed"].split("|") if pair)
    return Term(
        rule_id=row["rule_id"],
        text=row["term"],
        category=row["category"],
        severity=Severity(row["severity"]),
        verdict=_VERDICTS[row["verdict"]],
        basis=row["basis"],
        products=products,
        is_for_online=scope == "media=online",
        relaxed={kind: _VERDICTS[verdict] for kind, verdict in relaxed.items()},
        needs_product=row["needs_product"] == "yes",
        validity=_validity(row),
    )


def _phrase(row: Mapping[str, str]) -> Phrase:
    term = Term(
        rule_id=row["rule_id"],
        text=row["name"],
        category=row["category"],
        severity=Severity(row["severity"]),
        verdict=_VERDICTS[row["verdict"]],
        basis=row["basis"],
        products=frozenset(),
        is_for_online=False,
        relaxed={},
        needs_product=False,
        validity=_validity(row),
    )
    return Phrase(term=term, pattern=_regex(row["pattern"]))


def _exclusion(row: Mapping[str, str]) -> Exclusion:
    return Exclusion(
        rule_id=row["rule_id"],
        pattern=_regex(row["pattern"]),
        breadth=Breadth(row["breadth"]),
        validity=_validity(row),
    )


def _cue(row: Mapping[str, str]) -> Cue:
    return Cue(kind=CueKind(row["kind"]), pattern=_regex(row["pattern"]))


def _reading(row: Mapping[str, str]) -> tuple[str, str]:
    return row["syllable"], row["characters"]


def _disclosure(entry: Mapping[str, object]) -> Disclosure:
    requires, products = entry["requires"], entry["products"]
    if not isinstance(requires, list) or not isinstance(products, list):
        raise TypeError("products and requires are lists")
    return Disclosure(
        rule_id=str(entry["rule_id"]),
        name=str(entry["name"]),
        products=frozenset(products),
        mentions=_regex(str(entry["mentions"])),
        requires=tuple(_regex(str(pattern)) for pattern in requires),
        text=str(entry["text"]),
        verdict=Verdict(str(entry["verdict"])).value,
        severity=Severity(str(entry["severity"])).value,
        basis=str(entry["basis"]),
        is_short_form=bool(entry["is_short_form"]),
        is_active=entry["status"] == Status.ACTIVE,
        effective_from=_day(entry["effective_from"]),
        effective_to=_day(entry["effective_to"]),
    )


def _validity(row: Mapping[str, str]) -> Validity:
    return Validity(
        status=Status(row["status"]),
        effective_from=_day(row["effective_from"]),
        effective_to=_day(row["effective_to"]),
    )


def _day(text: object) -> date | None:
    return date.fromisoformat(str(text)) if text else None


def _regex(pattern: str) -> str:
    re.compile(pattern)
    return pattern


def _rows(
    path: Path, read: Callable[[Mapping[str, str]], _Rule], fields: tuple[str, ...] | None = None
) -> tuple[_Rule, ...]:
    """Every row of a CSV file (tab-separated without a header where ``fields`` name them)."""
    lines = _text(path).splitlines()
    rows = csv.DictReader(lines, fieldnames=fields, delimiter="\t" if fields else ",")

    def judged() -> Iterator[_Rule]:
        for row in rows:
            yield _judged(path, f"line {rows.line_num}", functools.partial(read, row))

    return tuple(judged())


def _judged(path: Path, place: str, read: Callable[[], _Rule]) -> _Rule:
    try:
        return read()
    except (KeyError, ValueError, TypeError, AttributeError, re.error) as error:
        raise RulebookError(f"{path.name}, {place}: {error}") from error


def _document(path: Path) -> Any:  # noqa: ANN401 - what JSON holds is judged where it is read
    try:
        return json.loads(_text(path))
    except ValueError as error:
        raise RulebookError(f"{path.name}: {error}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulebookError(f"The rulebook cannot be read ({path.name}): {error}") from error
