"""Names of hosts in a text, of which telephones and mail programs make links without https://."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_LIQUID: Final = r"\{\{[^{}]*\}\}|\{%[^{}]*%\}"
# Marks of Chinese writing end an address, as telephones read it.
MARKS: Final = "\u2010-\u205e\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
_ADDRESS: Final = rf"""(?:{_LIQUID}|[^\s<>"'{{}}|\\^`{MARKS}])*+"""
BARE: Final = re.compile(rf"https?://{_ADDRESS}", re.I)
_REST: Final = re.compile(_ADDRESS)


def _listed() -> frozenset[str]:
    lines = Path(__file__).with_name("top_level_domains.txt").read_text().splitlines()
    return frozenset(name for line in lines if line[0] != "#" for name in line.split())


_TOPS: Final = _listed()
_CHINESE: Final = frozenset(
    name
    for top in _TOPS
    if top.startswith("xn--") and "\u4e00" <= (name := top.encode().decode("idna"))[0] <= "\u9fff"
)
# evil.co.uk, evil.com.tr
_SECOND: Final = frozenset({"co", "com", "net", "org"})
# Of these also a name without anything behind it: others are words that follow a full stop.
_ALONE: Final = frozenset(
    {
        *("com", "net", "org", "cn", "hk", "xyz", "top", "vip", "icu", "cyou", "club", "shop"),
        *("io", "cc", "tv", "co", "ly", "app", "wang", "ltd", "site"),
    }
)
_CHINESE_ALONE: Final = frozenset({"中国", "中國", "网址", "中文网"})
# Behind 。, which browsers take for a dot, a sentence may begin: 升级App。VIP专享.
_AFTER_STOP: Final = frozenset({"com", "net", "org", "cn"})
_AFTER_STOP_SMALL: Final = frozenset(
    {"cc", "io", "top", "vip", "hk", "tw", "me", "tv", "co", "xyz", "icu", "cyou", "shop", "club"}
)
# Letters, digits and dots of full width, and the dot that leads, are what browsers take them for.
FOLDED: Final[Mapping[int, str]] = {
    **{wide: chr(wide - 0xFEE0) for wide in range(0xFF10, 0xFF5B) if chr(wide).isalnum()},
    0xFF0E: ".",
    0x2024: ".",
    0xFF61: "。",
}
# Possessive, and begun only where a run begins, so that a text is read once.
_RUN: Final = re.compile(
    r"""(?P<address>https?://)
    |(?:(?<![A-Za-z0-9_@.%-])|(?<=\}\}\.))[a-z0-9_-]++(?:[.。][a-z0-9_-]++)++
    |(?<![\u4e00-\u9fff])(?P<ideographs>[\u4e00-\u9fff]++)\.(?P<tail>com|net|org|cn)(?![a-z0-9_@.-])
    |(?P<chinese>(?<![A-Za-z0-9_@.-])[a-z0-9-]++(?:\.[a-z0-9-]++)*+|(?<=[\u4e00-\u9fff]))
    \.(?P<top>[\u4e00-\u9fff]++)""",
    re.I | re.VERBOSE,
)
_LEADS_ON: Final = re.compile(r"[/?\#]|:[0-9]{2}")
_LEADS_ON_PLAINLY: Final = re.compile(r"[/?\#][a-z0-9]|:[0-9]{2}", re.I)
_WORD: Final = re.compile(r"[a-z0-9_@]", re.I)
# Codes of stocks: 00700.HK, 600519.SH/601318.SH, AAPL.US/TSLA.US.
_TICKER: Final = r"(?:[0-9]{4,6}|[A-Z]{1,5})\.(?:SH|SZ|BJ|SS|HK|US)"
_STOCK: Final = re.compile(
    rf"{_TICKER}(?![A-Za-z0-9_@.?\#:-])(?!/(?!{_TICKER}|[0-9]{{4,6}}|[^\x00-\x7f]))"
)


def unmarked_hosts(text: str) -> Iterator[tuple[str, int]]:
    """Hosts that a text names without https://, and the place of each.

    >>> list(unmarked_hosts("见evil.agency/x、https://a.cn/b.com/，00700.HK。VIP专享"))
    [('evil.agency', 1)]
    """
    plain, at = text.translate(FOLDED), 0
    while found := _RUN.search(plain, at):
        at = found.end()
        if found["address"]:
            at = BARE.match(plain, found.start()).end()  # type: ignore[union-attr]  # it begins so
            continue
        for host, start, end in _hosts(found, plain):
            yield host, start
            if _LEADS_ON.match(plain, end):
                at = max(at, _REST.match(plain, end).end())  # type: ignore[union-attr]  # or nothing


def _hosts(found: re.Match[str], text: str) -> Iterator[tuple[str, int, int]]:
    """The hosts that a run names, with their beginnings and ends."""
    start, end = found.span()
    if found["tail"]:
        yield found[0], start, end
    elif top := found["top"]:
        if _is_chinese_name(found["chinese"], top, text, end):
            yield found[0] if found["chinese"] else f"x.{top}", start, end
    elif "。" not in found[0]:
        if _is_name(found[0].rstrip("-"), text, start, end):
            yield found[0].strip("-_"), start, end
    elif _is_stopped_name(found[0], text, end):
        yield found[0].strip("-_").replace("。", "."), start, end
    else:
        for piece in re.finditer("[^。]+", found[0]):
            begin, stop = start + piece.start(), start + piece.end()
            if "." in piece[0] and _is_name(piece[0].rstrip("-"), text, begin, stop):
                yield piece[0].strip("-_"), begin, stop


def _is_name(run: str, text: str, start: int, end: int) -> bool:
    labels = run.lower().split(".")
    leads_on = _LEADS_ON.match(text, end) is not None
    if labels[0] == "www" and len(labels) > 2:
        return True
    if len(labels) == 4 and all(label.isdigit() and int(label[:4]) < 256 for label in labels):
        return leads_on
    if labels[-1] not in _TOPS or _STOCK.match(text, start):
        return False
    is_alone = labels[-1] in _ALONE or (len(labels) > 2 and labels[-2] in _SECOND)
    return leads_on or (is_alone and not _WORD.match(text, end))


def _is_stopped_name(run: str, text: str, end: int) -> bool:
    last = re.split("[.。]", run)[-1]
    if _LEADS_ON.match(text, end) and last in _AFTER_STOP_SMALL:
        return True
    return last.lower() in _AFTER_STOP and not _WORD.match(text, end)


def _is_chinese_name(before: str, top: str, text: str, end: int) -> bool:
    """Whether it is more than a list (A.公司 B.个人) or a full stop (网点.香港)."""
    if top not in _CHINESE:
        return False
    is_word = len(before) > 1 and not before.isdigit()
    plainly = _LEADS_ON_PLAINLY.match(text, end) is not None
    return plainly if not before else is_word and (plainly or top in _CHINESE_ALONE)
