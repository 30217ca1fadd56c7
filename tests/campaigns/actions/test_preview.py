"""A preview gives every template of the sample its verdict, the wording of the outcome included."""

import json
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from campaigns.actions.preview import Class, Preview, preview_template, read_asked
from campaigns.errors import BadRequest

TODAY = date(2026, 11, 22)
SAMPLE = Path(__file__).parents[1] / "content/cases/liquid.jsonl"
CASES = [json.loads(line) for line in SAMPLE.read_text().splitlines()]


def preview(template: object, **asked: Any) -> Any:
    return preview_template(asked=read_asked({"template": template, **asked}), on=TODAY)


@pytest.mark.parametrize("channel", [None, "sms", "email"])
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_template_of_the_sample_gets_its_class(case: dict[str, Any], channel: str | None) -> None:
    given = case["input"]
    if (template := given.get("template")) is None:
        made = given["template_gen"]
        template = made["prefix"] + made["unit"] * made["count"] + made["suffix"]
    started = time.process_time()

    done = preview(template, context=given["context"], channel=channel)

    assert done.verdict in case["expect"]["class"].split("|")
    assert done.output == case["expect"].get("output", done.output)
    assert bool(done.problems) == (done.verdict is not Class.OK)
    assert time.process_time() - started < 1.0


def test_forbidden_words_are_found_in_what_the_values_make_of_it() -> None:
    said = {"text": "{% if v %}保{{ v }}{% endif %}", "signature": "示例"}

    assert preview(said, context={"v": "管"}, channel="sms").verdict is Class.OK
    withheld = preview(said, context={"v": "本保息"}, channel="sms")

    assert withheld.verdict is Class.SUPPRESS
    assert withheld.output["text"] == "保本保息"
    assert [problem.part for problem in withheld.problems] == ["text"]
    assert "保本保息" in withheld.problems[0].said.in_language("zh")


def test_words_in_html_are_judged_as_a_reader_sees_them() -> None:
    assert preview("保<b>本</b>{{ v }}", context={"v": "保息"}, channel="email").verdict is (
        Class.SUPPRESS
    )


def test_a_doubtful_word_is_a_warning() -> None:
    done = preview("baoben {{ v }}", context={"v": "x"}, channel="sms")

    assert done.verdict is Class.OK_WARN
    assert done.problems


@pytest.mark.parametrize(
    ("template", "segments"),
    [("x" * 160, 1), ("x" * 161, 2), ("您" * 70, 1), ({"text": "您" * 67, "signature": "行"}, 1)],
)
def test_a_text_message_is_measured_as_it_is_sent(template: object, segments: int) -> None:
    assert preview(template, channel="sms").segments == segments


def test_only_a_text_message_has_segments() -> None:
    assert preview("x", channel="wecom").segments is None


def test_a_problem_names_its_place() -> None:
    (problem,) = preview({"title": "x", "body": "y\n {% foo %}"}, channel="push").problems

    assert (problem.part, problem.line, problem.column) == ("body", 2, 5)


@pytest.mark.parametrize(
    ("locale", "output"),
    [
        (None, "Hi Li"),
        ("", "Hi Li"),
        ("en", "Hi Li"),
        ("zh-Hans", "您好Li"),
        ("zh_CN.UTF-8", "您好Li"),
        ("zh-TW", "Hi Li"),
    ],
)
def test_a_preview_shows_the_variant_that_a_customer_of_the_locale_would_get(
    locale: str | None, output: str
) -> None:
    variants = {"zh-Hans": "您好{{ name }}"}

    found = preview("Hi {{ name }}", variants=variants, context={"name": "Li"}, locale=locale)

    assert found.output == output


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([], ""),
        ({}, "/template"),
        ({"template": None}, "/template"),
        ({"template": 1}, "/template"),
        ({"template": {"text": "x"}}, "/template"),
        ({"template": {"text": 1}, "channel": "sms"}, "/template"),
        ({"template": "x", "context": []}, "/context"),
        ({"template": "x", "channel": "fax"}, "/channel"),
        ({"template": "x", "channel": ["sms"]}, "/channel"),
        ({"template": "x", "locale": 1}, "/locale"),
        ({"template": "x", "locale": "nowhere at all"}, "/locale"),
        ({"template": "x", "variants": ["y"]}, "/variants"),
        ({"template": "x", "variants": {"zh": 1}}, "/variants/zh"),
        ({"template": "x", "variants": {"a/b": "y"}}, "/variants/a~1b"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_at_its_place(document: Any, path: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_asked(document)

    assert refused.value.path == path


def test_a_preview_says_of_links_what_saving_says() -> None:
    def told(template: Any, hosts: Sequence[str] = ("example.com",), **asked: Any) -> Preview:
        document = read_asked({"template": template, **asked})
        return preview_template(asked=document, on=TODAY, hosts=hosts)

    refused = told("https://evil.com/x", channel="sms")
    (problem,) = refused.problems
    assert (refused.verdict, problem.said.code) == ("parse_error", "host_not_allowed")
    assert (problem.line, problem.column) == (1, 1)
    assert told("https://evil.com/x", hosts=(), channel="sms").verdict == "ok"

    joined = told("{% assign h = 'evil.com' %}{{ h }}/x", channel="sms")
    assert joined.verdict in {"parse_error", "suppress"}
    valued = told("{{ v }}", channel="sms", context={"v": "see https://evil.com/x"})
    assert (valued.verdict, valued.problems[0].said.code) == ("suppress", "host_not_allowed")


def test_a_preview_says_that_an_advertisement_lacks_its_way_out() -> None:
    parts = {"subject": "x", "from": "x@example.com", "html": "<p>x</p>", "text": "x"}
    out = {"html": '<a href="{{ unsubscribe_url }}">x</a>', "text": "{{ unsubscribe_url }}"}

    def told(**asked: Any) -> Preview:
        return preview_template(asked=read_asked({"channel": "email", **asked}), on=TODAY)

    lacking = told(template=parts)
    assert (lacking.verdict, lacking.problems[0].said.code) == ("suppress", "no_way_out")
    assert told(template=parts, purpose="service").verdict == "ok"
    assert told(template={**parts, **out}).verdict == "ok"


def test_a_preview_warns_of_markup_that_would_be_read() -> None:
    asked = {"template": "{{ '<b>x</b>' | truncate: 5 }}", "channel": "email"}

    told = preview_template(asked=read_asked(asked), on=TODAY)

    assert (told.verdict, told.problems[0].said.code) == ("ok_warn", "recast")
