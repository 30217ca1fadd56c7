"""JSON as people type it: what cannot be meant is refused in a sentence."""

import pytest

from compliance.json_text import decode


def test_json_is_decoded() -> None:
    assert decode('{"all": [{"tag": "a"}, {"sample": 10}]}') == {
        "all": [{"tag": "a"}, {"sample": 10}]
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"tag": ', "This is not JSON: line 1, column 9."),
        ('{"any": [{"tag": "a", "tag": "b"}]}', 'The key "tag" stands twice in one object.'),
        ("9" * 5_000, "A number has more than 1000 digits."),
        ("[" * 100_000, "The text is nested too deeply."),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode(text)
