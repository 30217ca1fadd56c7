"""Addresses are checked and tagged byte for byte; tokens cannot be forged."""

import base64
import json
import string
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.content.links import checked, prepare, read, sign, tag
from campaigns.errors import TemplateError

KEY = b"a key of a test"
HOSTS = ("example.com", "s3.example", "xn--3jsy95k.example")
CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases/urls_utm.jsonl").read_text().splitlines()
]
ADDRESSES = [case for case in CASES if "url" in case["input"]]
UTM = {"utm_source": "crm", "utm_medium": "sms"}

ids = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
purposes = st.sampled_from(["click", "unsubscribe"])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://a.example/?a=1&amp;b=2", "https://a.example/?a=1&b=2"),
        ("https://a.example/?a=1&#38;b=2", "https://a.example/?a=1&b=2"),
        ("https://a.example/?a=1&#x26;b=2", "https://a.example/?a=1&b=2"),
        ("https://a.example/?a=1&#38b=2", "https://a.example/?a=1&b=2"),
        ("https://a.example/?a=1&AMP;b=2", "https://a.example/?a=1&b=2"),
        ("https://a.example/?a=1&amp;amp;b=2", "https://a.example/?a=1&amp;b=2"),
        ("https://a.example/?a=1&copy=2&lt=3", "https://a.example/?a=1&copy=2&lt=3"),
        ("https://a.example/?a=&quot;1&quot;", "https://a.example/?a=%221%22"),
        ("https://a.example/?a=&#39;1&#39;", "https://a.example/?a=%271%27"),
        ("https://a.example/?a=&#123;&#123; x }}", None),
        ("https://a.example/?a=&lt;1&gt;", "https://a.example/?a=%3C1%3E"),
        ("&#104;ttps&colon;&sol;&#x2f;a.example/x", "https://a.example/x"),
        ("https://a.example/&#20013;", "https://a.example/中"),
        ("https://a.example/a&#32;b", None),
        ("https://a.example/a&#10;b", None),
        ("https&#58;//evil.example/", None),
        ("https://a.example&#46;evil.example/", None),
        ("https://a.example&#64;evil.example/", None),
        ("java&#115;cript&colon;alert(1)", None),
    ],
)
def test_an_address_in_a_page_is_what_browsers_read_there(typed: str, meant: str | None) -> None:
    page = {"html": f'<a href="{typed}">x</a>'}
    if meant is None:
        with pytest.raises(TemplateError):
            prepare(page, {}, ("a.example",))
        return

    done = prepare(page, {}, ("a.example",))

    assert done.targets == (meant,)
    assert done.parts["html"] == '<a href="{{ link_0 }}">x</a>'


def test_a_value_in_an_address_with_references_stays_as_it_is() -> None:
    typed = "https://a.example/?a=&#34;1&#38;n={{ customer.name | url_encode }}"

    done = prepare({"html": f'<a href="{typed}">x</a>'}, {"utm_source": "crm"}, ())

    assert done.parts["html"] == (
        '<a href="https://a.example/?a=%221&amp;n='
        '{{ customer.name | url_encode }}&amp;utm_source=crm">x</a>'
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://fund.example.com:99999/",
        "https://fund.example.com:abc/",
        "https://-fund.example.com/",
        "https://fund-.example.com/",
        "https://fa\N{LATIN SMALL LETTER SHARP S}.example.com/",
    ],
)
def test_a_host_that_programs_read_differently_is_refused(url: str) -> None:
    with pytest.raises(TemplateError):
        checked(url, ())


@pytest.mark.parametrize("case", ADDRESSES, ids=[case["id"] for case in ADDRESSES])
def test_an_address_of_the_sample_gets_its_verdict(case: dict[str, Any]) -> None:
    url, utm = case["input"]["url"], case["input"]["utm"]
    wanted = case["expect"]["class"].split("|")

    try:
        done = tag(checked(url, HOSTS), utm)
    except TemplateError:
        assert {"reject", "reject_publish"} & set(wanted)
        return

    assert "ok" in wanted
    assert done == case["expect"].get("out", done)
    # The author's own bytes are kept: the address before its fragment is a prefix.
    assert done.startswith(url.partition("#")[0])


@pytest.mark.parametrize("name", ["utm_source", "UTM_Source", "utm%5Fsource", "%75tm_source"])
def test_the_authors_own_parameters_win(name: str) -> None:
    assert tag(f"https://a.example/?{name}=x", UTM) == (
        f"https://a.example/?{name}=x&utm_medium=sms"
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/?", "https://a.example/?utm_source=crm&utm_medium=sms"),
        ("https://a.example/?a=1&", "https://a.example/?a=1&utm_source=crm&utm_medium=sms"),
        ("https://a.example/#?x", "https://a.example/?utm_source=crm&utm_medium=sms#?x"),
        (
            "https://a.example/?utm_source=&utm_medium=",
            "https://a.example/?utm_source=&utm_medium=",
        ),
    ],
)
def test_tags_go_before_the_fragment_and_after_what_is_there(url: str, expected: str) -> None:
    assert tag(url, UTM) == expected


@given(st.text(alphabet=string.printable, max_size=40))
def test_tagging_twice_changes_nothing_more(query: str) -> None:
    once = tag(f"https://a.example/?{query}", UTM)

    assert tag(once, UTM) == once


@pytest.mark.parametrize(
    ("url", "hosts", "is_allowed"),
    [
        ("https://example.com/", ("example.com",), True),
        ("https://shop.example.com/", ("example.com",), True),
        ("https://EXAMPLE.com/", ("example.com",), True),
        ("https://badexample.com/", ("example.com",), False),
        ("https://example.com.evil.example/", ("example.com",), False),
        ("https://example.com@evil.example/", ("example.com",), False),
        ("https://evil.example/", (), True),
        ("https://127.0.0.1/", (), False),
        ("https://[::1]/", (), False),
        ("https://2130706433/", (), False),
        ("ftp://example.com/", (), False),
        ("//example.com/", (), False),
    ],
)
def test_only_hosts_on_the_list_are_linked(
    url: str, hosts: tuple[str, ...], *, is_allowed: bool
) -> None:
    if is_allowed:
        assert checked(url, hosts) == url
    else:
        with pytest.raises(TemplateError):
            checked(url, hosts)


def test_links_become_placeholders_and_their_targets_are_tagged_once() -> None:
    done = prepare(
        {
            "html": "<a href=\"https://a.example/x?a=1&amp;b=2\">x</a> <a HREF='https://a.example/y'>",
            "text": "See https://a.example/x?a=1&b=2, or https://a.example/z.",
        },
        UTM,
        (),
    )

    assert done.parts["html"] == "<a href=\"{{ link_0 }}\">x</a> <a HREF='{{ link_1 }}'>"
    assert done.targets[0] == "https://a.example/x?a=1&b=2&utm_source=crm&utm_medium=sms"
    assert done.parts["text"].startswith("See {{ link_0 }}")
    assert len(done.targets) == 3


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("See https://a.example/x.", "."),
        ("See https://a.example/x, please", ", please"),
        ("(https://a.example/x)", ")"),
        ("详情 https://a.example/x。拒收请回复R", "。拒收请回复R"),
        ("详情https://a.example/x 拒收请回复R", " 拒收请回复R"),
        ("「https://a.example/x」见", "」见"),
        ("https://a.example/x、", "、"),
        ("“https://a.example/x”", "”"),
        ("看了吗 https://a.example/x？", "？"),
        ("https://a.example/x\u3000退订回T", "\u3000退订回T"),
        ("Is it https://a.example/x?", "?"),
    ],
)
def test_punctuation_after_an_address_is_no_part_of_it(text: str, kept: str) -> None:
    done = prepare({"text": text}, {}, ())

    assert done.targets == ("https://a.example/x",)
    assert done.parts["text"].endswith("{{ link_0 }}" + kept)


@pytest.mark.parametrize(
    "text",
    [
        "详情 https://a.example/x拒收请回复R",
        "详情 https://a.example拒收请回复R",
        "https://a.example/?q=1退订回T",
        "https://a.example/中文",
        "https://a.example/{{ customer.city | url_encode }}退订回T",
    ],
)
def test_an_address_whose_end_nobody_can_tell_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(TemplateError, match="Where does the address") as refused:
        prepare({"text": text}, {}, ())

    assert refused.value.code == "bad_link"


def test_an_address_may_hold_letters_where_its_end_is_plain() -> None:
    host = prepare({"text": "见 https://基金.example/x 。"}, {}, ())
    value = prepare(
        {"text": '见 https://a.example/{{ c.city | default: "北京" | url_encode }} 。'}, {}, ()
    )
    inside = prepare({"text": "见 https://a.example/产品?q=a%20b"}, {}, ())
    page = prepare({"html": '<a href="https://a.example/中文">看</a>'}, {}, ())

    assert host.targets == ("https://基金.example/x",)
    assert "北京" in value.parts["text"]
    assert inside.targets == ("https://a.example/产品?q=a%20b",)
    assert page.targets == ("https://a.example/中文",)


@pytest.mark.parametrize(
    "text", ["看www.evil.example", "看evil.cn/abc", "(Evil.COM/x)", "见 a.example.evil.cn/x"]
)
def test_a_host_without_https_must_be_on_the_list_too(text: str) -> None:
    with pytest.raises(TemplateError) as refused:
        prepare({"text": text}, {}, ("a.example",))

    assert refused.value.code == "host_not_allowed"
    assert prepare({"text": text}, {}, ()).parts["text"] == text


@pytest.mark.parametrize(
    "text",
    [
        "见 www.fund.cn/x",
        "写信 a@evil.cn/x",
        "Node.js/Express",
        "24.11/2026",
        "https://fund.cn/a.cn/",
    ],
)
def test_what_leads_nowhere_else_is_text(text: str) -> None:
    assert prepare({"text": text}, {}, ("fund.cn",))


@pytest.mark.parametrize(
    "href",
    ["{{ unsubscribe_url }}", "mailto:a@example.com", "MAILTO:a@example.com", "tel:+8610", "#top"],
)
def test_what_is_no_constant_address_is_left_as_it_is(href: str) -> None:
    html = f'<a href="{href}">x</a>'

    assert prepare({"html": html}, UTM, ()).parts["html"] == html


@pytest.mark.parametrize(
    "href",
    [
        "https://a.example/{{ customer.name }}",
        "{{ customer.url }}/x",
        "{{ a }}{{ b }}",
        "{{ 'https://other.example' }}",
        "{{ 'ps://other.example' | prepend: 'htt' }}",
        "https://a.example/{% if x %}y{% endif %}",
        "javascript:alert(1)",
        "java\tscript:alert(1)",
        "http://a.example/",
        "/path",
    ],
)
def test_a_link_that_cannot_be_checked_is_refused_when_it_is_saved(href: str) -> None:
    with pytest.raises(TemplateError):
        prepare({"html": f'<a href="{href}">x</a>'}, UTM, ())


@pytest.mark.parametrize(
    "tag",
    [
        "<a href={}>",
        "<a/href='{}'>",
        "<a class='x'href='{}'>",
        "<a href='\n{}\n'>",
        "<a href = {} id=x>",
    ],
)
def test_a_link_is_one_however_a_browser_would_still_read_it(tag: str) -> None:
    done = prepare({"html": tag.format("https://a.example/x")}, {}, ["a.example"])
    assert done.targets == ("https://a.example/x",)

    with pytest.raises(TemplateError):
        prepare({"html": tag.format("https://other.example/x")}, {}, ["a.example"])


@pytest.mark.parametrize("part", ["text", "body", "url"])
@pytest.mark.parametrize(
    "address",
    [
        "https://{{ customer.host }}/x",
        "https://{{ customer.host | url_encode }}/x",
        "https://a.example{{ customer.rest | url_encode }}",
        "https://a.example/{{ customer.name }}/x",
        "https://a.example/{{ customer.name | url_encode | url_decode }}",
        'https://a.example/{{ customer.name | default: "{" }}',
        "https://a.example/{% if x %}y{% endif %}",
        "https://b.example/{{ customer.name | url_encode }}",
        "http://a.example/{{ customer.name | url_encode }}",
        "https://a.example@{{ customer.host | url_encode }}/",
    ],
)
def test_a_plain_address_is_refused_if_a_value_might_lead_elsewhere(
    part: str, address: str
) -> None:
    with pytest.raises(TemplateError):
        prepare({part: address}, UTM, ("a.example",))


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="{{ customer.url }}">x</a>',
        "<a href='{{ customer.url }}'>x</a>",
        "<a href={{ customer.url }}>x</a>",
        "<a href=https://evil.example/>x</a>",
        '<a/href="{{ customer.url }}">x</a>',
        '<a class="y"href="{{ customer.url }}">x</a>',
        '<a {% if y %}href="{{ customer.url }}"{% endif %}>x</a>',
        '<a HREF = "{{ customer.url }}">x</a>',
        '<a href="{{ customer.url | url_encode }}">x</a>',
        '<a href="{{ customer.unsubscribe_url }}">x</a>',
        '<a href="//{{ customer.host }}/x">x</a>',
        '<a href="//evil.example/x">x</a>',
        '<a href="https://{{ customer.host }}/x">x</a>',
        '<a href="https://a.example.{{ customer.host | url_encode }}/x">x</a>',
        '<a href="{{ customer.scheme }}://a.example/x">x</a>',
        '<a href="javascript:{{ customer.script }}">x</a>',
        '<a href="java&#115;cript:alert(1)">x</a>',
        '<a href="https://evil.example&sol;.a.example/{{ x | url_encode }}">x</a>',
        '<svg><a xlink:href="{{ customer.url }}">x</a></svg>',
        '<form action="{{ customer.url }}">x</form>',
        '<button formaction="{{ customer.url }}">x</button>',
        '<a href="{{ customer.url | default: "https://a.example/" }}">x</a>',
        '{% assign unsubscribe_url = customer.url %}<a href="{{ unsubscribe_url }}">x</a>',
        "{%- capture 'link_7' %}{{ customer.url }}{% endcapture %}<a href='{{ link_7 }}'>x</a>",
        "{% for unsubscribe_url in customer.urls %}<a href='{{ unsubscribe_url }}'>{% endfor %}",
        "<p>https://{{ customer.host }}/x</p>",
    ],
)
@pytest.mark.parametrize("part", ["html", "mjml"])
def test_no_customers_value_decides_where_a_link_of_a_page_leads(part: str, markup: str) -> None:
    with pytest.raises(TemplateError) as refused:
        prepare({part: f"<p>x</p>\n {markup}"}, UTM, ("a.example",))

    assert refused.value.path == part
    for language, place in (("en", "Line 2, column"), ("zh", "第 2 行第")):
        assert refused.value.said.in_language(language).startswith(place)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        *("{{ customer.url }}", "//{{ customer.host }}/", "javascript:x()", "app:{{ x }}"),
        *("java\tscript:x()", "java\nscript:x()", "\x01javascript:x()", "JavaScript:x()"),
        *("//evil.com/x", "///evil.com/x", "/\\evil.com/x", "\\\\evil.com/x", "/\t/evil.com/x"),
        *("https:evil.com/x", "https:/evil.com/x", "https:\\\\evil.com/x", "ht\ttps://evil.com/x"),
        *("file:///etc/passwd", "about:blank", "blob:https://a.example/x", "data:text/html,x"),
        *("intent://evil.com/#Intent;scheme=https;end", "app://a b", "app://a\nb"),
    ],
)
def test_nor_where_a_tap_leads(url: str) -> None:
    with pytest.raises(TemplateError):
        prepare({"url": url}, UTM, ())


@pytest.mark.parametrize(
    "url", ["app://deposit/{{ customer.deposit | url_encode }}", "/inbox", "app://deposit"]
)
def test_a_tap_may_open_an_apps_own_page(url: str) -> None:
    assert prepare({"url": url}, UTM, ()).parts["url"] == url


def test_encoded_values_may_stand_in_path_and_query() -> None:
    value = '{{ customer.city | default: "x" | url_encode }}'
    html = f'<a href="https://a.example/{value}?a=1&amp;b={value}#top">x</a>'

    done = prepare({"html": html, "text": f"See https://a.example/{value}."}, UTM, ("a.example",))

    tags = "utm_source=crm&amp;utm_medium=sms"
    assert done.targets == ()
    assert done.parts == {
        "html": f'<a href="https://a.example/{value}?a=1&amp;b={value}&amp;{tags}#top">x</a>',
        "text": f"See https://a.example/{value}?utm_source=crm&utm_medium=sms.",
    }


def test_a_long_page_of_unclosed_braces_and_quotes_costs_no_time() -> None:
    for piece in ("{{", '<a href="{{', "https://{{", "href='", "{% "):
        source = piece * (100_000 // len(piece))
        with suppress(TemplateError):
            prepare({"html": source}, UTM, ())
        with suppress(TemplateError):
            prepare({"text": source}, UTM, ())


# --- Tokens ---------------------------------------------------------------------------------------
@given(named=ids, purpose=purposes)
def test_a_token_comes_back_as_what_it_was_made_of(named: tuple[int, int], purpose: str) -> None:
    token = sign(*named, KEY, purpose)

    assert read(token, KEY, purpose) == named
    assert len(token) == 28
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")


@given(named=ids, place=st.integers(0, 27), by=st.integers(1, 63))
def test_a_token_with_any_character_changed_is_refused(
    named: tuple[int, int], place: int, by: int
) -> None:
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    token = sign(*named, KEY, "click")
    other = alphabet[(alphabet.index(token[place]) + by) % 64]

    assert read(token[:place] + other + token[place + 1 :], KEY, "click") is None


@given(named=ids)
def test_a_token_for_another_purpose_or_key_is_refused(named: tuple[int, int]) -> None:
    token = sign(*named, KEY, "click")

    assert read(token, KEY, "unsubscribe") is None
    assert read(token, b"another key", "click") is None


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda b: base64.b64encode(b).decode()))
def test_no_text_that_we_did_not_sign_is_a_token(token: str) -> None:
    assert read(token, KEY, "click") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t + "=",
        lambda t: t + "\n",
        lambda t: " " + t,
        lambda t: t[:14] + "!" + t[14:],
        lambda t: t + t,
    ],
)
def test_another_spelling_of_the_same_bytes_is_refused(change: Any) -> None:
    assert read(change(sign(1, 2, KEY, "click")), KEY, "click") is None


@pytest.mark.parametrize(
    "text",
    [
        # Links shortened by others lead anywhere.
        "领取 bit.ly/3abcd",
        "点 is.gd/abc",
        "goo.gl/abc 查看",
        "rb.gy/ab",
        "suo.im/x",
        "t.cn/A6x",
        "WWW.EVIL.CN 查看",
        "evil.ru/x",
        "evil.online/x",
        "evil.com?x=1",
        "evil.com:8443/x",
        "evil.com#x",
        "{{ customer.name }}.evil.com/x",
        # On any ending that there is, and behind whatever mark.
        "evil.agency/x",
        "evil.photography?a",
        "evil.museum:8080",
        "evil.co.uk",
        "evil.xn--fiqs8s/x",
        "evil.中国",
        "证券.中国/x",
        "银行.com",
        "网址:evil.com/x",
        "网址=evil.com",
        "my_evil.com",
        "evil.com-活动",
        "1.2.3.4/x",
        # With dots and letters that browsers read as others.
        "登录evil。com",
        "evil｡com/x",
        "evil．com",
        "evil․cn/x",
        "evil。vip/x",
        "ｅｖｉｌ．ｃｏｍ/x",
        "登录evil.cn。App专享",
        "{{ customer.name | default: 'evil．com' }}/x",
        # Schemes of which a telephone makes nothing, and a link of what is behind.
        "//evil.com/x",
        "http：//evil.com/x",
        "https:evil.com",
        "hxxps://evil.com",
        "EVIL.US/x",
        "00700.HK/x",
        "http://example.com/x",
        "https://example.com@evil.com/",
        "https://example.com.evil.com/",
        "https://evil.com#@example.com",
        "https://evil.com?@example.com/",
    ],
)
def test_a_text_leads_to_no_host_beside_the_list_however_it_is_named(text: str) -> None:
    with pytest.raises(TemplateError):
        prepare({"text": text}, UTM, HOSTS)


@pytest.mark.parametrize(
    "text",
    [
        "查看 https://example.com/a。",
        "example.com/a 与 www.example.com",
        "{{ customer.name }}.example.com/x",
        "1.5km/h 与 v2.0/3，年化1.25%/年",
        "a.m./p.m.，3.5pp/月，U.S./EU",
        "A/B 轮 C.D/E，No.AB/12",
        "邮箱 a@evil.com/b",
        "12:30/13:00，2026.11.22/23",
        "收益率3.5%起.详情，v2.0，A.B股，2.5元/股",
        "腾讯(00700.HK)、600519.SH/601318.SH、AAPL.US/TSLA.US、09988.HK/阿里",
        "升级App。VIP专享，Plus。vip专享，App。VIP/SVIP，iPhone。TOP",
        "A.公司 B.个人，A.公司/B.个人，网点.香港/澳门",
        "见附件a.pdf/b.docx，Node.js/React，GB/T 2312.80/x",
        "v1.2.3 与 3.0.1.2，Inc./Ltd.，vs.对比/分析，e.g./i.e.",
        "-example.com/x，网址:example.com/evil.com/x",
        "https://example.com/evil.com/x?u=evil.com",
        "https://example.com/?a={{ customer.a | url_encode }}&u=evil.com",
        "登录example.com。App专享，ｅｘａｍｐｌｅ．ｃｏｍ/x",
        "{{ customer.name }}。您好，{{ customer.city }}．",
    ],
)
def test_what_no_telephone_makes_a_link_of_is_none(text: str) -> None:
    prepare({"text": text}, UTM, HOSTS)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https&#58;//evil.com/">x</a>',
        '<a href="https://example.com&period;evil.com/">x</a>',
        '<a href="https://example.com%2eevil.com/">x</a>',
        '<a href="https://%65vil.com/">x</a>',
        '<a href="https://evil\u2024com/">x</a>',
        '<a href="//evil.com/">x</a>',
        '<a href="/\\evil.com">x</a>',
        '<a href="https:\\\\evil.com\\">x</a>',
        '<a href="https:evil.com">x</a>',
        '<a href="https:///evil.com">x</a>',
        '<a href="h\tttps://evil.com">x</a>',
        '<a href="java&#10;script:alert(1)">x</a>',
        '<a href="&#1;javascript:alert(1)">x</a>',
        '<a href="data:text/html,x">x</a>',
        '<base href="https://evil.com/"><a href="x">x</a>',
        '<a\x0chref="https://evil.com/">x</a>',
        "<a/href=https://evil.com/>x</a>",
        "<a title='>' href='https://evil.com/'>x</a>",
        '<a href="https://evil.com/" href="https://example.com/">x</a>',
        '<form action="https://evil.com/"><button>x</button></form>',
        '<button formaction="https://evil.com/">x</button>',
        '<svg><a xlink:href="https://evil.com/"><text>x</text></a></svg>',
        '<a href="https://0x7f.1/">x</a>',
        '<a href="https://[::1]/">x</a>',
    ],
)
def test_a_page_leads_to_no_host_beside_the_list_however_it_is_written(html: str) -> None:
    with pytest.raises(TemplateError):
        prepare({"html": html}, UTM, HOSTS)


@pytest.mark.parametrize(
    "address",
    [
        "alipays://x?url=https%3A%2F%2Fevil.com",
        "alipays://x?url=https%253A%252F%252Fevil.com",
        "googlechrome://evil.com/",
        "ucbrowser://evil.com/",
        "itms-services://?action=download-manifest&url=https%3A%2F%2Fexample.com%2Fa.plist",
        "taobao://evil.com/x",
        "alipays://x?url=evil.com%2Fa",
        "mailto:a@evil.com",
        "tel:**21*13800138000%23",
    ],
)
def test_an_app_does_not_hand_a_tap_on_to_another_host(address: str) -> None:
    with pytest.raises(TemplateError):
        prepare({"url": address}, {}, ["example.com"])

    prepare({"url": "app://fund?next=https%3A%2F%2Fexample.com"}, {}, ["example.com"])


@pytest.mark.parametrize("name", ["html", "text"])
@pytest.mark.parametrize(
    "href",
    [
        "mailto:desk@evil.com",
        "MAILTO:desk@evil.com?subject=x",
        "mailto:desk&#64;evil.com",
        "mailto:desk%40evil.com",
        "mailto:desk@example.com,desk@evil.com",
        "mailto:desk@example.com?subject=x&bcc=desk@evil.com",
        "mailto:?to=desk%40evil.com",
        "mailto:desk@example.com?a=1&amp;CC=Desk <desk@evil.com>",
        "mailto:{{ customer.email }}",
        "mailto:{{ customer.email | url_encode }}",
        "mailto:desk@{{ customer.host | url_encode }}",
        # Commands to the network: all calls are diverted.
        "tel:**21*13800138000#",
        "tel:%2a%2a21%2a13800138000%23",
        "tel:&#42;21",
        "sms:*123",
    ],
)
def test_a_message_asks_nobody_to_write_or_call_elsewhere(name: str, href: str) -> None:
    with pytest.raises(TemplateError):
        prepare({name: f'<a href="{href}">x</a>'}, UTM, HOSTS)


@pytest.mark.parametrize(
    "href",
    [
        "mailto:desk@example.com",
        "mailto:desk@mail.example.com?subject=a@b&body={{ customer.name | url_encode }}",
        "mailto:?subject=x",
        "tel:+86-10-9555 5",
        "tel:95555,,1",
        "tel:{{ customer.desk_phone }}",
        "sms:10086?body=TD",
    ],
)
def test_a_message_may_ask_to_write_or_call_to_the_house(href: str) -> None:
    html = f'<a href="{href}">x</a>'

    assert prepare({"html": html}, UTM, HOSTS).parts["html"] == html
