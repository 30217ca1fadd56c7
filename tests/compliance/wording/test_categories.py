"""Every category has a name in each language, and no reader is told the other one."""

import re

from compliance.lexicon_checks import categories
from compliance.wording.categories import category_named

HAN = re.compile("[\u4e00-\u9fff]")


def test_every_category_is_named_in_both_languages() -> None:
    for category in categories():
        english, chinese = category_named(category, "en"), category_named(category, "zh")

        code = category.split()[0]
        assert english.startswith(f"{code} ")
        assert chinese.startswith(f"{code} ")
        assert not HAN.search(english), english
        assert HAN.search(chinese), chinese


def test_what_is_not_known_stays_as_it_was_written() -> None:
    assert category_named("Z9 house rules", "zh") == "Z9 house rules"
