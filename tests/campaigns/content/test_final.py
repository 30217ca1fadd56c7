"""Messages read once more before they go: what Liquid puts together is held to the same rules."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import pytest

from campaigns.channels.base import Channel
from campaigns.content.compose import Addressing, Ready, Recipient, compose_batch
from campaigns.content.final import fault_of
from campaigns.content.links import prepare
from campaigns.content.render import compile_parts
from campaigns.errors import TemplateError, UnsafeMessage

HOSTS = ("example.com",)
ADDRESSING = Addressing(public_url="https://go.house.example", key=b"k")
OUT = '<a href="{{ unsubscribe_url }}">Unsubscribe</a>'
MAIL = {"subject": "News", "from": "news@example.com", "text": "{{ unsubscribe_url }}"}
JOURNEY = {"key": "j", "name": "J"}


def fault(
    channel: Channel,
    parts: Mapping[str, str],
    *,
    customer: Mapping[str, Any] | None = None,
    hosts: tuple[str, ...] = HOSTS,
    is_advertisement: bool = True,
) -> UnsafeMessage | None:
    """Of a message, from a template that its check lets pass."""
    prepared = prepare(parts, {}, hosts)
    ready = Ready(
        channel=channel,
        compiled=compile_parts(channel, prepared.parts),
        link_ids=tuple(range(len(prepared.targets))),
        tracks_opens=True,
        hosts=hosts,
    )
    recipient = Recipient(touch_id=7, customer={"name": "Li", **(customer or {})}, queued_at="x")
    (content,) = compose_batch(ready, [recipient], journey=JOURNEY, addressing=ADDRESSING)
    assert not isinstance(content, TemplateError), content
    return fault_of(
        ready,
        recipient,
        content,
        said={"journey": JOURNEY},
        public_url=ADDRESSING.public_url,
        is_advertisement=is_advertisement,
    )


@pytest.mark.parametrize(
    "markup",
    [
        "<a title=\"{{ '\" hr' }}ef='https://evil.com'\">x</a>",
        '<a title=\'{{ "\' hr" }}ef="https://evil.com"\'>x</a>',
        '{% capture q %}" hr{% endcapture %}<a title="{{ q }}ef=\'https://evil.com\'">x</a>',
        "{% assign q = '\" hr' %}<a title=\"{{ q }}ef='https://evil.com'\">x</a>",
        "{{ customer.none | default: '<a hr' }}ef='https://evil.com'>x</a>",
        "<a title=\"{% cycle '\" hr' %}ef='https://evil.com'\">x</a>",
        "<p title=\"{{ '\"><ifr' }}ame src='https://evil.com'\">x</p>",
        "<p title=\"{{ '\" on' }}click='x()'\">x</p>",
        "<p style=\"background:u{{ customer.none | default: 'rl(//evil.com/x.png)' }}\">x</p>",
        "{% assign u = 'rl' %}<p style=\"background:u{{ u }}(//evil.com/x.png)\">x</p>",
        "<img alt=\"{{ '\" sr' }}c='https://evil.com/x.png'\">",
        "<p>{{ 'https:' | append: '/' }}/evil.com/x</p>",
        "<p>{% assign h = 'evil' %}{{ h }}{{ '.' }}com/x</p>",
        "{% if true %}ht{% endif %}tps{% if true %}://evil.com/x{% endif %}",
        "<p>{% raw %}<a title='{{ ' href='https://evil.com/' }}'>x</a>{% endraw %}</p>",
    ],
)
def test_a_page_that_liquid_puts_together_leads_nowhere_else(markup: str) -> None:
    try:
        found = fault(Channel.EMAIL, {**MAIL, "html": f"{markup}<p>{OUT}</p>"})
    except TemplateError:
        return  # its own check sees it already
    assert found is not None
    assert found.path == "html"


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'https:' }}//evil.com/x",
        "{% assign h = 'evil.c' %}{{ h }}om/x",
        "{% if true %}evil{% endif %}.com/x",
        "ht{% comment %}x{% endcomment %}tps://evil.com",
        "{{ 'moc.live' | split: '' | reverse | join: '' }}/x",
        "{{ customer.none | default: 'evil.c' }}om/x",
        "{{ customer.none | default: 'evil' }}.com/x",
        "{{ customer.none | default: 'https' }}://evil.com/x",
        "{{ customer.none | default: 'www' }}.evil.com",
        "Look: evil.com",
        "<a href='//evil.agency'>x</a>",
        "<a href='evil.agency'>x</a>",
        "xn--e1afmkfd.xn--p1ai/x",
        "dwz.io",
        "evil.com。",
        "{{ customer.note }}",
        "{{ customer.word }}.com/x",
        "evil.{{ customer.end }}/x",
        "{{ customer.scheme }}://evil.com/x",
        "{{ customer.scheme }}{{ customer.rest }}",
        "{{ customer.word }}.{{ customer.end }}/x",
        "{{ customer.word }}.{{ customer.end }}",
    ],
)
@pytest.mark.parametrize(
    ("channel", "part", "others"),
    [
        (Channel.SMS, "text", {}),
        (Channel.WECOM, "text", {}),
        (Channel.PUSH, "title", {"body": "x"}),
        (Channel.PUSH, "body", {"title": "x"}),
        (Channel.IN_APP, "body", {"title": "x"}),
        (Channel.TASK, "script", {"queue": "x"}),
        (Channel.EMAIL, "subject", {**MAIL, "html": OUT}),
        (Channel.EMAIL, "html", MAIL),
    ],
)
def test_no_text_names_another_host(
    channel: Channel, part: str, others: Mapping[str, str], text: str
) -> None:
    customer = {
        "note": "see https://evil.com/x",
        "word": "evil",
        "end": "com",
        "scheme": "https",
        "rest": "://evil.com/x",
    }
    try:
        found = fault(
            channel,
            {**others, part: text + (f" {OUT}" if part == "html" else "")},
            customer=customer,
        )
    except TemplateError:
        return
    assert found is not None
    assert found.path == part


@pytest.mark.parametrize(
    ("channel", "parts"),
    [
        (Channel.SMS, {"text": "{{ customer.name }}, https://www.example.com/x {{ 'T.' }}"}),
        (
            Channel.SMS,
            {"text": "{% if customer.name %}https://example.com/a?b=1 {% endif %}退订回T"},
        ),
        (Channel.SMS, {"text": "净值{{ customer.nav }}，{{ unsubscribe_url }}退订"}),
        (Channel.SMS, {"text": "{{ customer.month }}.{{ customer.day }}/x 3.5%。Mr.Li"}),
        (Channel.PUSH, {"title": "{{ customer.name }}", "body": "x", "url": "app://fund/1"}),
        (
            Channel.EMAIL,
            {
                **MAIL,
                "html": '{% for i in (1..3) %}<p class="a{{ i }}">{{ customer.name }}'
                ' <a href="https://example.com/{{ customer.name | url_encode }}">x</a></p>'
                f"{{% endfor %}}<p>www.example.com, {OUT}</p>",
            },
        ),
        (
            Channel.EMAIL,
            {**MAIL, "html": f"{{% if customer.name %}}{OUT}{{% else %}}{OUT}{{% endif %}}"},
        ),
    ],
)
def test_what_may_go_goes(channel: Channel, parts: Mapping[str, str]) -> None:
    customer = {"nav": "1.2345", "month": "11", "day": "29"}

    assert fault(channel, parts, customer=customer) is None


@pytest.mark.parametrize(
    "html",
    [
        "{% assign x = '<!--' %}{{ x }}" + OUT + "-->",
        '<p title="{{ \'" style="display:none\' }}">' + OUT + "</p>",
        "{% if customer.name == 'a' %}{% if customer.name %}x{% else %}{L}{% endif %}{% else %}"
        "{% if customer.name %}x{% else %}{L}{% endif %}{% endif %}".replace("{L}", OUT),
        "{{ customer.none | default: '<!--' }}" + OUT,
        # Each branch that its check looks into has one.
        "{% if customer.name == 'a' %}{L}{% else %}{% if customer.name %}x{% else %}{L}{% endif %}"
        "{% endif %}".replace("{L}", OUT),
        "approved before any way out was asked for",
        '<a href="https://example.com/u/aaaaaaaaaaaaaaaaaaaaaaaaaaaa">Unsubscribe</a>',
    ],
)
def test_an_advertisement_comes_out_with_its_way_out(html: str) -> None:
    parts = {**MAIL, "html": f"<p>x</p>{html}"}
    try:
        found = fault(Channel.EMAIL, parts)
        other = fault(Channel.EMAIL, parts, is_advertisement=False)
    except TemplateError:
        return
    assert found is not None
    assert (found.code, other) == ("no_way_out", None)


def test_with_no_list_of_hosts_pages_are_read_all_the_same() -> None:
    page = "<p title=\"{{ '\" on' }}click='x()'\">x</p>" + OUT

    found = fault(Channel.EMAIL, {**MAIL, "html": page}, hosts=())

    assert found is not None
    assert found.code == "not_in_mail"


def test_a_plain_template_pays_next_to_nothing() -> None:
    parts = {**MAIL, "html": "<p>{{ customer.name }}</p>" * 300 + OUT}
    prepared = prepare(parts, {}, HOSTS)
    compiled = compile_parts(Channel.EMAIL, prepared.parts)

    assert compiled.unsure == frozenset()
    assert compiled.said == (("customer", "name"),)

    ready = Ready(channel=Channel.EMAIL, compiled=compiled, link_ids=(), hosts=HOSTS)
    recipient = Recipient(touch_id=7, customer={"name": "Li"}, queued_at="x")
    start = perf_counter()
    for _ in range(1_000):
        fault_of(
            ready,
            recipient,
            {"html": "x /u/1", "unsubscribe_url": "/u/1"},
            said={"journey": JOURNEY},
            public_url=ADDRESSING.public_url,
            is_advertisement=True,
        )
    assert perf_counter() - start < 0.05
