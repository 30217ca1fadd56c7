"""Snippets in their places: trimmed, by form and language, never inside themselves."""

import time

import pytest

from campaigns.content.snippets import Library, Snippet, blanked, resolve
from campaigns.errors import TemplateError


def library(
    waiting: frozenset[str] = frozenset(), **texts: str | dict[str, dict[str, str]]
) -> Library:
    ready = {
        key.replace("_", "-"): Snippet(
            key=key.replace("_", "-"),
            version_id=number,
            forms=told if isinstance(told, dict) else {"": {"text": told}},
        )
        for number, (key, told) in enumerate(texts.items(), start=1)
    }
    return Library(ready=ready, waiting=waiting)


SHELF = library(risk="Funds may lose value.", foot='{% snippet "risk" %} Bye.')


def text(source: str, shelf: Library = SHELF, **asked: str) -> str:
    return resolve({"text": source}, shelf, **asked).parts["text"]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('Hi. {% snippet "risk" %} Bye.', "Hi. Funds may lose value. Bye."),
        ("{%snippet 'risk'%}", "Funds may lose value."),
        ('Hi. \n{%- snippet "risk" -%}\n Bye.', "Hi.Funds may lose value.Bye."),
        ('{% snippet "foot" %}', "Funds may lose value. Bye."),
        ('{% raw %}{% snippet "risk" %}{% endraw %}', '{% raw %}{% snippet "risk" %}{% endraw %}'),
        ('{% comment %}{% snippet "none" %}{% endcomment %}!', None),
        ("{% if a %}{{ snippet }}{% endif %}", None),
    ],
)
def test_a_snippet_stands_where_it_is_named(source: str, told: str | None) -> None:
    assert text(source) == (source if told is None else told)


def test_the_versions_that_were_used_are_told_with_those_inside() -> None:
    assert resolve({"text": '{% snippet "foot" %}'}, SHELF).used == {1, 2}


def test_html_and_mjml_get_their_own_forms() -> None:
    told = {"": {"text": "Risk", "html": "<b>Risk</b>"}}
    named = '{% snippet "risk" %}'

    parts = {"text": named, "html": named, "mjml": named, "subject": named}
    done = resolve(parts, library(risk=told)).parts

    assert done == {
        "text": "Risk",
        "html": "<b>Risk</b>",
        "mjml": "<b>Risk</b>",
        "subject": "Risk",
    }


@pytest.mark.parametrize(("locale", "said"), [("zh-hant", "风险"), ("fr", "Risk"), ("", "Risk")])
def test_each_language_gets_its_own_text(locale: str, said: str) -> None:
    shelf = library(risk={"": {"text": "Risk", "html": "Page"}, "zh": {"text": "风险"}})

    assert text('{% snippet "risk" %}', shelf, locale=locale) == said


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ('Hi\n {% snippet "risc" %}', "unknown_snippet", "Line 2, column 2: "),
        ('{% snippet "risc" %}', "unknown_snippet", "did you mean risk?"),
        ('{% snippet "new" %}', "snippet_waits", "approved"),
        ("{% snippet risk %}", "parse_error", "in quotes"),
        ('{% snippet "risk" "more" %}', "parse_error", "in quotes"),
        ('x{% snippet "loop" %}', "snippet_cycle", "column 2: A snippet stands inside itself"),
        ('{% snippet "loop" %}', "snippet_cycle", "loop → back → loop"),
    ],
)
def test_what_cannot_be_put_there_is_told_with_its_place(source: str, code: str, said: str) -> None:
    shelf = library(
        frozenset({"new"}),
        risk="Risk",
        loop='{% snippet "back" %}',
        back='\n\n{% snippet "loop" %}',
    )

    with pytest.raises(TemplateError) as refused:
        text(source, shelf)

    assert refused.value.code == code
    assert said in str(refused.value)
    assert refused.value.path == "text"


def test_a_form_that_is_not_written_is_told() -> None:
    with pytest.raises(TemplateError, match="says nothing as HTML"):
        resolve({"html": '{% snippet "risk" %}'}, SHELF)


def test_a_snippet_being_written_may_not_stand_inside_itself() -> None:
    with pytest.raises(TemplateError, match="inside itself: risk → foot → risk"):
        text('{% snippet "foot" %}', inside="risk")


def test_what_grows_without_end_is_refused_at_once() -> None:
    texts = {f"s{n}": f'{{% snippet "s{n + 1}" %}}' * 100 for n in range(20)}
    shelf = library(**texts, s20="x")
    started = time.process_time()

    with pytest.raises(TemplateError) as refused:
        text('{% snippet "s0" %}', shelf)

    assert refused.value.code == "too_long"
    assert time.process_time() - started < 1


def test_openings_without_an_end_take_no_time() -> None:
    started = time.process_time()

    text("{% raw %}" * 10_000 + "snippet")

    assert time.process_time() - started < 1


def test_what_stands_behind_a_blanked_snippet_keeps_its_place() -> None:
    source = 'a {% snippet "risk" %} b'

    assert blanked(source).index("b") == source.index(" b") + 1
