"""What pure rooms say to people, in the console's languages.

A pure room knows no framework and no catalogue of translations, so what it says is a value: a
`Sentence` stands beside the code that says it and cannot be made without both languages. An error
or a finding carries it with its details (`Said`); whoever stands before a person chooses the
language (`compliance.reader`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """Something that can be said: its stable code, and its wording with ``{details}`` by name."""

    code: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence with its details; ``suggestion`` is a name that was perhaps meant."""

    sentence: Sentence
    details: Mapping[str, "Detail"] = field(default_factory=dict)
    suggestion: str = ""

    @property
    def code(self) -> str:
        """The sentence's code."""
        return self.sentence.code

    def __str__(self) -> str:
        return self.in_language("en")

    def in_language(self, language: Language) -> str:
        """The sentence in `language`, with its details filled in."""
        wording = self.sentence.en if language == "en" else self.sentence.zh
        text = wording.format(
            **{name: _detail(detail, language) for name, detail in self.details.items()}
        )
        if not self.suggestion:
            return text
        return _suggested(text, self.suggestion, language)


# Nouns and inner reasons are sentences, too: they are said in the reader's language.
Detail: TypeAlias = str | int | float | Sentence | Said


class Spoken(Exception):
    """An error whose message can be read in each language; as `str` it is English."""

    def __init__(
        self, sentence: Sentence, path: str = "", /, *, suggestion: str = "", **details: Detail
    ) -> None:
        self.said = Said(sentence=sentence, details=details, suggestion=suggestion)
        self.code, self.message, self.path = sentence.code, str(self.said), path
        Exception.__init__(self, self.message)

    def in_language(self, language: Language) -> str:
        """The message in `language`."""
        return self.said.in_language(language)


def _detail(detail: Detail, language: Language) -> str | int | float:
    match detail:
        case Sentence():
            return Said(sentence=detail).in_language(language)
        case Said():
            return detail.in_language(language)
        case _:
            return detail


def _suggested(text: str, suggestion: str, language: Language) -> str:
    """The question goes before the full stop, where there is one."""
    stop = "." if language == "en" else "。"
    question = f"; did you mean {suggestion}?" if language == "en" else f"；是否想用 {suggestion}？"
    return text.removesuffix(stop) + question
