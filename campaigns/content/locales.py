"""Which language variant a customer gets."""

import re
from collections.abc import Collection
from typing import Final

_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
DEFAULT = ""  # the variant for everybody else


def chosen(available: Collection[str], locale: str | None) -> str:
    """The variant that fits best: his locale, its language, else the default.

    >>> chosen({"", "zh", "zh-hant", "en"}, "zh_Hant_HK"), chosen({"", "en"}, "fr-FR")
    ('zh-hant', '')
    """
    wanted = normal(locale or "")
    while wanted and wanted not in available:
        wanted = wanted.rpartition("-")[0]
    return wanted


def normal(locale: str) -> str:
    """One spelling for each: ``zh_Hans`` and ``ZH-hans`` are ``zh-hans``."""
    return locale.strip().replace("_", "-").lower()


def is_locale(name: str) -> bool:
    """A language, perhaps with script and region, as `normal` spells it."""
    return len(name) <= 35 and _LOCALE.fullmatch(name) is not None
