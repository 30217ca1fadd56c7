"""``send``: queue a touch on a channel with an approved template, and go on."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.journeys import fields
from campaigns.journeys.graph import ONWARD, Arrival, Json, Kind, Leave, Node, Step
from campaigns.journeys.graph import Send as SendEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Node):
    channel: str
    template: str
    product: str = ""


def parse(node_id: str, raw: Mapping[str, Json], path: str) -> Send:
    fields.known_keys(raw, {"channel", "template", "product"}, path)
    return Send(
        id=node_id,
        channel=fields.text(raw, "channel", path),
        template=fields.text(raw, "template", path),
        product=fields.text(raw, "product", path, most=64) if "product" in raw else "",
    )


def exits(node: Node) -> tuple[str, ...]:
    return (ONWARD,)


def step(node: Node, arrival: Arrival) -> Step:
    assert isinstance(node, Send)
    effect = SendEffect(
        node=node.id,
        visit=arrival.visit,
        channel=node.channel,
        template=node.template,
        product=node.product,
    )
    return Leave(effects=(effect,))


KIND = Kind(parse=parse, exits=exits, step=step)
