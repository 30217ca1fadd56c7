"""A journey's graph as boxes and lines on a plane, for a page to draw.

Nodes stand in layers, top down, by their longest way from the entry; lines that lead back up (a
cycle) run beside the boxes. Works on any graph, also on one that would not pass the checks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BOX_WIDTH, BOX_HEIGHT = 168, 48
GAP_X, GAP_Y, MARGIN = 28, 52, 24
TITLE_LENGTH = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One node; ``x`` and ``y`` are its upper left corner."""

    id: str
    kind: str
    title: str
    x: int
    y: int

    @property
    def middle(self) -> int:
        """Where text stands, across."""
        return self.x + BOX_WIDTH // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One edge: an SVG path and where its label stands."""

    path: str
    label: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The plane's size, its boxes and lines."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def draw(graph: Mapping[str, Any]) -> Drawing:
    """Lay the graph out; nodes or edges without usable ids are left away."""
    nodes = {
        node["id"]: node
        for node in graph.get("nodes", ())
        if isinstance(node, dict) and isinstance(node.get("id"), str)
    }
    edges = [_edge(edge) for edge in graph.get("edges", ()) if _joins(edge, nodes)]
    layers = _layers(list(nodes), edges)
    width = max((len(layer) for layer in layers), default=1) * (BOX_WIDTH + GAP_X) - GAP_X
    boxes = {
        box.id: box
        for depth, layer in enumerate(layers)
        for box in _row([nodes[name] for name in layer], depth, width)
    }
    return Drawing(
        width=width + 2 * MARGIN,
        height=len(layers) * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN,
        boxes=tuple(boxes.values()),
        lines=tuple(_line(boxes[start], boxes[end], label) for start, end, label in edges),
    )


def _joins(edge: object, nodes: Mapping[str, Any]) -> bool:
    return isinstance(edge, list) and len(edge) >= 2 and edge[0] in nodes and edge[1] in nodes


def _edge(edge: Sequence[Any]) -> tuple[str, str, str]:
    return edge[0], edge[1], str(edge[2]) if len(edge) > 2 else ""


def _layers(names: Sequence[str], edges: Sequence[tuple[str, str, str]]) -> list[list[str]]:
    depth = dict.fromkeys(names, 0)
    forward = _without_cycles(names, edges)
    for _round in names:  # the longest way has at most as many steps as there are nodes
        for start, end in forward:
            depth[end] = max(depth[end], depth[start] + 1)
    rows: list[list[str]] = [[] for _row in range(max(depth.values(), default=-1) + 1)]
    for name in names:
        rows[depth[name]].append(name)
    return rows


def _without_cycles(
    names: Sequence[str], edges: Sequence[tuple[str, str, str]]
) -> list[tuple[str, str]]:
    """The edges that do not lead back to a node that comes before them."""
    ahead: dict[str, list[str]] = {name: [] for name in names}
    for start, end, _label in edges:
        ahead[start].append(end)
    kept: list[tuple[str, str]] = []
    finished: set[str] = set()
    for root in names:
        under_way, stack = {root}, [(root, iter(ahead[root]))]
        while stack and root not in finished:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                under_way.discard(name)
                finished.add(name)
                continue
            if following in under_way:
                continue
            kept.append((name, following))
            if following not in finished:
                under_way.add(following)
                stack.append((following, iter(ahead[following])))
    return kept


def _row(nodes: Sequence[Mapping[str, Any]], depth: int, width: int) -> list[Box]:
    used = len(nodes) * (BOX_WIDTH + GAP_X) - GAP_X
    left = MARGIN + (width - used) // 2
    return [
        Box(
            id=node["id"],
            kind=str(node.get("type", "")),
            title=_title(node),
            x=left + place * (BOX_WIDTH + GAP_X),
            y=MARGIN + depth * (BOX_HEIGHT + GAP_Y),
        )
        for place, node in enumerate(nodes)
    ]


def _title(node: Mapping[str, Any]) -> str:
    said = node.get("template") or node.get("segment") or node.get("event") or node["id"]
    text = str(said)
    return text if len(text) <= TITLE_LENGTH else text[: TITLE_LENGTH - 1] + "…"


def _line(start: Box, end: Box, label: str) -> Line:
    if end.y > start.y:
        x1, y1, x2, y2 = start.middle, start.y + BOX_HEIGHT, end.middle, end.y
        bend = (y1 + y2) // 2
        path = f"M{x1} {y1} C{x1} {bend} {x2} {bend} {x2} {y2}"
        return Line(path=path, label=label, x=(x1 + x2) // 2, y=bend + 4)
    x1, y1 = start.x + BOX_WIDTH, start.y + BOX_HEIGHT // 2
    x2, y2 = end.x + BOX_WIDTH, end.y + BOX_HEIGHT // 2
    out = max(x1, x2) + GAP_X // 2
    path = f"M{x1} {y1} C{out} {y1} {out} {y2} {x2} {y2}"
    return Line(path=path, label=label, x=out, y=(y1 + y2) // 2)
