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
        f'<a href="{LINK}">\u200b</a>',
        f'<a href="{LINK}">.</a>',
        f'<a href="{LINK}" style="display:none">Unsubscribe</a>',
        f'<div hidden><a href="{LINK}">Unsubscribe</a></div>',
        f'<p style="font-size:1px"><a href="{LINK}">Unsubscribe</a></p>',
        f'<p style="color:#fff"><a href="{LINK}" style="color:#fff">Unsubscribe</a></p>',
        f'<table width=0><tr><td><a href="{LINK}">Unsubscribe</a></td></tr></table>',
        f'<p style="margin:-9999px 0 0"><a href="{LINK}">Unsubscribe</a></p>',
        f'<p style="pointer-events:none"><a href="{LINK}">Unsubscribe</a></p>',
        (
            f"<style>@media screen{{.u{{display:none}}}}"
            f'</style><a class=u href="{LINK}">Unsubscribe</a>'
        ),
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


def test_no_address_that_looks_like_it_is_one() -> None:
    """Only the product's own page takes the customer's word."""
    link = '<a href="https://shop.example/u/aaaaaaaaaaaaaaaaaaaaaaaaaaaa">Unsubscribe</a>'
    sample = f'<a href="https://house.example/u/{"x" * 28}">Unsubscribe</a>'

    assert templates_without_way_out({"html": link}) == ["html"]
    assert templates_without_way_out({"html": sample}) == ["html"]
    assert parts_without_way_out({"html": link, "unsubscribe_url": LINK}) == ["html"]
    assert parts_without_way_out({"text": f"{LINK}x", "unsubscribe_url": LINK}) == ["text"]
    assert parts_without_way_out({"text": f"{LINK}。", "unsubscribe_url": LINK}) == []


def test_one_behind_a_comment_that_nothing_closes_is_none() -> None:
    link = '<a href="{{ unsubscribe_url }}">Unsubscribe</a>'

    assert templates_without_way_out({"html": f"<p>x</p><!-- {link}"}) == ["html"]


def test_each_of_many_branches_is_looked_into() -> None:
    link = "{{ unsubscribe_url }}"
    branches = [f"{{% when {n} %}}{link}" for n in range(20)]
    whole = f"{{% case x %}}{''.join(branches)}{{% else %}}{link}{{% endcase %}}"
    branches[15] = "{% when 15 %}x"
    lacking = f"{{% case x %}}{''.join(branches)}{{% else %}}{link}{{% endcase %}}"

    assert templates_without_way_out({"text": whole}) == []
    assert templates_without_way_out({"text": lacking}) == ["text"]
