"""What is joined here reads exactly as the engine would have it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liquid.exceptions import UndefinedError

from campaigns.content.language import Object
from campaigns.content.parsing import parsed
from campaigns.content.plain import Missing, fill, names, plain

LITERALS = st.text(alphabet="ab <>&\"'}|.:%-\n你$\\#", max_size=12)
KNOWN = ["a", "b", "name", "a_1", "_x", "B2", "default", "escape"]
NAMES = st.sampled_from(KNOWN)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
BLANKS = st.text(alphabet=" \t\n", max_size=2)
DEFAULTS = st.tuples(st.sampled_from("\"'"), st.text(alphabet="ab <>&客.:;-", max_size=6)).map(
    lambda found: f"default: {found[0]}{found[1]}{found[0]}"
)
OUTPUTS = st.tuples(BLANKS, PATHS, BLANKS, st.none() | DEFAULTS, BLANKS).map(
    lambda found: (
        "{{"
        + found[0]
        + found[1]
        + found[2]
        + (f"|{found[4]}{found[3]}" if found[3] else "")
        + found[4]
        + "}}"
    )
)
SOURCES = st.lists(LITERALS | OUTPUTS, max_size=6).map("".join)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", "a\r\nb\r", "<b>&'\"", "0", 0, 0.0, 1e22, 1e-7, 12345.678, -0.0])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
# Every name leads somewhere, and half of them to names again: else most would just be missing.
CONTEXTS = st.fixed_dictionaries(
    dict.fromkeys(KNOWN, VALUES)
    | {name: st.fixed_dictionaries(dict.fromkeys(KNOWN, VALUES)) for name in KNOWN[::2]}
)


@given(source=SOURCES, context=CONTEXTS, html=st.booleans())
def test_a_plain_template_yields_what_the_engine_yields(
    source: str, context: dict[str, object], html: bool
) -> None:
    pieces = plain(source)
    if pieces is None:
        return

    try:
        expected: str | None = parsed(source, html).render(**without_nulls(context))
    except UndefinedError:
        expected = None

    if expected is None:
        with pytest.raises(Missing):
            fill(pieces, context, html=html)
    else:
        assert fill(pieces, context, html=html) == expected


def without_nulls(value: object) -> dict[str, object]:
    """As `render` gives it to the engine."""
    assert isinstance(value, dict)
    kept = {
        name: without_nulls(each) if isinstance(each, dict) else each
        for name, each in value.items()
        if each is not None
    }
    return json.loads(json.dumps(kept), object_hook=Object)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "just text",
        "{ not one } }}",
        "Hello {{ customer.name }}!",
        "{{customer.name|default:'customer'}}, {{ link_0 }}",
        '{{ a.b.c | default: "客户" }}',
    ],
)
def test_text_with_values_in_it_is_plain(source: str) -> None:
    assert plain(source) is not None


@pytest.mark.parametrize(
    "source",
    [
        "{% if a %}x{% endif %}",
        "{{ a | upcase }}",
        "{{ a | default: b }}",
        "{{ a | default: 'x' | upcase }}",
        "{{- a }}",
        "{{ a -}}",
        "{{ a[0] }}",
        "{{ a['b'] }}",
        "{{ 'a' }}",
        "{{ 1 }}",
        "{{ true }}",
        "{{ now }}",
        "{{ partial }}",
        "{{ a.size }}",
        "{{ a.first }}",
        "{{ a b }}",
        "{{ a",
        "{{ 客户 }}",
        "{{ a | default: 'b\\' }}",
    ],
)
def test_what_could_read_otherwise_is_left_to_the_engine(source: str) -> None:
    assert plain(source) is None


def test_a_template_names_what_it_takes() -> None:
    pieces = plain("{{ customer.name }} {{ link_0 }} {{ customer.city }}")

    assert pieces is not None
    assert names(pieces) == {"customer", "link_0"}


@pytest.mark.parametrize("value", [{"name": "x"}, {}, [{"name": "x"}], [1, [{}]]])
def test_a_whole_object_is_not_said(value: object) -> None:
    with pytest.raises(Missing):
        fill(plain("{{ customer }}") or (), {"customer": value}, html=False)


def test_a_missing_value_is_named_by_its_path() -> None:
    with pytest.raises(Missing, match=r"customer\.name"):
        fill(plain("{{ customer.name }}") or (), {"customer": "a text"}, html=False)
