"""JSON as people type it: what cannot be meant is refused in a sentence."""

import pytest

from compliance.json_text import decode


def test_json_is_decoded() -> None:
    assert decode('{"all": [{"tag": "a"}, {"sample": 10}]}') == {
        "all": [{"tag": "a"}, {"sample": 10}]
    }


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.1", 0.1),
        ("12345678901234.10", 12345678901234.1),
        ("-1.50e3", -1500.0),
        ("0.30000000000000004", 0.1 + 0.2),
        ("0.0", 0.0),
        ("0e5", 0.0),
        ("5e-324", 5e-324),
    ],
)
def test_a_number_that_is_kept_as_written_is_read(text: str, number: float) -> None:
    assert decode(text) == number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"tag": ', "This is not JSON: line 1, column 9."),
        ('{"any": [{"tag": "a", "tag": "b"}]}', 'The key "tag" stands twice in one object.'),
        ("9" * 5_000, "A number has more than 1000 digits."),
        ("[" * 100_000, "The text is nested too deeply."),
        ("[12345678901234567890.10]", "12345678901234567890.10 has more digits than are kept"),
        ("0." + "1" * 30, "has more digits than are kept: round it."),
        ("1e-400", "1e-400 has more digits than are kept"),
        ("0." + "3" * 5_000, "has more digits than are kept"),
        ("1e-99999999999999999999", "has more digits than are kept"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode(text)
