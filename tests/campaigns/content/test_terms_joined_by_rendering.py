"""Pieces of Liquid that join a forbidden word only when they are rendered."""

from datetime import date
from typing import Any

import pytest

from campaigns.actions.preview import Class, preview_template, read_asked

JOINED = (
    "保{{ '' }}本",
    "保{{ nothing }}本",
    "保{% if true %}{% endif %}本",
    "保{% comment %}x{% endcomment %}本",
    "{{ '保' | append: '本' }}",
    "{% assign a = '本' %}保{{ a }}",
    "{% capture a %}保{% endcapture %}{{ a }}本",
    "保{%- if true -%}   {%- endif -%}本",
    "{% for c in parts %}{{ c }}{% endfor %}",
    "{{ parts | join: '' }}",
    "{{ parts | join: '·' }}",
    "{{ 'x保x本' | remove: 'x' }}",
    "{{ '保-本' | replace: '-', '' }}",
    "{{ '甲乙' | replace: '甲', '保' | replace: '乙', '本' }}",
    "{{ v | prepend: '保' }}",
    "{{ half }}本",
    "{{ '保本人' | slice: 0, 2 }}",
    "{{ '保本人' | truncate: 2, '' }}",
    "{{ other | default: '保本' }}",
    "{% case 1 %}{% when 1 %}保{% endcase %}本",
    "{% unless false %}保{% endunless %}本",
    "{% raw %}保{% endraw %}本",
    "稳{{ v2 }}不{{ v3 }}",
)
CONTEXT: dict[str, Any] = {
    "parts": ["保", "本"],
    "v": "本",
    "half": "保",
    "v2": "赚",
    "v3": "赔",
    "nothing": "",
}


@pytest.mark.parametrize("channel", ["sms", "email", "push"])
@pytest.mark.parametrize("source", JOINED)
def test_what_rendering_joins_is_read(source: str, channel: str) -> None:
    asked = read_asked({"template": source, "context": CONTEXT, "channel": channel})

    preview = preview_template(asked=asked, on=date(2026, 11, 28))

    # A tag or filter that templates may not use says nothing at all.
    assert preview.verdict in (Class.SUPPRESS, Class.PARSE_ERROR, Class.BLOCKED), preview
