"""How many messages a second are rendered: joined here, by the child, by python-liquid alone.

    PYTHONPATH=. python bench/templates.py [--customers N]

One JSON line for each kind of template: {"bench", "value" (messages/s), "unit", "raw" (as much by
python-liquid in this process, without any bound), "ratio", "customers"}. A line
``template_hostile`` says what an endless template costs: seconds from asking to the answer.
"""

import argparse
import json
import time
from collections.abc import Callable

from campaigns.channels.base import Channel
from campaigns.content.parsing import parsed
from campaigns.content.render import compile_parts, render_batch
from campaigns.errors import TemplateError

PLAIN = (
    "【示例】{{ customer.name | default: '客户' }}您好，本期账单 {{ customer.aum }} 元 {{ link_0 }}"
)
HARD = (
    "{{ customer.name }}您好，{% if customer.risk == 'C3' %}稳健{% else %}其他{% endif %}："
    "{{ customer.aum | round: 2 }} {{ link_0 }}"
)
ENDLESS = (
    f"{{% assign n = {'9' * 4000} %}}{'{% assign n = n | times: n %}' * 4}"
    f"{{{{ n {'| times: n ' * 2000}}}}}"
)


def main() -> None:
    """Measure both kinds, then the worst."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    contexts = [person(number) for number in range(parser.parse_args().customers)]
    for name, source in {"plain": PLAIN, "by_the_engine": HARD}.items():
        compiled = compile_parts(Channel.SMS, {"text": source})
        template = parsed(source, html=False)
        value = rate(lambda compiled=compiled: render_batch(compiled, contexts), len(contexts))
        raw = rate(lambda t=template: [t.render(**each) for each in contexts], len(contexts))
        tell(f"template_{name}", value, "messages/s", raw, len(contexts))
    started = time.perf_counter()
    (done,) = render_batch(compile_parts(Channel.SMS, {"text": ENDLESS}), [{}])
    if not isinstance(done, TemplateError):
        raise SystemExit("the endless template came to an end")
    print(
        json.dumps(
            {
                "bench": "template_hostile",
                "value": round(time.perf_counter() - started, 3),
                "unit": "s",
                "required": 1.0,
            }
        )
    )


def person(number: int) -> dict[str, object]:
    """A context as dispatch makes it, with attributes that the templates don't use."""
    return {
        "customer": {
            "name": f"张{number}",
            "risk": f"C{number % 5 + 1}",
            "aum": number * 1.25,
            **{f"attribute_{name}": name for name in range(20)},
        },
        "link_0": "https://t.example.com/r/AAAAAAAAAAEAAAABq1w2e3r4t5y6",
    }


def rate(act: Callable[[], object], count: int) -> float:
    """Messages a second, the best of three."""
    act()
    best = 0.0
    for _ in range(3):
        started = time.perf_counter()
        act()
        best = max(best, count / (time.perf_counter() - started))
    return best


def tell(name: str, value: float, unit: str, raw: float, customers: int) -> None:
    """One line."""
    report = {"bench": name, "value": round(value), "unit": unit, "raw": round(raw)}
    print(json.dumps({**report, "ratio": round(value / raw, 2), "customers": customers}))


if __name__ == "__main__":
    main()
