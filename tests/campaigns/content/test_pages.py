"""What the page of an e-mail may hold: nothing that runs, sends or fetches from anywhere else."""

from contextlib import suppress
from time import perf_counter

import pytest

from campaigns.channels.base import Channel
from campaigns.content.links import prepare
from campaigns.content.mail import from_mjml, inlined
from campaigns.content.render import compile_parts, render
from campaigns.errors import TemplateError

HOSTS = ("example.com",)
MAIL = {"subject": "News", "from": "news@example.com", "text": "News"}


@pytest.mark.parametrize(
    "markup",
    [
        "<script>x()</script>",
        "<SCRIPT\n src=//evil.com>",
        '<iframe src="https://example.com/"></iframe>',
        '<object data="https://example.com/x"></object>',
        '<embed src="https://example.com/x">',
        '<applet code="x">',
        '<base href="https://example.com/">',
        '<link rel="stylesheet" href="https://example.com/x.css">',
        '<meta http-equiv="refresh" content="0;url=https://example.com/">',
        "<meta content='0;url=https://evil.com/>' http-equiv=refresh>",
        '<meta http-equiv="&#114;efresh" content="0;url=https://evil.com/">',
        '<meta http-equiv="{{ customer.name }}" content="0;url=https://evil.com/">',
        '<form action="https://example.com/"><input name="pin"></form>',
        '<form><button formaction="https://example.com/">x</button></form>',
        '<input type="submit" formaction="https://example.com/">',
        '<video src="https://example.com/x.mp4"></video>',
        '<audio src="https://example.com/x.mp3"></audio>',
        '<mj-font name="X" href="https://example.com/x.css" />',
        '<svg><image xlink:href="https://example.com/x.png"/></svg>',
        '<svg><use href="https://example.com/x.svg#a"/></svg>',
        '<math href="https://example.com/">x</math>',
        "<!--><iframe src=https://example.com/></iframe>-->",
        "<!-- <iframe src=https://example.com/></iframe> -->",
        "<title><iframe></title>",
        '<p title="<iframe src=x>">x</p>',
        '<a href="https://example.com/" ping="https://evil.com/">x</a>',
        '<img src="cid:x" onerror="x()">',
        "<body/onload=x()>",
        "<p srcdoc='x'>",
        "<style>@import 'https://example.com/x.css';</style>",
        "<style>@\\69mport 'https://example.com/x.css';</style>",
        "<style>p { background: image-set('https://example.com/x.png' 1x) }</style>",
        # Liquid that would put a tag together, or take it apart.
        "<if{{ '' }}rame src=https://example.com/>",
        "<{% if true %}iframe{% endif %} src=https://example.com/>",
        "< {%- if true -%} iframe src=https://example.com/>",
        "{{ '<' }}iframe src=https://example.com/>",
        "{{ '<if' | append: 'rame src=https://example.com/>' }}",
        "{% assign tag = '<iframe src=https://example.com/>' %}{{ tag }}",
        "{% raw %}{{ <iframe src=https://example.com/> }}{% endraw %}",
        "<a h{% if true %}ref='https://evil.com/'{% endif %}>x</a>",
        "<a {% if true %}h{% else %}z{% endif %}ref='https://evil.com/'>x</a>",
        "<a hr{{ '' }}ef = https://evil.com/>x</a>",
        "<a href{{ '=' }}https://evil.com/>x</a>",
        "<a {{ 'hr' }}ef='https://evil.com/'>x</a>",
        "<a {% if true %}href{% endif %}='https://evil.com/'>x</a>",
        "<a hr{% if false %} x='1'{% endif %}ef='https://evil.com/'>x</a>",
        "<a x='1' {% if false %}y='{% endif %} {{ 'href' }}=https://evil.com/ z='1'>x</a>",
        "<!-- <b title=' --> <a {{ 'href' }}=https://evil.com/ x='1'>x</a>",
        "<img alt='x'{{ ' sr' }}c='https://evil.com/x.png'>",
        "<p {{ customer.name }}>x</p>",
        "<p class={{ customer.name }}>x</p>",
        '<p style="background: u{% if true %}rl({% endif %}https://evil.com/x.png)">x</p>',
        "<p style=\"background: u{{ 'rl(' }}https://evil.com/x.png)\">x</p>",
        "<style>@im{{ 'port' }} 'https://evil.com/x.css';</style>",
        # A mail program, or the picture we add behind it, would close it.
        '<body background="https://example.com/x.png',
        "<a href='https://evil.com/x",
        "<style>p { background: url('https://example.com/x",
    ],
)
@pytest.mark.parametrize("part", ["html", "mjml"])
def test_what_no_mail_may_hold_is_refused_with_its_place(part: str, markup: str) -> None:
    with pytest.raises(TemplateError) as refused:
        prepare({part: f"<p>x</p>\n {markup}"}, {}, HOSTS)

    assert refused.value.path == part
    for language, place in (("en", "Line 2, column"), ("zh", "第 2 行第")):
        assert refused.value.said.in_language(language).startswith(place)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.com/x.png",
        "HTTPS://EVIL.COM/x.png",
        "http://example.com/x.png",
        "//evil.com/x.png",
        "/\\evil.com/x.png",
        "https:\\\\evil.com\\x.png",
        "https://example.com\\@evil.com/x.png",
        "https://example.com@evil.com/x.png",
        "https://example.com.evil.com/x.png",
        "https://example.com:x@evil.com/x.png",
        "https://evil.com#.example.com",
        "https://exаmple.com/x.png",  # a Cyrillic а
        "https://xn--exmple-4nf.com/x.png",
        "https://evil.com./x.png",
        "https://%65xample.com/x.png",
        "https://0x7f.1/x.png",
        "https://2130706433/x.png",
        "https://[::1]/x.png",
        "https&#58;//evil.com/x.png",
        "&#104;ttps://evil.com/x.png",
        "&#x2f;/evil.com/x.png",
        "java&#10;script:x()",
        "vbscript:x()",
        "data:text/html,x",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "ht&Tab;tps://evil.com/",
        "/x.png",
        "{{ customer.picture }}",
        "https://{{ customer.host }}/x.png",
        "https://example.com{{ customer.rest | url_encode }}",
        "https://example.com/{{ customer.name }}",
    ],
)
@pytest.mark.parametrize(
    "markup",
    [
        '<img src="{}">',
        "<IMG\tSRC={}>",
        "<img alt='x'src='{}'>",
        '<img src="cid:x" srcset="https://example.com/x.png 1x, {} 2x">',
        '<td background="{}">x</td>',
        '<input type="image" src="{}">',
        '<!--[if mso]><v:fill src="{}" /><![endif]-->',
        '<!--[if mso]><v:imagedata src="cid:x" o:href="{}" /><![endif]-->',
        '<picture><source srcset="{} 2x"></picture>',
        '<p style="background: url({})">x</p>',
        "<p style='background: URL( \"{}\" )'>x</p>",
        '<p style="background: url(&quot;{}&quot;)">x</p>',
        "<p style=\"background: &#117;rl('{}')\">x</p>",
        "<style>p {{ background: u\\72l({}) }}</style>",
        "<style>@font-face {{ src: url('{}') }}</style>",
    ],
)
def test_what_a_mail_program_fetches_comes_from_the_list_alone(markup: str, address: str) -> None:
    with pytest.raises(TemplateError):
        prepare({"html": markup.format(address)}, {}, HOSTS)


def test_so_do_the_pictures_of_mjml() -> None:
    for markup in (
        '<mj-section background-url="https://evil.com/x.png"></mj-section>',
        '<mj-image src="https://evil.com/x.png" />',
        '<mj-image src="https://example.com/x.png" srcset="https://evil.com/x.png 2x" />',
        '<mj-raw><img src="https://evil.com/x.png"></mj-raw>',
        "<mj-style>p { background: url(https://evil.com/x.png) }</mj-style>",
    ):
        with pytest.raises(TemplateError, match=r"evil\.com"):
            prepare({"mjml": f"<mjml><mj-body>{markup}</mj-body></mjml>"}, {}, HOSTS)


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="https://www.example.com/x.png" alt="x">',
        '<img src="https://example.com/{{ customer.city | url_encode }}.png" alt="x">',
        '<img src="cid:logo">',
        '<img src="data:image/png;base64,iVBORw0KGgo=">',
        '<img srcset="https://example.com/a.png 1x, https://example.com/b.png 2x, ">',
        '<td background="https://example.com/x.png" style="color:red">x</td>',
        "<p style=\"background: url('https://example.com/x.png') no-repeat\">x</p>",
        '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">',
        '<p {% if customer.vip %}class="vip"{% endif %} style="color:red">x</p>',
        '<p class="a{{ customer.tier }}b">{{ customer.name }}: once = 2</p>',
        '<a href="https://example.com/?a={{ customer.a | url_encode }}&b=x">x</a>',
        "{% if customer.age < 30 %}<b>x</b>{% endif %} 3 < {{ customer.age }}",
        "<!--[if mso]><xml><o:OfficeDocumentSettings></o:OfficeDocumentSettings></xml><![endif]-->",
        "<formula>x</formula> <inputs> information",
        "<!--[if gte mso 9]><style>v\\:* { behavior: url(#default#VML) }</style><![endif]-->",
        (
            '<picture><source media="(prefers-color-scheme: dark)"'
            ' srcset="https://example.com/d.png"><img src="https://example.com/l.png"></picture>'
        ),
        '<a href="mailto:desk@import.example.com">desk@import-bank.example</a>',
        '<a href="sms:10086">x</a>',
        (
            '<a {% if customer.vip %}class="a"{% else %}class="b"{% endif %}'
            ' href="https://example.com/">x</a>'
        ),
        '<td {% if customer.vip %}nowrap{% endif %} width="1" {%- if x %} height="1"{% endif %}>',
        '<td style="color:{% case x %}{% when 1 %}red{% else %}blue{% endcase %}">x</td>',
        "<a href=https://example.com/?a={{ customer.a | url_encode }}>x</a>",
        "<a href={{ unsubscribe_url }} title='{{ customer.name }} > x'>x</a>",
    ],
)
def test_text_pictures_and_links_of_the_list_may_stand(markup: str) -> None:
    prepare({"html": markup}, {}, HOSTS)


def test_what_mjml_is_made_into_may_be_sent() -> None:
    page = from_mjml(
        "<mjml><mj-head><mj-style>p{color:red}</mj-style></mj-head><mj-body>"
        '<mj-hero background-url="https://example.com/b.png"><mj-text>x</mj-text></mj-hero>'
        '<mj-section background-url="https://example.com/c.png"><mj-column>'
        '<mj-image src="https://example.com/i.png" srcset="https://example.com/i.png 2x" />'
        '<mj-button href="https://example.com/">x</mj-button>'
        '<mj-navbar hamburger="hamburger"><mj-navbar-link href="https://example.com/">x'
        "</mj-navbar-link></mj-navbar></mj-column></mj-section></mj-body></mjml>"
    )

    prepare({"html": inlined(page)}, {}, HOSTS)


@pytest.mark.parametrize(
    "source",
    [
        "{{ tag | remove: 'X' }}",
        "{{ tag | replace: 'X', '' }}",
        "{{ tag | split: 'X' | join: '' }}",
        "{% assign parts = tag | split: 'X' %}{% for each in parts %}{{ each }}{% endfor %}",
        "{{ tag | slice: 0, 4 }}",
        "{{ tag | strip_newlines }}",
    ],
)
def test_no_filter_makes_a_tag_of_what_was_none_when_it_was_approved(source: str) -> None:
    html = f"{{% capture tag %}}<ifXr\name title=x>{{% endcapture %}}{source}"
    done = render(compile_parts(Channel.EMAIL, {**MAIL, "html": html}), {})

    assert "<" not in done["html"]


@pytest.mark.parametrize(
    "piece",
    [
        "a{{}}",
        "<",
        "{{ '",
        " ",
        "url(",
        "&#x",
        "\\",
        'src="',
        " =",
        "a=",
        "srcset=x,",
        "@",
        "<a ",
        "-",
        "<a x='{{a}}' ",
        "{% if %}x",
        "{{'a'}}",
    ],
)
def test_a_long_page_costs_no_time(piece: str) -> None:
    start = perf_counter()
    with suppress(TemplateError):
        prepare({"html": piece * (100_000 // len(piece))}, {}, HOSTS)

    assert perf_counter() - start < 1


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.com/x",
        "<p>http<b>s://evil.com</b>/x</p>",
        "www.evil.com",
        "evil.com/x",
        "evil.com",
        "http://example.com/",
        "https://{{ customer.host }}/",
        "{{ customer.none | default: 'https:' }}//evil.com",
        '<a href="https://example.com/">https://evil.com/</a>',
    ],
)
def test_addresses_in_the_text_of_a_page_lead_to_the_list_alone(text: str) -> None:
    with pytest.raises(TemplateError):
        prepare({"html": f"<p>{text}</p>"}, {}, HOSTS)


@pytest.mark.parametrize(
    "text",
    [
        "https://www.example.com/x?a=1",
        "example.com, www.example.com。desk@import-bank.example, a.info@b.cn",
        "https://example.com/?c={{ customer.city | url_encode }}",
        '<html xmlns="http://www.w3.org/1999/xhtml"><style>p { color: red }</style>',
        "{{ customer.name }}.example.com/ 3.5%/year Mr.Li",
    ],
)
def test_others_may_stand_there(text: str) -> None:
    prepare({"html": f"<p>{text}</p>"}, {}, HOSTS)
