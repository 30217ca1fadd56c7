"""Which language variant a customer gets."""

from collections.abc import Collection

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
