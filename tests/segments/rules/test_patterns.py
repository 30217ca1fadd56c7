"""Patterns mean the same to RE2 and to PostgreSQL, or are refused."""

import time

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segments.errors import RuleError
from segments.rules.check import References, check
from segments.rules.parse import parse
from segments.rules.pattern_reader import PatternError
from segments.rules.patterns import MAX_SETS, is_found, to_postgres
from tests.segments.rules.worlds import CATALOG

_ATOMS = ("a", "b", "银", ".", "\\.", "\\d", "\\W", "\\s", "\\n", "\\\\", "-", "#", "é", "'", "%")
_CLASSES = ("[a-c]", "[^ab]", "[]x]", "[^]-]", "[\\d_-]", "[一-龥]")
_NAMED = (
    "[[:alpha:]]",
    "[^[:^digit:]é]",
    "\\p{Han}",
    "\\PL",
    "[\\p{Lu}_]",
    "[\\D]",
    "\\x{94f6}",
    "\\x61",
)
_FLAGGED = ("(?i)", "(?s)", "(?i:", "(?-i:", "(?i-s)", "k", "K", "É", "[j-l]", "\\w", "\\b", "\\B")
_SIGNS = ("^", "$", "|", "(", ")", "(?:", "(?P<n>a)", "*", "+", "?", "{2}", "{1,2}", "{0,}")
PIECES = st.sampled_from([*_ATOMS, *_CLASSES, *_NAMED, *_FLAGGED, *_SIGNS])
PATTERNS = st.lists(PIECES, min_size=1, max_size=8).map("".join)
TEXTS = st.text(alphabet="abcxBkK\u212a1_-. \n\\银龥éÉ%'#]", max_size=6)


@pytest.mark.django_db
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pattern=PATTERNS, texts=st.lists(TEXTS, min_size=5, max_size=10))
def test_postgresql_finds_a_pattern_where_re2_does(
    db: None, pattern: str, texts: list[str]
) -> None:
    try:
        written = to_postgres(pattern)
    except PatternError:
        return

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(t ~ %s ORDER BY n)"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS x(t, n)",
            [written, texts],
        )
        assert cursor.fetchone()[0] == [is_found(pattern, text) for text in texts]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a)\\1",
        "(?=a)",
        "(?m)^a$",
        "(?U)a*",
        "\\b*",
        "\\Qa\\E",
        "[[:alpha]",
        "[[:letters:]]",
        "\\p{Elvish}",
        "\\012",
        "(?i)",
        "a|(?i)",
        "a(?i)*",
        "\\x{0}",
        "(a",
        "a)",
        "[a",
        "a{,3}",
        "a|",
        "()",
        "^*",
        "(a{30}){30}b{200}",
        "((a{5}){10}){30}",
        "a{256}",
        "a" * 201,
        "",
    ],
)
def test_what_the_engines_would_read_differently_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        to_postgres(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "is_met"),
    [
        ("(?i)^shANG", "Shanghai", True),
        ("(?i)ÉCLAIR", "éclair", True),
        ("(?i)k", "\u212a", True),  # the sign of the kelvin
        ("a(?i)b|c", "C", True),
        ("(?i:a)b", "AB", False),
        ("(?i)[^a]", "A", False),
        ("^\\p{Han}+$", "养老基金", True),
        ("^\\p{Han}+$", "养老 fund", False),
        ("\\bfund\\b", "养老fund基金", True),
        ("\\bfund\\b", "funds", False),
        ("[[:digit:]]{3}", "第123号", True),
        ("^[[:alpha:]]+$", "é", False),
        ("a.b", "a\nb", False),
        ("(?s)a.b", "a\nb", True),
        ("\\A\\x41\\z", "A", True),
    ],
)
@pytest.mark.django_db
def test_flags_scripts_classes_and_word_edges_mean_what_re2_says(
    pattern: str, text: str, is_met: bool
) -> None:
    assert is_found(pattern, text) is is_met
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text ~ %s", [text, to_postgres(pattern)])
        assert cursor.fetchone()[0] is is_met


def test_a_rule_names_no_more_sets_of_characters_than_are_found_in_a_few_seconds() -> None:
    cities = [f"[\\p{{Han}}{chr(0x400 + at)}]" for at in range(MAX_SETS + 1)]
    rule = {"any": [{"field": "city", "op": "regex", "value": one} for one in cities]}
    once = {"any": [{"field": "city", "op": "regex", "value": "(?i)[\\p{Han}a]b"}] * 199}

    with pytest.raises(RuleError, match="more than 60 sets") as caught:
        check(parse(rule), catalog=CATALOG, references=References())
    check(parse(once), catalog=CATALOG, references=References())

    assert (caught.value.code, caught.value.path) == ("bad_regex", f"/any/{MAX_SETS}/value")


def test_a_pattern_of_very_many_letters_is_refused() -> None:
    to_postgres("\\pL{10}")
    with pytest.raises(PatternError, match="unfold"):
        to_postgres("\\pL{100}")


@pytest.mark.alone
@pytest.mark.django_db
@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "(a?){50}a{50}", "(.*a){20}$"])
def test_a_hostile_pattern_is_matched_quickly(pattern: str) -> None:
    text = "a" * 2000 + "!"

    started = time.perf_counter()
    found = is_found(pattern, text)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text ~ %s", [text, to_postgres(pattern)])
        assert cursor.fetchone()[0] is found
    assert time.perf_counter() - started < 1
