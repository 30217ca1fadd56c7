"""What `why` tells of the customers of a chaos run, against an evaluation of its own.

`TOUCHSTONE_SPACE=… python -m tests.chaos.recompute HOW_MANY SEED` reads the raw rows by plain
SELECTs, evaluates rule, graph and gates in plain Python, and prints one JSON document:
`{"customers", "differences"}`. Nothing of the product is used but `why` itself.
"""

import json
import random
import sys
from collections import defaultdict
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402 - Django's registry comes first

from attribution.reports.why import Decision, decisions  # noqa: E402


def table(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def expected() -> dict[int, dict[str, Any]]:
    """By customer: his journey, the nodes he passes, and each touch's end by node."""
    people = table("SELECT id, attributes::text FROM customers_customer")
    consents: dict[tuple[int, str], str] = {}
    for person, channel, state in table(
        "SELECT customer_id, channel, state FROM customers_consent"
        " WHERE purpose = 'marketing' ORDER BY at, id"
    ):
        consents[person, channel] = state
    kept = {
        (person, node): (touch, str(key), state, reason)
        for touch, person, node, key, state, reason in table(
            "SELECT id, customer_id, node, key, state, reason FROM campaigns_touch"
        )
    }
    judged_before = dict(
        table("SELECT touch_id, count(*) FROM campaigns_earlierjudgement GROUP BY touch_id")
    )
    receipts: dict[tuple[int, str], list[str]] = defaultdict(list)
    for person, node, kind in table(
        "SELECT t.customer_id, t.node, r.kind FROM campaigns_receipt r"
        " JOIN campaigns_touch t ON t.id = r.touch_id ORDER BY r.at, r.id"
    ):
        receipts[person, node].append(kind)
    graphs = {
        key: json.loads(graph)
        for key, graph in table(
            "SELECT j.key, v.graph::text FROM campaigns_journey j"
            " JOIN campaigns_journeyversion v ON v.id = j.live_id"
        )
    }
    found = {}
    for person, attributes in people:
        values = json.loads(attributes)
        journey = f"chaos-{int(values['wave'])}"
        nodes = walk(graphs[journey], values)
        touches = []
        for node in nodes:
            if node not in ("email", "sms", "push"):
                continue
            touch, key, state, reason = kept[person, node]
            gate = {"granted": "", "withdrawn": "consent_withdrawn"}.get(
                consents.get((person, node), ""), "no_consent"
            )
            touches.append(
                {
                    "node": node,
                    "key": key,
                    "gate": gate,
                    "judgements": 1 + judged_before.get(touch, 0),
                    "is_handed": not gate,
                    "answer": "" if gate else ("ambiguous" if state == "ambiguous" else "accepted"),
                    "receipts": receipts[person, node],
                    "reason": gate or reason,
                }
            )
        found[person] = {"journey": journey, "nodes": nodes, "touches": touches}
    return found


def walk(graph: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """The nodes a customer leaves, in order; this graph's only rule is `sends > number`."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    here, passed = "in", []
    while nodes[here]["type"] != "exit":
        passed.append(here)
        label = ""
        if nodes[here]["type"] == "branch":
            rule = nodes[here]["cases"][0]["rule"]
            assert (rule["field"], rule["op"]) == ("sends", "gt")
            label = "more" if values["sends"] > rule["value"] else "else"
        here = next(
            edge[1] for edge in graph["edges"] if edge[0] == here and [*edge, ""][2] == label
        )
    return passed


def told(steps: list[Decision]) -> dict[str, Any]:
    """The same figures as `why` tells them."""
    by: dict[tuple[str, str], list[Decision]] = defaultdict(list)
    for step in steps:
        by[step.kind, str(step.facts.get("node", ""))].append(step)
    (entered,) = by["entered", ""]
    touches = []
    for step in (step for step in steps if step.kind == "queued"):
        node = step.facts["node"]
        # What became known at last: an outcome that was unknown before is told, too.
        answers = (by["accepted", node] or by["ambiguous", node])[-1:]
        *_, judged = by["judged", node]
        touches.append(
            {
                "node": node,
                "key": step.facts["key"],
                "gate": judged.code,
                "judgements": len(by["judged", node]),
                "is_handed": bool(by["handed_over", node]),
                "answer": answers[0].kind if answers else "",
                "receipts": [one.code for one in by["receipt", node]],
                "reason": judged.code or "".join(one.code for one in answers),
            }
        )
    return {
        "journey": entered.journey,
        "nodes": [step.facts["node"] for step in steps if step.kind == "hop"],
        "touches": touches,
    }


def compare(how_many: int, seed: int) -> dict[str, Any]:
    """Random customers, at most all; each difference with both versions."""
    right = expected()
    chosen = random.Random(seed).sample(sorted(right), min(how_many, len(right)))
    found = decisions(chosen)
    differences = [
        {"customer": person, "expected": right[person], "told": told(found[person])}
        for person in chosen
        if told(found[person]) != right[person]
    ]
    return {"customers": len(chosen), "differences": differences}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(compare(int(sys.argv[1]), int(sys.argv[2]))))
