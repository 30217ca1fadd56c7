"""An e-mail as it is sent: MJML compiled, styles inlined, plain text made, Liquid untouched."""

import time
from collections.abc import Iterator

import pytest

from campaigns.channels.base import Channel
from campaigns.content.confined import Engine
from campaigns.content.mail import Unbuildable, built, from_mjml, inlined, text_of
from campaigns.content.render import build_parts, compile_parts, render
from campaigns.errors import TemplateError

MJML = """<mjml><mj-head>
<mj-style>.a p{color:red} @media (max-width:600px){p{color:blue}}</mj-style></mj-head>
<mj-body><mj-section><mj-column>
<mj-text css-class="a"><p>Dear {{ customer.name }}{% if customer.age > 3 %}!{% endif %}</p>
</mj-text>
<mj-button href="https://a.example/x?a=1&amp;b=2">Look</mj-button>
<mj-raw>{% for i in (1..2) %}</mj-raw><mj-text>{{ i }}</mj-text><mj-raw>{% endfor %}</mj-raw>
</mj-column></mj-section></mj-body></mjml>"""
HEAD = {"from": "a@example.com", "subject": "s"}


def test_mjml_becomes_html_with_styles_inlined_and_a_text_part() -> None:
    sent = build_parts(Channel.EMAIL, {**HEAD, "mjml": MJML})

    done = render(compile_parts(Channel.EMAIL, sent), {"customer": {"name": "<Li>", "age": 9}})

    assert set(sent) == {"from", "subject", "html", "text"}
    assert "color: red" in sent["html"]
    assert "@media (max-width:600px)" in sent["html"]
    assert "Dear &lt;Li&gt;!" in done["html"]
    assert done["text"].startswith("Dear <Li>!\n")
    assert "Look ( https://a.example/x?a=1&b=2 )" in done["text"]
    assert [line for line in done["text"].splitlines() if line in {"1", "2"}] == ["1", "2"]


def test_nothing_in_the_html_is_fetched_from_a_third_party() -> None:
    assert "googleapis" not in from_mjml(MJML)


@pytest.mark.parametrize(
    ("mjml", "code"),
    [
        ("<mjml><mj-body><mj-bogus/></mj-body></mjml>", "unknown_mjml"),
        ("<mjml><mj-body><mj-include path='/etc/passwd'/></mj-body></mjml>", "unknown_mjml"),
        ("<mjml><mj-body>", "bad_mjml"),
        ("<p>no MJML</p>", "bad_mjml"),
    ],
)
def test_mjml_that_is_none_is_refused(mjml: str, code: str) -> None:
    with pytest.raises(TemplateError) as refused:
        build_parts(Channel.EMAIL, {**HEAD, "mjml": mjml})

    assert (refused.value.code, refused.value.path) == (code, "mjml")
    assert refused.value.in_language("zh") != str(refused.value)


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


@pytest.mark.parametrize(
    "parts",
    [
        {"mjml": "<mjml><mj-body>" + "<mj-section>" * 8000},
        {"mjml": "<mjml><mj-body><mj-text>" + "<div>" * 19_000},
        {"html": "<style>p{color:red}</style>" + "<div>" * 19_000},
    ],
)
def test_markup_nested_beyond_reason_harms_nobody(engine: Engine, parts: dict[str, str]) -> None:
    engine.build(parts)

    assert engine.render({"t": {"source": "{{ v | upcase }}", "html": False}}, [{"v": "a"}]) == [
        {"done": {"t": "A"}}
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<table>{% for i in x %}<tr><td>{{ i }}</td></tr>{% endfor %}</table>",
        '<a class="{% if a > 3 %}b{% endif %}" href="{{ unsubscribe_url }}">x</a>',
        "<!--[if mso]><p>{{ a }}</p><![endif]-->",
        "<table>{% if a < 3 %}<tr><td>&lt;</td></tr>{% endif %}</table>",
    ],
)
def test_liquid_stays_where_it_was_when_styles_are_inlined(html: str) -> None:
    assert html in inlined(f"<style>p{{color:red}}</style>{html}")


@pytest.mark.parametrize(
    "said",
    ["liquid-0-liquid", "liquid-7-liquid", "liquid&#45;0-liquid", "<!--liquid-0-->", "l0123abc-0-"],
)
def test_no_word_of_the_author_passes_for_a_place_of_liquid(said: str) -> None:
    html = f"<p>{{{{ customer.name }}}}</p><p>{said}</p>"

    done = inlined(f"<style>p{{color:red}}</style>{html}")

    assert done.count("{{ customer.name }}") == 1
    assert said.replace("&#45;", "-") in done


def test_html_without_styles_is_left_alone() -> None:
    html = "<P>Hi <b>there"

    assert built({**HEAD, "html": html})["html"] == html


def test_a_text_part_that_was_written_is_kept() -> None:
    assert built({**HEAD, "html": "<p>x</p>", "text": "mine"})["text"] == "mine"


def test_plain_text_is_what_a_reader_would_see() -> None:
    html = (
        "<head><title>no</title><style>p{}</style></head><h1>Head&amp;line</h1><p>One\n  two<br>"
        "three</p><ul><li>a<li>b</ul><script>no()</script><img src=x alt='picture'>"
        "<a href='mailto:x@y.example'>write</a> <a href='https://a.example'>https://a.example</a>"
    )

    assert text_of(html) == (
        "Head&line\n\nOne two\nthree\n\n- a\n- b\npicturewrite https://a.example\n"
    )


def test_an_unknown_tag_is_named() -> None:
    with pytest.raises(Unbuildable, match="mj-bogus"):
        from_mjml("<mjml><mj-bogus/></mjml>")


@pytest.mark.parametrize("html", ["<![foo[ x ]]>", "<![>", "<p title='" * 9_000, "<!--a>" * 9_000])
def test_a_text_is_made_of_pages_that_browsers_forgive(html: str) -> None:
    started = time.perf_counter()

    sent = build_parts(Channel.EMAIL, {**HEAD, "html": f"<p>Hello</p>{html}"})

    assert sent["text"].startswith("Hello")
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            '<img alt="{{ customer.name | default: "you" }}"><a href="{{ unsubscribe_url }}">x</a>',
            '{{ customer.name | default: "you" }}x ( {{ unsubscribe_url }} )\n',
        ),
        (
            "<a href=https://a.example/?b={{ customer.b | url_encode }}>x</a>",
            "x ( https://a.example/?b={{ customer.b | url_encode }} )\n",
        ),
        ("<a href='{{ x }}'>{{ x }}</a>", "{{ x }}\n"),
        ("{% if a < b %}<p>x</p>{% endif %}", "{% if a < b %}\nx\n{% endif %}\n"),
        ('<a href="sms:10086">x</a>', "x\n"),
    ],
)
def test_liquid_stays_whole_in_the_text_that_is_made_of_a_page(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<table><tr><td>Fund A</td><td>1.05</td></tr><tr><th>B<th>2</table>",
            "Fund A 1.05\n\nB 2\n",
        ),
        ("<table><tr><td>12<td>34</table>", "12 34\n"),
        (
            "<tr>{% for i in x %}<td>{{ i }}</td>{% endfor %}</tr>",
            "{% for i in x %} {{ i }}{% endfor %}\n",
        ),
        ("<dl><dt>NAV</dt><dd>1.05</dd></dl>", "NAV\n\n1.05\n"),
        ("<h5>One</h5><h6>Two</h6>", "One\n\nTwo\n"),
        ("<section>a</section><footer>b</footer>", "a\n\nb\n"),
        ("a<blockquote>b</blockquote>c", "a\nb\nc\n"),
    ],
)
def test_what_stands_apart_on_the_page_is_not_run_together_in_the_text(
    html: str, text: str
) -> None:
    assert text_of(html) == text
