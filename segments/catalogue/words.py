"""What the shipped tags say of themselves, in both languages.

A version of a tag keeps one text each of owner, scene, purpose, definition and missing source.
What still stands there as the product shipped it, which is in English, is said to each reader in
his language; what somebody typed is said as he typed it.
"""

import csv
import functools
from collections.abc import Mapping
from typing import Final

from compliance.sentences import Language, Said, Sentence
from segments.catalogue.shipped import FILE, ShippedTag, shipped_tags

WORDS: Final = FILE.with_name("words.csv")


def said(*, tag: str, text: str) -> Sentence | str:
    """A text of the tag with this key; itself where the product did not ship it."""
    return _sentences().get(tag, {}).get(text, text)


def in_words(*, tag: str, text: str, language: Language) -> str:
    """As `said`, in one language."""
    told = said(tag=tag, text=text)
    return told if isinstance(told, str) else Said(sentence=told).in_language(language)


def as_shipped(*, tag: str, typed: str) -> str:
    """What to keep of a text that stood before a reader as `in_words` says it.

    The product's own is kept in English, whichever language it was read in.
    """
    ours = _sentences().get(tag, {}).values()
    return next((one.en for one in ours if typed in (one.en, one.zh)), typed)


@functools.cache
def _sentences() -> Mapping[str, Mapping[str, Sentence]]:
    """By the tag's key and the English text. Raises KeyError: a text has no translation."""
    with WORDS.open(encoding="utf-8", newline="") as file:
        chinese = {row["en"]: row["zh"] for row in csv.DictReader(file, strict=True)}
    return {
        tag.key: {
            text: Sentence(code=tag.key, en=text, zh=chinese[text]) for text in _texts(tag) if text
        }
        for tag in shipped_tags()
    }


def _texts(tag: ShippedTag) -> tuple[str, ...]:
    return (tag.namespace, tag.owner, tag.scene, tag.purpose, tag.definition, tag.missing)
