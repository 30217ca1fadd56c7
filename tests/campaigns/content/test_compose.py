"""Each customer gets his language's variant, his own links, and a picture that tells of opening."""

import re
from dataclasses import replace

import pytest

from campaigns.channels.base import Channel
from campaigns.content.compose import OPEN, Addressing, Ready, Recipient, compose_batch
from campaigns.content.links import read
from campaigns.content.locales import chosen
from campaigns.content.render import MissingVariable, compile_parts
from campaigns.errors import TemplateError

ADDRESSING = Addressing(public_url="https://t.example", key=b"key")


def ready(channel: Channel = Channel.SMS, *, tracks_opens: bool = False, **texts: str) -> Ready:
    head = {"from": "a@b.example", "subject": "s", "text": "t"} if channel is Channel.EMAIL else {}
    name = "html" if channel is Channel.EMAIL else "text"
    compiled = {
        locale: compile_parts(channel, {**head, name: text}) for locale, text in texts.items()
    }
    return Ready(
        channel=channel,
        compiled=compiled.pop("default"),
        variants=compiled,
        link_ids=(),
        tracks_opens=tracks_opens,
    )


def composed(template: Ready, *recipients: Recipient) -> list[dict[str, str] | TemplateError]:
    return compose_batch(template, recipients, journey={}, addressing=ADDRESSING)


def recipient(touch_id: int = 7, locale: str | None = None, **customer: object) -> Recipient:
    return Recipient(touch_id=touch_id, customer=customer, queued_at="2026-03-02", locale=locale)


def test_each_customer_gets_the_variant_of_his_language_in_order() -> None:
    template = ready(default="Hi {{ customer.n }}", zh="您好 {{ customer.n }}")

    done = composed(
        template,
        recipient(1, "zh-Hans-CN", n=1),
        recipient(2, "fr", n=2),
        recipient(3, None, n=3),
        recipient(4, "zh", n=4),
    )

    assert [each["text"] for each in done if isinstance(each, dict)] == [
        "您好 1",
        "Hi 2",
        "Hi 3",
        "您好 4",
    ]


@pytest.mark.parametrize(
    ("locale", "variant"),
    [
        ("zh_Hant_HK", "zh-hant"),
        ("ZH-HANT", "zh-hant"),
        ("zh-CN", "zh"),
        ("en-GB", ""),
        ("", ""),
        (None, ""),
        ("-", ""),
    ],
)
def test_a_locale_falls_back_to_its_language_then_to_the_default(
    locale: str | None, variant: str
) -> None:
    assert chosen({"zh", "zh-hant"}, locale) == variant


@pytest.mark.parametrize(
    ("available", "locale", "variant"),
    [
        ({"", "zh-hans", "en"}, "zh_CN", "zh-hans"),
        ({"", "zh-hans", "en"}, "zh_CN.UTF-8", "zh-hans"),
        ({"", "zh-hans", "zh-hant"}, "zh-TW", "zh-hant"),
        ({"", "zh-hans", "zh-hant"}, "zh_HK", "zh-hant"),
        ({"", "zh-cn"}, "zh-Hans-SG", "zh-cn"),
        ({"", "zh-tw"}, "zh-MO", "zh-tw"),
        ({"", "zh-hans"}, "zh", "zh-hans"),
        ({"", "zh"}, "zh-TW", "zh"),
        # The other script is a guess too many: the default is what its author meant for the rest.
        ({"", "zh-hans"}, "zh-TW", ""),
        ({"", "zh-hant"}, "zh-CN", ""),
        ({"", "de"}, "de_DE@euro", "de"),
        ({"", "en"}, "x" * 10_000, ""),
    ],
)
def test_a_region_of_china_is_written_in_its_script(
    available: set[str], locale: str, variant: str
) -> None:
    assert chosen(available, locale) == variant


def test_a_picture_with_a_token_of_the_touch_stands_at_the_end_of_the_html() -> None:
    (done,) = composed(
        ready(Channel.EMAIL, tracks_opens=True, default="<body><p>x</p></BODY>"), recipient(7)
    )

    assert isinstance(done, dict)
    found = re.fullmatch(
        r'<body><p>x</p><img src="https://t.example/o/([\w-]+)\.gif"[^>]*></BODY>', done["html"]
    )
    assert found is not None
    assert read(found[1], ADDRESSING.key, OPEN) == (7, 0)


@pytest.mark.parametrize(
    "template",
    [
        ready(Channel.EMAIL, default="<p>x</p>"),
        ready(Channel.SMS, tracks_opens=True, default="<p>x</p>"),
    ],
    ids=["switched off", "not an e-mail"],
)
def test_there_is_no_picture_where_none_belongs(template: Ready) -> None:
    (done,) = composed(template, recipient())

    assert isinstance(done, dict)
    assert "<img" not in str(done)


def test_a_message_that_comes_out_empty_is_withheld() -> None:
    template = ready(default="{% if customer.n > 1 %}x{% endif %}")

    full, empty, missing = composed(template, recipient(1, n=2), recipient(2, n=1), recipient(3))

    assert isinstance(full, dict)
    assert isinstance(empty, TemplateError)
    assert (empty.code, empty.path) == ("missing_part", "text")
    assert isinstance(missing, MissingVariable)


def test_a_variant_alone_can_make_a_template_personal() -> None:
    assert ready(default="x", zh="{{ customer.name }}").is_personal
    assert not ready(default="x", zh="y").is_personal


@pytest.mark.parametrize(
    ("texts", "is_alike"),
    [
        ({"default": "Read {{ link_0 }}, or leave: {{ unsubscribe_url }}"}, True),
        ({"default": "{{ journey.name }}", "zh": "您好"}, True),
        ({"default": "Hi {{ customer.name }}"}, False),
        ({"default": "Hi", "zh": "您好{{ customer.name }}"}, False),
        ({"default": "{{ customer.name | default: 'you' }}"}, False),
        ({"default": "{% if customer.name %}Hi{% endif %}"}, False),
        # What the engine makes of a text may hang on the day.
        ({"default": "{{ 'now' | date: '%Y' }}"}, False),
        ({"default": "Hi", "zh": "{% assign a = 1 %}{{ a }}"}, False),
    ],
)
def test_messages_are_alike_where_nothing_is_said_of_anybody(
    texts: dict[str, str], *, is_alike: bool
) -> None:
    assert ready(**texts).is_alike is is_alike


def test_what_is_alike_differs_in_nothing_but_tokens_and_the_date() -> None:
    html = "<body>{{ journey.name }} <a href='{{ link_0 }}'>a</a> {{ unsubscribe_url }}</body>"
    template = replace(
        ready(Channel.EMAIL, tracks_opens=True, default=html, zh=html), link_ids=(41,)
    )
    people = [
        Recipient(touch_id=n, customer={}, queued_at=f"2026-03-{n:02}", locale="zh")
        for n in (1, 2, 30)
    ]

    done = compose_batch(template, people, journey={"name": "Spring"}, addressing=ADDRESSING)

    said = [
        {
            name: re.sub(r"(/[ruo]/)[A-Za-z0-9_-]{28}", r"\1", text)
            for name, text in each.items()
            if name != "date"
        }
        for each in done
        if isinstance(each, dict)
    ]
    assert template.is_alike
    assert len(said) == 3
    assert said[0] == said[1] == said[2]
    assert "Spring" in said[0]["html"]
