"""What surely stands before a reader's eyes; what is hidden there has not been said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.wording.colours import contrast, read_colour
from compliance.wording.shown import _shown_text, shown_text

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@pytest.mark.parametrize(
    "html",
    [
        '<p style="display:none">基金有风险</p>',
        '<p style="DISPLAY : NONE !important">基金有风险</p>',
        '<p style="display:no/**/ne;display:/*x*/none">基金有风险</p>',
        '<p style="d\\69splay:none">基金有风险</p>',
        '<p style="display:none !important;display:block">基金有风险</p>',
        '<p style="visibility:hidden">基金有风险</p>',
        '<p style="visibility:collapse">基金有风险</p>',
        '<p style="opacity:0">基金有风险</p>',
        '<p style="opacity:.01">基金有风险</p>',
        '<p style="opacity:3%">基金有风险</p>',
        '<p style="font-size:0">基金有风险</p>',
        '<p style="font-size:1px">基金有风险</p>',
        '<p style="font-size:0.1em">基金有风险</p>',
        '<p style="font:0/0 a">基金有风险</p>',
        '<p style="font:italic 2px/12px serif">基金有风险</p>',
        '<p style="color:#fff">基金有风险</p>',
        '<p style="color:white">基金有风险</p>',
        '<p style="color:#fefefe">基金有风险</p>',
        '<p style="color:rgb(255, 255, 255)">基金有风险</p>',
        '<p style="color:rgb(100% 100% 100%)">基金有风险</p>',
        '<p style="color:hsl(0,0%,100%)">基金有风险</p>',
        '<p style="color:rgba(0,0,0,0)">基金有风险</p>',
        '<p style="color:rgba(0,0,0,.08)">基金有风险</p>',
        '<p style="color:#00000000">基金有风险</p>',
        '<p style="color:transparent">基金有风险</p>',
        '<p style="-webkit-text-fill-color:transparent">基金有风险</p>',
        '<font color="#FFFFFF">基金有风险</font>',
        "<font color=white>基金有风险</font>",
        '<div style="background:#000"><p style="color:black">基金有风险</p></div>',
        '<table bgcolor="#000000"><tr><td style="color:#010101">基金有风险</td></tr></table>',
        '<td style="color:#fff;background:#c00"><div style="background:#fff">基金有风险</div></td>',
        "<p hidden>基金有风险</p>",
        '<p hidden="until-found">基金有风险</p>',
        "<!-- 基金有风险 -->",
        "<!--[if mso]>基金有风险<![endif]-->",
        '<img alt="基金有风险">',
        '<a title="基金有风险" href="https://x">了解</a>',
        '<p aria-label="基金有风险">了解</p>',
        '<style>p::before{content:"基金有风险"}</style>',
        "<title>基金有风险</title>",
        "<script>基金有风险</script>",
        "<template>基金有风险</template>",
        "<noscript>基金有风险</noscript>",
        "<textarea>基金有风险</textarea>",
        "<select><option>基金有风险</option></select>",
        "<details><summary>了解</summary>基金有风险</details>",
        "<dialog>基金有风险</dialog>",
        "<svg><text>基金有风险</text></svg>",
        '<input type="text" value="基金有风险">',
        '<div style="height:0;overflow:hidden">基金有风险</div>',
        '<div style="max-height:0px;overflow:hidden">基金有风险</div>',
        '<div style="width:1px;height:1px;overflow:hidden">基金有风险</div>',
        '<p style="text-indent:-9999px">基金有风险</p>',
        '<p style="position:absolute;left:-9999px">基金有风险</p>',
        '<p style="position:absolute;clip:rect(0,0,0,0)">基金有风险</p>',
        '<p style="clip-path:inset(100%)">基金有风险</p>',
        '<p style="transform:scale(0)">基金有风险</p>',
        '<p style="mso-hide:all">基金有风险</p>',
        '<div style="display:none"><div style="display:block">基金有风险</div></div>',
        '<div style="opacity:0"><b style="opacity:1">基金有风险</b></div>',
        '<div style="display:none"></span>基金有风险</div>',
        '<div style="display:none"/>基金有风险',
        '<p style="display:none" style="">基金有风险',
        "<table width=0><tr><td>基金有风险</td></tr></table>",
        '<tr height="0"><td>基金有风险</td></tr>',
        '<div style="overflow-y:hidden;height:0">基金有风险</div>',
        '<div style="overflow:auto;max-height:0">基金有风险</div>',
        '<div style="position:absolute;left:9999px">基金有风险</div>',
        '<div style="margin:0 0 0 -9999px">基金有风险</div>',
        '<div style="position:fixed;inset:0 0 0 -9999px">基金有风险</div>',
        '<p style="text-indent:9999px">基金有风险</p>',
        '<div style="padding-left:5000px">基金有风险</div>',
        '<div style="transform:translate(-9999px, 0)">基金有风险</div>',
        '<div style="transform:scale(.01)">基金有风险</div>',
        '<div style="transform:matrix(0,0,0,0,0,0)">基金有风险</div>',
        '<div style="transform:rotateX(90deg)">基金有风险</div>',
        '<div style="scale:0">基金有风险</div>',
        '<div style="translate:-9999px">基金有风险</div>',
        '<div style="zoom:1%">基金有风险</div>',
        '<div style="filter:opacity(0)">基金有风险</div>',
        '<div style="filter:alpha(opacity=0)">基金有风险</div>',
        '<div style="filter:blur(9px)">基金有风险</div>',
        '<div style="clip-path:polygon(0 0,0 0,0 0)">基金有风险</div>',
        '<div style="mask:linear-gradient(transparent,transparent)">基金有风险</div>',
        '<div style="position:absolute;z-index:-1">基金有风险</div>',
        '<p style="letter-spacing:-50px">基金有风险</p>',
        '<p style="font-size:calc(1px*0)">基金有风险</p>',
        '<p style="font-size:clamp(0px,1vw,3px)">基金有风险</p>',
        '<p style="color:var(--x,#fff)">基金有风险</p>',
        '<p style="-webkit-text-security:disc">基金有风险</p>',
        '<style>@media screen{.u{display:none}}</style><p class="a u">基金有风险</p>',
        "<style>@media all and (min-width:1px){p{font-size:0}}</style><p>基金有风险</p>",
        "<style>@supports (color:red){#w a, #w{opacity:0}}</style><p id=w>基金有风险</p>",
        '<style>@media screen{[class~="u"]{visibility:hidden}}</style><p class=u>基金有风险</p>',
        "<style>@media screen{.u{display:none}</style><p class=u>基金有风险</p>",
    ],
)
def test_a_hidden_statement_is_not_said(html: str) -> None:
    assert "基金有风险" not in shown_text(html)


@pytest.mark.parametrize(
    "html",
    [
        "<p>基金有<b>风险</b></p>",
        "<p>&#22522;&#37329;有风险</p>",
        '<p style="display:block">基金有风险</p>',
        '<p style="display:none;display:block">基金有风险</p>',
        '<p style="font-size:10px;color:#999">基金有风险</p>',
        '<p style="color:#ccc">基金有风险</p>',
        '<td bgcolor="#c00000" style="color:#fff">基金有风险</td>',
        '<td style="background:#c00 url(x.png);color:#fff">基金有风险</td>',
        '<td style="background:url(x.png);color:#fff">基金有风险</td>',
        '<td background="x.png" style="color:#fff">基金有风险</td>',
        '<td style="background-image:linear-gradient(#000,#333);color:#fff">基金有风险</td>',
        # As a builder of e-mails writes it: the cell has no size, the text in it has.
        '<td style="font-size:0px"><div style="font-size:13px;line-height:1">基金有风险</div></td>',
        '<div style="visibility:hidden"><b style="visibility:visible">基金有风险</b></div>',
        '<div style="color:#fff"><b style="color:#000">基金有风险</b></div>',
        "<p style='display:none'>预览<p>基金有风险",
        '<div style="display:none">预览</div>基金有风险',
        "<details open>基金有风险</details>",
        '<div style="overflow:hidden;height:200px">基金有风险</div>',
        '<p style="transform:scale(0.9);margin-left:-4px">基金有风险</p>',
        '<body style="background-color:#f4f4f4;color:#222"><p>基金有风险</p></body>',
        '<p style="color:var(--ink);font-size:larger">基金有风险</p>',
        '<p style=";;:;color">基金有风险</p>',
        '<img alt="图" width="1">基金有风险',
        '<table width="600" height=100%><tr><td width="1">基金有风险</td></tr></table>',
        (
            '<div style="margin:0 auto;padding:24px 0;overflow:hidden;max-width:600px">基金有风险'
            "</div>"
        ),
        (
            '<div style="position:relative;z-index:1;left:20px;transform:translate(-50%,0)'
            ' scale(1.1)">基金有风险</div>'
        ),
        ('<div style="filter:opacity(.9);mask:none;zoom:1;letter-spacing:-.5px">基金有风险</div>'),
        '<p style="font-size:calc(12px + 0.2vw)">基金有风险</p>',
        '<p style="font-size:clamp(14px,2vw,18px);color:var(--ink,#333)">基金有风险</p>',
        "<style>@media print{.u{display:none}}</style><p class=u>基金有风险</p>",
        (
            "<style>@media only screen and (max-width:480px){.u{display:none}}"
            "</style><p class=u>基金有风险</p>"
        ),
        "<style>@media (prefers-color-scheme:dark){p{color:#fff}}</style><p>基金有风险</p>",
        (
            '<style>@media screen{*[class="gmail-fix"]{display:none!important} u + .body'
            " .gm{display:none}}</style><p class=u>基金有风险</p>"
        ),
        (
            "<style>@media only screen and"
            " (min-width:480px){.mj-column-per-100{width:100%!important}}</style><p>基金有风险</p>"
        ),
    ],
)
def test_a_statement_that_stands_there_is_said(html: str) -> None:
    assert "基金有风险" in shown_text(html)


@given(st.text(alphabet="<>/=\"'!-&#;:abdp1保%(). ", max_size=80))
def test_no_markup_is_an_error(html: str) -> None:
    assert isinstance(shown_text(html), str)


@given(st.text(alphabet="colr:#f0;rgba(%.,)!importan/*-\\9ex fonsizedplay", max_size=60))
def test_no_style_is_an_error(style: str) -> None:
    assert isinstance(shown_text(f'<p style="{style}">保本</p>'), str)


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("#fff", WHITE),
        ("ffffff", WHITE),
        ("#ffff", WHITE),
        ("rgb(0 0 0 / 1)", BLACK),
        ("hsl(120, 100%, 50%)", (0, 255, 0)),
        ("rgb(300, -5, 0)", (255, 0, 0)),
        ("#000 none repeat", BLACK),
    ],
)
def test_a_colour_is_read_however_it_is_written(text: str, rgb: tuple[int, int, int]) -> None:
    found = read_colour(text)

    assert found is not None
    assert found.rgb == rgb


@pytest.mark.parametrize("text", ["", "inherit", "none", "rgb()", "url(x)", "#12"])
def test_what_names_no_colour_is_none(text: str) -> None:
    assert read_colour(text) is None


def test_contrast_is_that_of_wcag() -> None:
    """Origin: WCAG 2.2's own extremes, and #767676, the palest grey that passes on white."""
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast(WHITE, WHITE) == 1
    assert contrast((0x76, 0x76, 0x76), WHITE) == pytest.approx(4.54, abs=0.01)


SCRAPS = (
    *("<p>", "</p>", "<b style='display:none'>", "</b>", "<style>.a{display:none}", "</style>"),
    *(
        "<!--",
        "-->",
        "<![endif]>",
        "文",
        "a<b",
        "&amp;",
        "&#20445",
        "<s>",
        "</s>",
        "<br>",
        ">",
        "<",
    ),
    *("<a href=x>", "</a>", "<title>", "</title>", "<div class=a>", "</div>", "<script>", "{", "}"),
    *("</script>", "<textarea>", "</textarea>", "<p title='>'>", "\n", "\ue0021\ue003"),
)


@given(st.lists(st.sampled_from(SCRAPS), max_size=14).map("".join))
def test_what_pages_share_is_read_once_and_reads_the_same(html: str) -> None:
    assert shown_text(html) == _shown_text(html)
