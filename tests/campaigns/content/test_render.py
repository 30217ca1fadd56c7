"""Templates: refused when saved, withheld when a variable is missing, escaped in HTML only."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from campaigns.channels.base import Channel
from campaigns.content.render import MAX_PART, MissingVariable, compile_parts, render, render_batch
from campaigns.errors import TemplateError

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases/liquid.jsonl").read_text().splitlines()
]


# What the wording rules say of the outcome is asked where a template is previewed.
LANGUAGE = [case for case in CASES if case["id"] != "LQ-071"]


@pytest.mark.parametrize("case", LANGUAGE, ids=[case["id"] for case in LANGUAGE])
def test_a_template_of_the_sample_gets_its_verdict(case: dict[str, Any]) -> None:
    source, context = source_of(case["input"]), case["input"]["context"]

    started = time.process_time()
    verdict, output = verdict_on(source, context)
    spent = time.process_time() - started

    assert verdict in case["expect"]["class"].split("|")
    if verdict == "ok" and "output" in case["expect"]:
        assert output == case["expect"]["output"]
    assert spent < 1.0


def source_of(given: dict[str, Any]) -> str:
    if "template" in given:
        return str(given["template"])
    made = given["template_gen"]
    return str(made["prefix"] + made["unit"] * made["count"] + made["suffix"])


CLASSES = {
    "range": "parse_error",
    "forbidden": "blocked",
    "too_long": "parse_error",
    "unknown_tag": "parse_error",
    "unknown_filter": "parse_error",
    "render_failed": "render_error",
}


def verdict_on(source: str, context: dict[str, Any]) -> tuple[str, str]:
    try:
        output = sms(source, **context)
    except MissingVariable:
        return "suppress", ""
    except TemplateError as error:
        return CLASSES.get(error.code, error.code), ""
    return "ok", output


def sms(source: str, **context: object) -> str:
    return render(compile_parts(Channel.SMS, {"text": source}), context)["text"]


def email(**parts: str) -> dict[str, str]:
    return {"from": "a@example.com", "subject": "s", "html": "<p>h</p>", "text": "t", **parts}


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("{{ (1..9) | join: '' }}", "123456789"),
        ("{% for i in (1..1000) %}{% if forloop.last %}{{ i }}{% endif %}{% endfor %}", "1000"),
    ],
)
def test_a_short_range_is_counted_out(source: str, output: str) -> None:
    assert sms(source) == output


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{% for i in (a..b) %}x{% endfor %}", "range"),
        ("{% for i in (1..1001) %}x{% endfor %}", "limit"),
        ("{{ x | default: (1..1000000000) | last }}", "limit"),
        ("{% if x %}{% assign y = (1..n) %}{% endif %}", "range"),
        ("{% if (1..5000) contains 3 %}x{% endif %}", "limit"),
        ("{{ list[0] | slice: 0, (0..9999999) }}", "limit"),
    ],
)
def test_a_long_range_or_one_of_unknown_length_is_refused_when_it_is_saved(
    source: str, code: str
) -> None:
    with pytest.raises(TemplateError) as refused:
        compile_parts(Channel.SMS, {"text": source})

    assert refused.value.code == code


@pytest.mark.parametrize("opening", ["{% raw %}", "{% raw %}{", "{%- raw -%} {% if %}"])
def test_openings_that_nothing_closes_take_no_time(opening: str) -> None:
    started = time.process_time()

    with pytest.raises(TemplateError):
        compile_parts(Channel.SMS, {"text": opening * (90_000 // len(opening))})

    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("text", ["wait ... for it", "a..b", "2 .. 3"])
def test_dots_in_the_text_are_no_range(text: str) -> None:
    assert sms(text) == text


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{% include 'x' %}", "forbidden"),
        ("{% render 'x' %}", "forbidden"),
        ("{% extends 'x' %}", "forbidden"),
        ("{% if a %}{% layout 'x' %}{% endif %}", "forbidden"),
        ("{{ x | safe }}", "forbidden"),
        ("{% assign y = x | upcase | safe %}", "forbidden"),
        ("{% liquid echo 1 %}", "unknown_tag"),
        ("{% macro m %}", "unknown_tag"),
        ("{% else %}", "unknown_tag"),
        ("{% doc %}x{% enddoc %}", "unknown_tag"),
        ("{{ x | nofilter }}", "unknown_filter"),
        ("{{ x | default: }}", "arguments"),
        ("{{ x | append }}", "arguments"),
        ("{{ x | upcase: 1 }}", "arguments"),
        ("{% assign y = x | truncate: 5, length: 3 %}", "arguments"),
        ("a {% raw %} b", "parse_error"),
    ],
)
def test_what_a_message_may_not_use_is_refused_when_it_is_saved(source: str, code: str) -> None:
    with pytest.raises(TemplateError) as refused:
        compile_parts(Channel.SMS, {"text": source})

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("{% capture s %}a{{ v }}{% endcapture %}{{ s }}{{ s }}", "avav"),
        ("{% raw %}{{ v }} {% if %}{{{% endraw %}!", "{{ v }} {% if %}{{!"),
        ("{%- comment -%} not said {%- endcomment -%} x", "x"),
        ("{% for i in (1..4) %}{% cycle 'a', 'b' %}{% endfor %}", "abab"),
        ("{% case v %}{% when 'v' %}yes{% else %}no{% endcase %}", "yes"),
        ("{{ '2026-03-01' | date: '%d.%m.%Y' }}", "01.03.2026"),
        ("{{ v | date: '%Y' | default: '' }}", None),
        ("{{ 'a' | append: v }}{% increment n %}{% echo v %}", "av0v"),
    ],
)
def test_the_usual_words_of_the_language_are_known(source: str, output: str | None) -> None:
    if output is None:
        with pytest.raises(TemplateError, match="is no date"):
            sms(source, v="v")
    else:
        assert sms(source, v="v") == output


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("{{ '20261120' | date: '%Y-%m-%d' }}", "2026-11-20"),
        ("{{ 1763596800 | date: '%Y' }}", "2025"),
        ("{{ '2026-11-20' | date: '2026-11-20' }}", "2026-11-20"),
        ("{{ '12' | plus: '3.5' }}", "15.5"),
        ("{{ '12345.678' | round: 2 }}", "12345.68"),
        ("{% for p in o %}{{ p[0] }}={{ p | last }};{% endfor %}", "a=1;b=2;"),
    ],
)
def test_dates_numbers_and_pairs_are_read_as_written(source: str, output: str) -> None:
    assert sms(source, o={"a": 1, "b": 2}) == output


@pytest.mark.parametrize(
    "source",
    [
        "{{ '2026' | date: '%Y' }}",
        "{{ '2026-02-30' | date: '%Y' }}",
        "{{ 99999999999999999999 | date: '%Y' }}",
        "{{ '99999999999999999999' | date: '%Y' }}",
        "{{ v | plus: 1 }}",
        "{{ v | times: 2 | round: 1 }}",
        "{{ '1e999' | plus: 1 }}",
        "{{ 'nan' | abs }}",
    ],
)
def test_a_wrong_date_or_figure_withholds_the_message(source: str) -> None:
    with pytest.raises(TemplateError) as refused:
        sms(source, v="many")

    assert refused.value.code == "render_failed"


@pytest.mark.parametrize("source", ["{{ o | first }}", "{% for p in o %}{{ p }}{% endfor %}"])
def test_a_pair_of_an_object_is_no_text(source: str) -> None:
    with pytest.raises(MissingVariable):
        sms(source, o={"a": 1})


@pytest.mark.parametrize(
    "source",
    [
        "｛｛ name ｝｝",
        "{｛ name }}",
        "｛{ name ｝}",
        "﹛﹛ name ﹜﹜",
        "｛% if a %｝x",
        "{％ if a ％}",
    ],
)
def test_braces_of_a_chinese_keyboard_are_refused_with_their_place(source: str) -> None:
    with pytest.raises(TemplateError, match="Line 2, column 3") as refused:
        compile_parts(Channel.SMS, {"text": f"good\nso{source}"})

    assert refused.value.code == "parse_error"


@pytest.mark.parametrize(
    "html",
    [
        '<bdo dir="rtl">本保</bdo>',
        "<p style='direction:rtl;unicode-bidi:Bidi-Override'>本保</p>",
        "<style>p{unicode-bidi: isolate-override}</style>本保",
    ],
)
def test_a_text_that_markup_turns_around_is_refused(html: str) -> None:
    with pytest.raises(TemplateError, match="turns text around"):
        compile_parts(Channel.EMAIL, {"from": "a@b.cn", "subject": "a", "text": "a", "html": html})


@pytest.mark.parametrize("text", ["｛注｝见下文", "达成率100%｝", '{"a": {"b": 1}}'])
def test_braces_around_text_are_text(text: str) -> None:
    assert sms(text) == text


@pytest.mark.parametrize("character", ["\0", "\x08", "\x1b", "\x7f", "\u202e", "\ud800"])
def test_a_character_that_no_message_can_hold_is_refused(character: str) -> None:
    with pytest.raises(TemplateError, match="Line 1, column 2"):
        compile_parts(Channel.SMS, {"text": f"a{character}{{{{ name }}}}"})


@pytest.mark.parametrize(
    "source",
    [
        "{{ name }}",
        "{{ customer.name }}",
        "{{ customer.a.b }}",
        "Dear {{ customer.surname }}",
        "{% if customer.risk == 'C3' %}x{% endif %}",
        "{% for i in things %}{{ i }}{% endfor %}",
        "{{ customer }}",
        "{% if customer.city %}{{ customer }}{% endif %}",
    ],
)
def test_a_missing_variable_withholds_the_message(source: str) -> None:
    with pytest.raises(MissingVariable) as withheld:
        sms(source, customer={"city": "Shanghai"})

    assert withheld.value.path == "text"


@pytest.mark.parametrize(
    "chosen",
    ["cities | first", "cities | last", "funds | find: 'code', 'F9'", "name | first"],
)
def test_what_a_filter_does_not_find_is_missing_too(chosen: str) -> None:
    customer = {"cities": [], "funds": [{"code": "F1"}], "name": "Li"}

    with pytest.raises(MissingVariable):
        sms(f"Dear {{{{ customer.{chosen} }}}} reader", customer=customer)
    with pytest.raises(MissingVariable):
        sms(f"{{% assign x = customer.{chosen} %}}Dear {{{{ x }}}}", customer=customer)
    assert sms(f"{{{{ customer.{chosen} | default: 'dear' }}}}", customer=customer) == "dear"
    asked = f"{{% assign x = customer.{chosen} %}}{{% if x %}}one{{% else %}}none{{% endif %}}"
    assert sms(asked, customer=customer) == "none"


@pytest.mark.parametrize("value", [None, ""])
def test_a_default_stands_in_for_what_is_missing_or_empty(value: object) -> None:
    source = "{{ customer.name | default: 'customer' }}"

    assert sms(source, customer={}) == "customer"
    assert sms(source, customer={"name": value}) == "customer"


def test_html_is_escaped_and_text_is_not() -> None:
    compiled = compile_parts(
        Channel.EMAIL, email(html="<p>{{ n }}</p>", text="{{ n }}", subject="{{ n }}")
    )

    done = render(compiled, {"n": "<b>&"})

    assert done["html"] == "<p>&lt;b&gt;&amp;</p>"
    assert (done["text"], done["subject"]) == ("<b>&", "<b>&")


@pytest.mark.parametrize("source", ["{{ n }}", "{% if n %}{{ n }}{% endif %}"])
@pytest.mark.parametrize("part", ["subject", "from"])
def test_a_value_cannot_begin_a_header_of_its_own(part: str, source: str) -> None:
    compiled = compile_parts(Channel.EMAIL, email(**{part: source}))

    done = render(compiled, {"n": "Hi\r\nBcc: all@example.com\u2028x"})

    assert done[part] == "Hi Bcc: all@example.com x"


@pytest.mark.parametrize(
    ("source", "escaped"),
    [
        ("{{ n }}", "&lt;b&gt;"),
        ("{{ n | upcase }}", "&lt;B&gt;"),
        ("{{ n | escape_once }}", "&lt;b&gt;"),
        ("{{ n | url_encode | url_decode }}", "&lt;b&gt;"),
        ("{{ '' | append: n }}", "&lt;b&gt;"),
        ("{{ 'x' | replace: 'x', n }}", "&lt;b&gt;"),
        ("{{ n | split: '' | join: '' }}", "&lt;b&gt;"),
        ("{{ n | base64_encode | base64_decode }}", "&lt;b&gt;"),
        ("{{ x | default: n }}", "&lt;b&gt;"),
        ("{% capture c %}{{ n }}{% endcapture %}{{ c }}", "&lt;b&gt;"),
        ("{% cycle n %}", "&lt;b&gt;"),
    ],
)
def test_no_filter_lets_a_value_into_html_unescaped(source: str, escaped: str) -> None:
    compiled = compile_parts(Channel.EMAIL, email(html=f"<p>{source}</p>"))

    assert render(compiled, {"n": "<b>"})["html"] == f"<p>{escaped}</p>"


@pytest.mark.parametrize(
    "use",
    [
        *("remove: 'X'", "replace: 'X', 'Y'", "slice: 0, 99", "split: 'X' | join: ''"),
        *("squish", "strip_newlines", "truncate: 99", "truncatewords: 99"),
    ],
)
def test_what_a_filter_cuts_or_replaces_is_escaped_once(use: str) -> None:
    compiled = compile_parts(Channel.EMAIL, email(html=f"{{{{ n | {use} }}}}"))

    assert render(compiled, {"n": "A & B <c>"})["html"] == "A &amp; B &lt;c&gt;"


@pytest.mark.parametrize(
    "source", ["a\r\nb {{ v }}\r\n", "{% if v %}a\r\nb {{ v }}{% endif %}\r\n"]
)
def test_lines_end_in_one_way(source: str) -> None:
    assert sms(source, v="c\r\nd\re") == "a\nb c\nd\ne\n"


def test_an_error_names_its_line_and_column() -> None:
    with pytest.raises(TemplateError, match="Line 2, column 8"):
        compile_parts(Channel.SMS, {"text": "good\nso: {% foo %}"})


@pytest.mark.parametrize(
    ("source", "english", "chinese"),
    [
        ("{% foo %}", "“foo” is no tag", "第 1 行第 4 列：“foo”不是标签"),
        ("x\n{{ a | b }}", "no filter “b”", "第 2 行第 8 列：没有过滤器“b”"),
        (
            "{{ (1..5000) }}",
            "the length of a range",
            "第 1 行第 4 列：模板超出允许的资源限制：区间长度",
        ),
        ("{｛ x }}", "full-width braces", "第 1 行第 1 列：“{｛”使用了全角括号"),
        ("a\0", "no message can hold", "第 1 行第 2 列：此处有任何消息都无法包含的字符"),
        ("{{ x", "“{{” is not closed", "第 1 行第 1 列：“{{”没有闭合"),
        ("{{ v | safe }}", "may not be used", "不允许使用“safe”"),
        ("{{ v | upcase }}{{ w }}", "no “w”", "该客户没有“w”"),
        ("  ", "The text is empty", "正文不能为空"),
    ],
)
def test_an_error_is_said_in_both_languages(source: str, english: str, chinese: str) -> None:
    with pytest.raises(TemplateError) as refused:
        sms(source, v="v")

    assert english in str(refused.value)
    assert chinese in refused.value.in_language("zh")


def test_a_batch_answers_each_customer_in_order() -> None:
    compiled = compile_parts(
        Channel.PUSH,
        {"title": "{{ n }}", "body": "{% if n %}{{ n | plus: 1 }}{% endif %}", "url": "x"},
    )
    contexts: list[dict[str, object]] = [{"n": n} if n % 7 else {} for n in range(600)]

    done = render_batch(compiled, contexts)

    assert [isinstance(each, MissingVariable) for each in done] == [not n % 7 for n in range(600)]
    assert done[599] == {"title": "599", "body": "600", "url": "x"}


def test_a_value_is_never_read_as_a_template() -> None:
    assert sms("{{ v }}", v="{{ 7 | times: 7 }}{% if %}") == "{{ 7 | times: 7 }}{% if %}"


@pytest.mark.parametrize(
    ("channel", "parts", "code", "path"),
    [
        (Channel.SMS, {}, "missing_part", "text"),
        (Channel.SMS, {"text": "  "}, "missing_part", "text"),
        (Channel.SMS, {"text": "x", "subject": "x"}, "unknown_part", "subject"),
        (Channel.SMS, {"text": "x" * (MAX_PART + 1)}, "too_long", "text"),
        (Channel.EMAIL, email(html=""), "missing_part", "html"),
        (Channel.PUSH, {"title": "x"}, "missing_part", "body"),
        (Channel.TASK, {"script": "x"}, "missing_part", "queue"),
        (Channel.SMS, {"text": "{% if %}"}, "parse_error", "text"),
        (Channel.SMS, {"text": "{{ x | nofilter }}"}, "unknown_filter", "text"),
    ],
)
def test_a_wrong_part_is_named(
    channel: Channel, parts: dict[str, str], code: str, path: str
) -> None:
    with pytest.raises(TemplateError) as refused:
        render(compile_parts(channel, parts), {"x": 1})

    assert refused.value.path == path
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("source", "context"),
    [
        ("{% for a in l %}{% for b in l %}x{% endfor %}{% endfor %}", {"l": list(range(100))}),
        ("{% for a in l %}{{ v }}{% endfor %}", {"l": list(range(900)), "v": "x" * 1000}),
    ],
    ids=["loops", "output"],
)
def test_a_template_that_grows_without_bound_is_stopped(
    source: str, context: dict[str, object]
) -> None:
    with pytest.raises(TemplateError) as stopped:
        sms(source, **context)

    assert stopped.value.code == "limit"


@pytest.mark.parametrize(
    "source", ["{{ customer }}", "{{ customer.name }}", "{% if customer.risk %}x{% endif %}"]
)
def test_a_template_that_speaks_of_the_customer_is_personal(source: str) -> None:
    assert compile_parts(Channel.SMS, {"text": source}).is_personal


def test_a_template_that_is_the_same_for_all_is_not_personal() -> None:
    assert not compile_parts(Channel.SMS, {"text": "{{ journey.name }} {{ link_0 }}"}).is_personal


@pytest.mark.parametrize(
    "source", ["{{" * 50_000, "{{" * 40_000 + "}}", "{%" * 50_000, "{{ '{{' }}"]
)
def test_an_opening_that_nothing_closes_is_refused_at_once(source: str) -> None:
    started = time.process_time()

    with pytest.raises(TemplateError, match="Line 1") as refused:
        compile_parts(Channel.SMS, {"text": source})

    assert refused.value.code == "parse_error"
    assert time.process_time() - started < 0.2
