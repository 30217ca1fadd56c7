"""Counting text message segments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.sms.segments import Alphabet, measure


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "segments"),
    [
        ("", Alphabet.GSM7, 0, 1),
        ("a" * 160, Alphabet.GSM7, 160, 1),
        ("a" * 161, Alphabet.GSM7, 161, 2),
        ("a" * 306, Alphabet.GSM7, 306, 2),
        ("a" * 307, Alphabet.GSM7, 307, 3),
        ("€" * 80, Alphabet.GSM7, 160, 1),
        # 153 is odd: a part holds 76 escaped characters, one septet stays empty.
        ("€" * 152, Alphabet.GSM7, 304, 2),
        ("€" * 153, Alphabet.GSM7, 306, 3),
        ("中" * 70, Alphabet.UCS2, 70, 1),
        ("中" * 71, Alphabet.UCS2, 71, 2),
        ("中" * 134, Alphabet.UCS2, 134, 2),
        ("中" * 135, Alphabet.UCS2, 135, 3),
        ("🎉" * 35, Alphabet.UCS2, 70, 1),
        # 67 is odd: a part holds 33 surrogate pairs.
        ("🎉" * 66, Alphabet.UCS2, 132, 2),
        ("🎉" * 67, Alphabet.UCS2, 134, 3),
        ("`", Alphabet.UCS2, 1, 1),  # the back-quote is in neither table
        ("ç", Alphabet.UCS2, 1, 1),  # only the capital is in the default table
    ],
)
def test_a_text_takes_as_many_segments_as_the_network_makes_of_it(
    text: str, alphabet: Alphabet, units: int, segments: int
) -> None:
    result = measure(text)

    assert (result.alphabet, result.units, result.segments) == (alphabet, units, segments)


@given(st.text(max_size=400), st.text(max_size=5))
def test_a_longer_text_never_takes_fewer_segments(text: str, more: str) -> None:
    assert measure(text + more).segments >= measure(text).segments
