"""What a reader sees of a page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.wording.markup import visible_text


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>保<b>本</b></p>", "保本"),
        ("保<span style='x'></span>本", "保本"),
        ("保<!-- x -->本", "保本"),
        ("&#20445;&#26412;", "保本"),
        ('<img alt="稳赚" src="x.png">', "稳赚"),
        ('<a href="https://x" title="包赚">了解</a>', "包赚了解"),
        ("<style>.保本{}</style><script>保本</script>了解", "了解"),
        ("<!--[if mso]><p>保<b>本</b></p><![endif]-->", "保本"),
        ("<!--[if (gte mso 9)|(IE)]>保本", "<!--[if (gte mso 9)|(IE)]>保本"),
        ("保<!--[if mso | IE]>&nbsp;<![endif]-->本", "保本"),
        ("保<!--[if !mso]><!-->本<!--<![endif]-->", "保本"),
        ("<![if !mso]>保本<![endif]>", "保本"),
        ('<input type="submit" value="保本">', "保本"),
        ('<input type="hidden" value="A1">了解', "了解"),
        ('<style>p::before{content: "保本"} i{color:red}</style>', "保本"),
        ('<optgroup label="保本"></optgroup>', "保本"),
        ("<ruby>保<rp>(</rp><rt>甲</rt><rp>)</rp>本<rt>乙</rt></ruby>", "保本\n(甲)乙"),
        ("<ruby>了解<rt>保<b>本</b></ruby>", "了解\n保本"),
        ("<ruby>保<rt>x<rb>本</ruby>", "保本\nx"),
        ("<ruby>保<rt>x<p>本", "保\nx\n\n本"),
        ('<bdo dir="rtl">本<b>保</b></bdo>了', "\u202e本保\u202c了"),
        ("<p style='unicode-bidi:bidi-override'>本保</p>", "\u202e本保"),
        # As it is mostly written: a ruby for each character.
        ("<ruby>保<rt>甲</rt></ruby><ruby>本<rt>乙</ruby>了解", "保本了解\n甲乙"),
    ],
)
def test_inline_marks_do_not_part_a_word(html: str, seen: str) -> None:
    assert visible_text(html).strip() == seen


def test_blocks_stand_on_lines_of_their_own() -> None:
    assert visible_text("<td>医保</td><td>本月</td>").split() == ["医保", "本月"]


@given(st.text(alphabet="<>/=\"'!-&#;abp保本 ", max_size=80))
def test_no_markup_is_an_error(html: str) -> None:
    assert isinstance(visible_text(html), str)
