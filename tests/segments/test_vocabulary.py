"""Values kept in Chinese have a word in each language, and none is forgotten."""

import pytest

from segments.lifecycle.stages import Stage
from segments.value.clusters import Cluster
from segments.value.personas import Persona
from segments.vocabulary import NOUNS, noun, value_in_words


@pytest.mark.parametrize(
    ("field", "kept"), [("lifecycle", Stage), ("rfm_segment", Cluster), ("persona", Persona)]
)
def test_each_kept_value_has_an_english_word(
    field: str, kept: type[Stage | Cluster | Persona]
) -> None:
    assert set(NOUNS[field]) == {one.value for one in kept}
    for value in NOUNS[field]:
        assert value_in_words(field, value, "en").isascii()
        assert value_in_words(field, value, "zh") == value


def test_value_of_another_field_is_said_as_it_is() -> None:
    assert noun("city", "潜力") == "潜力"
