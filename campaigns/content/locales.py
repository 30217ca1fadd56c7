"""Which language variant a customer gets."""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final

_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
# CLDR, likely subtags: what a region of Chinese is written in, and where a script is at home.
_SCRIPTS: Final = {
    **dict.fromkeys(("zh-cn", "zh-sg", "zh-my"), "zh-hans"),
    **dict.fromkeys(("zh-tw", "zh-hk", "zh-mo"), "zh-hant"),
}
_USUAL: Final = {"zh-hans": ("zh-cn",), "zh-hant": ("zh-tw", "zh-hk")}
_LONGEST: Final = 35  # characters, as in RFC 5646 §4.4.1
DEFAULT = ""  # the variant for everybody else


def chosen(available: Collection[str], locale: str | None) -> str:
    """The variant that fits best: his locale, its script, its language, else the default.

    >>> chosen({"", "zh", "zh-hant", "en"}, "zh_Hant_HK"), chosen({"", "en"}, "fr-FR")
    ('zh-hant', '')
    >>> chosen({"", "zh-hans"}, "zh_CN.UTF-8"), chosen({"", "zh-tw"}, "zh-HK")
    ('zh-hans', 'zh-tw')
    """
    if not locale:
        return DEFAULT
    return next((name for name in _fitting(locale) if name in available), DEFAULT)


@lru_cache(maxsize=512)
def _fitting(locale: str) -> tuple[str, ...]:
    """What fits a reader's locale, the best first.

    Who writes one script of Chinese is not given the other for want of his own.
    """
    # POSIX adds a charset and a modifier: zh_CN.UTF-8, sr_RS@latin.
    wanted = normal(re.split("[.@]", locale, maxsplit=1)[0])[:_LONGEST]
    found = list[str]()
    for name in (wanted, *_shorter(wanted)):
        script = _SCRIPTS.get(name, name)
        found += [name, script, *_USUAL.get(script, ())]
    if wanted == "zh":
        found += ["zh-hans", *_USUAL["zh-hans"]]
    return tuple(filter(None, dict.fromkeys(found)))


def _shorter(locale: str) -> Iterator[str]:
    while locale := locale.rpartition("-")[0]:
        yield locale


def normal(locale: str) -> str:
    """One spelling for each: ``zh_Hans`` and ``ZH-hans`` are ``zh-hans``."""
    return locale.strip().replace("_", "-").lower()


def is_locale(name: str) -> bool:
    """A language, perhaps with script and region, as `normal` spells it."""
    return len(name) <= _LONGEST and _LOCALE.fullmatch(name) is not None
