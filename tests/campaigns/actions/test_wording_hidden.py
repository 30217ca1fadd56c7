"""What a page hides neither splits a forbidden word nor denies one: its reader sees the rest."""

from datetime import date
from typing import Final

import pytest

from campaigns.actions.wording import Subject, read_template, read_text
from compliance.wording.amend import SHIPPED

ON: Final = date(2026, 11, 29)
PROMISE: Final = "A1-01"  # 保本
HIDING: Final = (
    "font-size:1px",
    "color:#fff",
    "opacity:.01",
    "position:absolute;left:-9999px",
    "width:0;overflow:hidden;display:inline-block",
    "max-height:0;overflow:hidden",
    "mso-hide:all",
    "clip-path:inset(100%)",
    "transform:scale(0)",
    "text-decoration:line-through",
)


def found(page: str, **parts: str) -> tuple[frozenset[str], frozenset[str]]:
    told = {"subject": "月报", "html": page, "text": "月报", **parts}
    return read_template(told, Subject("email", None), on=ON, lexicon=SHIPPED)


@pytest.mark.parametrize("style", HIDING)
def test_hidden_letters_do_not_split_a_word(style: str) -> None:
    forbidden, _ = found(f"<p>保<span style='{style}'>持资</span>本理财</p>")

    assert PROMISE in forbidden


@pytest.mark.parametrize(
    "page",
    [
        *(f"<p>本产品<span style='{style}'>不</span>保本</p>" for style in HIDING),
        "<p>本产品<del>不</del>保本</p>",
        "<p>本产品<s>不</s>保本</p>",
        "<p>本产品<strike>不</strike>保本</p>",
        "<p><img alt='本产品不'>保本</p>",
        "<p><a href='https://x.example/' title='本产品不'>保本</a></p>",
    ],
)
def test_a_denial_that_nobody_sees_denies_nothing(page: str) -> None:
    forbidden, _ = found(page)

    assert PROMISE in forbidden


@pytest.mark.parametrize(
    "page",
    [
        "<p>本产品<b>不</b>保本</p>",
        "<p style='color:#666'>本产品不保本，<s>100元</s>起购</p>",
        "<p>原价<del>100元</del></p><p>本产品不保本</p>",
    ],
)
def test_a_denial_in_sight_is_one(page: str) -> None:
    forbidden, to_review = found(page)

    assert PROMISE not in forbidden | to_review


@pytest.mark.parametrize(
    "rule",
    [r"p::before{content:'\4fdd\672c'}", "p::before{content:'保' '本'}"],
)
def test_what_a_style_sheet_writes_is_read_as_it_is_shown(rule: str) -> None:
    forbidden, _ = found(f"<style>{rule}</style><p>理财</p>")

    assert PROMISE in forbidden


def test_a_subject_denies_nothing_in_the_body() -> None:
    forbidden, to_review = found("<p>保本</p>", subject="本产品不", text="保本")

    assert PROMISE in forbidden | to_review


@pytest.mark.parametrize(
    "text", ["保<b>本</b>", "保<!-- x -->本", "&#20445;&#26412;", "不<s>是</s>不保本"]
)
def test_a_page_that_is_asked_about_is_read_as_one(text: str) -> None:
    forbidden, to_review = read_text(text, Subject("email", None), on=ON, lexicon=SHIPPED)

    assert PROMISE in forbidden | to_review
