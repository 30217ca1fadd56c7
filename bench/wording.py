"""What the wording scan of one message costs, beside a bare automaton pass over the same text.

    PYTHONPATH=. python bench/wording.py [--seconds S]

Three kinds of message: a clean text message (the usual case), one full of hits, denials and
disguises, and a clean e-mail of 3 000 characters; each time to another customer, since the pieces
that messages share are scanned once. One JSON line each: {"bench", "value" (median milliseconds of
a message), "unit", "p99", "whole" (the same with nothing kept), "own" (value with 200 terms and 50
patterns that officers added), "raw" (milliseconds of the bare pass), "ratio" (raw to value),
"characters", "hits", "required"}. ``cold`` is the first scan of a process, rules read and compiled.
"""

import argparse
import itertools
import json
import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("TOUCHSTONE_NO_SERVERS", "1")

import ahocorasick
import django

django.setup()

from compliance.rulebook.shipped import shipped_wordbook  # noqa: E402
from compliance.scan import scan_wording, shipped_scanner  # noqa: E402
from compliance.wording.amend import Addition, Explanation, History, Lexicon  # noqa: E402
from compliance.wording.lexicon import Scope, Severity  # noqa: E402
from compliance.wording.verdict import Verdict  # noqa: E402

TODAY = date(2026, 11, 22)
SCOPE = Scope(on=TODAY)
REQUIRED_MS = 2.0
CLEAN = (
    "【示例证券】尊敬的客户，您关注的基金本周发布季度报告，详情见 https://s.example.com/r/Ab12Cd "
    "投资有风险，入市需谨慎，风险由投资者自行承担。拒收请回复R"
)
GUILTY = (
    "【示例证券】亻呆本穩賺不賠！本产品非保本，但我们保 本 保 息，O风险，baoben，饱本；"
    "不承诺收益，仅剩最后机会，抢购从速 https://s.example.com/r/Ab12Cd 拒收请回复R"
)
LETTER = (
    "尊敬的客户：感谢您一直以来的支持。本期月报介绍市场回顾、资产配置与投资者教育内容，"
    "请您结合自身情况阅读。基金有风险，投资须谨慎，投资者应自行承担投资风险。\n"
)
MESSAGES = {"clean_sms": CLEAN, "guilty_sms": GUILTY, "clean_email": (LETTER * 50)[:3000]}


def main() -> None:
    """Measure each message, with and without its product known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each measurement")
    told = parser.parse_args()
    started = time.perf_counter()
    scan_wording(text=CLEAN, on=TODAY)
    cold = (time.perf_counter() - started) * 1000
    automaton = bare_automaton()
    for name, text in MESSAGES.items():
        scan = scan_wording(text=text, on=TODAY, product="public_fund", channel="sms")
        personal = (f"客户{number}，{text}" for number in itertools.count())
        times = measure(
            lambda personal=personal: scan_wording(
                text=next(personal), on=TODAY, product="public_fund", channel="sms"
            ),
            told.seconds,
        )
        whole = measure(
            lambda personal=personal: shipped_scanner().hits_of_whole(next(personal), scope=SCOPE),
            told.seconds,
        )
        own = measure(
            lambda personal=personal: scan_wording(
                text=next(personal),
                on=TODAY,
                product="public_fund",
                channel="sms",
                lexicon=OFFICERS,
            ),
            told.seconds,
        )
        raw = statistics.median(measure(lambda text=text: list(automaton.iter(text)), told.seconds))
        value = statistics.median(times)
        report = {
            "bench": f"wording_{name}",
            "value": round(value, 4),
            "unit": "ms/message",
            "p99": round(statistics.quantiles(times, n=100)[98], 4),
            "whole": round(statistics.median(whole), 4),
            "own": round(statistics.median(own), 4),
            "raw": round(raw, 4),
            "ratio": round(raw / value, 3),
            "characters": len(text),
            "hits": len(scan.hits),
            "required": REQUIRED_MS,
            "cold": round(cold, 1),
        }
        print(json.dumps(report), flush=True)


def _added(number: int, text: str, *, is_pattern: bool) -> Addition:
    return Addition(
        version=number,
        decided_at=datetime(2026, 1, 1, tzinfo=UTC),
        rule_id=f"W-{number}",
        text=text,
        is_pattern=is_pattern,
        category="A1",
        severity=Severity.ORANGE,
        verdict=Verdict.BLOCK,
        basis="",
        products=frozenset(),
        neutral=(),
        effective_from=TODAY,
        effective_to=None,
        explanation=Explanation(en="", zh=""),
    )


def _officers() -> Lexicon:
    """Terms that are nowhere, and patterns whose first words stand in every message."""
    terms = [_added(number, f"新词{number}号", is_pattern=False) for number in range(1, 201)]
    patterns = [
        _added(number, f"[基金|投资|风险]{{6}}[自行|市场|收益]{{9}}赢{number}", is_pattern=True)
        for number in range(201, 251)
    ]
    history = History(name="bench", changes=(*terms, *patterns))
    return Lexicon(history=history, version=len(history.changes))


OFFICERS = _officers()


def bare_automaton() -> ahocorasick.Automaton:
    """All terms as they are listed, nothing undone."""
    automaton = ahocorasick.Automaton()
    for term in shipped_wordbook().terms:
        automaton.add_word(term.text, term.rule_id)
    automaton.make_automaton()
    return automaton


def measure(act: Callable[[], object], seconds: float) -> list[float]:
    """Milliseconds of each call, for so many seconds."""
    act()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return times


if __name__ == "__main__":
    main()
