"""Where a reader finds the way out of advertising, and where he would not."""

import pytest

from campaigns.content.way_out import parts_without_way_out, templates_without_way_out

LINK = "https://house.example/u/" + "a" * 28


@pytest.mark.parametrize(
    "html",
    [
        f'<a href="{LINK}">Unsubscribe</a>',
        f"<p>Unsubscribe: {LINK}</p>",
        f'<a href="{LINK}"><b>退订</b></a>',
        f'<a style="color:#999;font-size:11px" href="{LINK}">x</a>',
    ],
)
def test_a_link_with_words_or_one_spelt_out_is_one(html: str) -> None:
    assert parts_without_way_out({"html": html, "text": LINK}) == []


@pytest.mark.parametrize(
    "html",
    [
        "<p>Hello</p>",
        f"<p>Hello</p><!-- {LINK} -->",
        f"<p>Hello</p><!-- <a href='{LINK}'>Unsubscribe</a> -->",
        f'<a href="{LINK}"></a>',
        f'<a href="{LINK}"> </a>',
        f'<a href="{LINK}" style="display:none">Unsubscribe</a>',
        f'<div hidden><a href="{LINK}">Unsubscribe</a></div>',
        f'<p style="font-size:1px"><a href="{LINK}">Unsubscribe</a></p>',
        f'<p style="color:#fff"><a href="{LINK}" style="color:#fff">Unsubscribe</a></p>',
        f'<p title="{LINK}">Hello</p>',
        f'<img src="{LINK}">',
        f'<a href="https://shop.example/" href="{LINK}">Unsubscribe</a>',
        LINK.replace("/u/", "/r/"),
    ],
)
def test_one_that_nobody_sees_or_can_follow_is_none(html: str) -> None:
    assert parts_without_way_out({"html": html, "text": LINK}) == ["html"]


def test_each_part_that_is_shown_needs_its_own() -> None:
    page = f'<a href="{LINK}">Unsubscribe</a>'

    assert parts_without_way_out({"html": page, "text": "Hello"}) == ["text"]
    assert parts_without_way_out({"text": "Hello", "subject": LINK}) == ["text"]


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        ("{% if a %}{L}{% endif %}", False),
        ("{% if a %}{L}{% else %}{L}{% endif %}", True),
        ("{% if a %}{L}{% elsif b %}x{% else %}{L}{% endif %}", False),
        ("{%- unless a -%}{L}{%- else -%}{L}{%- endunless -%}", True),
        ("{% case a %}{% when 'x' %}{L}{% when 'y' %}{L}{% else %}{L}{% endcase %}", True),
        ("{% case a %}{% when 'x' %}{L}{% endcase %}", False),
        ("{% for x in y %}{L}{% endfor %}", False),
        ("{% for x in y %}x{% endfor %}{% if a %}x{% endif %}{L}", True),
        ("{% comment %}{L}{% endcomment %}", False),
        ("{% raw %}{L}{% endraw %}", False),
        ("{% if a %}{% raw %}{% endif %}{L}{% endraw %}{% endif %}", False),
        ("{% capture end %}{L}{% endcapture %}", False),
        ("{% capture end %}{L}{% endcapture %}x {{ end }}", True),
    ],
)
def test_it_is_there_whatever_the_values_are(source: str, is_one: bool) -> None:
    link = '<a href="{{ unsubscribe_url }}">Unsubscribe</a>'
    parts = {"html": source.replace("{L}", link), "text": "{{ unsubscribe_url }}"}

    assert templates_without_way_out(parts) == ([] if is_one else ["html"])


def test_a_template_names_it_in_each_part() -> None:
    named = "{{- unsubscribe_url -}}"

    assert templates_without_way_out({"html": f'<a href="{named}">x</a>', "text": named}) == []
    assert templates_without_way_out({"html": "{{ customer.name }}", "text": named}) == ["html"]
    assert templates_without_way_out({"html": named, "text": "{{ 'unsubscribe_url' }}"}) == ["text"]
