"""Journey JSON to `Graph`. Every error carries a JSON pointer to its place."""

from collections.abc import Mapping

from campaigns.errors import GraphError
from campaigns.journeys import fields, sentences
from campaigns.journeys.graph import MAX_NAME, ONWARD, Goal, Graph, Json, Node
from campaigns.journeys.nodes.entry import Entry
from campaigns.journeys.registry import KINDS, SEND_SHORTHANDS
from segments.lifecycle.stages import Stage

MAX_ID = 64
MAX_NODES = 200
MAX_EDGES = 1000
_TOP = {
    "name",
    "goal",
    "reentry",
    "holdout_percent",
    "lifecycle",
    "priority",
    "nodes",
    "edges",
    "layout",
}
_PRIORITIES = ("marketing", "service", "statutory", "education", "protective")


def parse(raw: Json) -> Graph:
    """Read a journey; raises `GraphError` at the first thing that is wrong."""
    if not isinstance(raw, Mapping):
        raise GraphError(sentences.NOT_A_JOURNEY)
    fields.known_keys(raw, _TOP, "")
    fields.storable(raw)
    nodes = _nodes(raw.get("nodes"))
    entries = [node.id for node in nodes.values() if isinstance(node, Entry)]
    if len(entries) != 1:
        raise GraphError(sentences.ONE_ENTRY, "/nodes")
    ways = _ways(raw.get("edges"), nodes)
    return Graph(
        name=fields.text(raw, "name", "", default="journey"),
        entry=entries[0],
        nodes=nodes,
        ways=ways,
        priority=_priority(raw),
        reentry_days=_reentry(raw.get("reentry", "never")),
        holdout_percent=fields.number(raw, "holdout_percent", "", least=0, most=99)
        if "holdout_percent" in raw
        else 0.0,
        goal=_goal(raw.get("goal")),
        lifecycle=_lifecycle(raw),
        has_cycle=_has_cycle(entries[0], ways),
    )


def _nodes(raw: Json) -> dict[str, Node]:
    if not isinstance(raw, list) or not raw or len(raw) > MAX_NODES:
        raise GraphError(sentences.NO_NODES, "/nodes", most=MAX_NODES)
    nodes: dict[str, Node] = {}
    for index, item in enumerate(raw):
        path = f"/nodes/{index}"
        if not isinstance(item, Mapping):
            raise GraphError(sentences.NOT_A_NODE, path)
        node_id = fields.text(item, "id", path)
        if len(node_id) > MAX_ID:
            raise GraphError(sentences.ID_TOO_LONG, f"{path}/id", most=MAX_ID)
        if node_id in nodes:
            raise GraphError(sentences.ID_TAKEN, f"{path}/id", id=node_id)
        nodes[node_id] = _node(node_id, item, path)
    return nodes


def _node(node_id: str, item: Mapping[str, Json], path: str) -> Node:
    kind = fields.text(item, "type", path)
    if kind in SEND_SHORTHANDS:
        item, kind = {**item, "channel": kind}, "send"
    if kind not in KINDS:
        known = ", ".join(sorted({*KINDS, *SEND_SHORTHANDS}))
        raise GraphError(sentences.UNKNOWN_TYPE, f"{path}/type", type=kind, known=known)
    return KINDS[kind].parse(node_id, item, path)


def _ways(raw: Json, nodes: Mapping[str, Node]) -> dict[str, dict[str, str]]:
    if not isinstance(raw, list) or len(raw) > MAX_EDGES:
        raise GraphError(sentences.NO_EDGES, "/edges", most=MAX_EDGES)
    ways: dict[str, dict[str, str]] = {node_id: {} for node_id in nodes}
    for index, edge in enumerate(raw):
        path = f"/edges/{index}"
        is_edge = (
            isinstance(edge, list)
            and len(edge) in {2, 3}
            and all(isinstance(part, str) for part in edge)
        )
        if not is_edge:
            raise GraphError(sentences.NOT_AN_EDGE, path)
        start, end, label = edge[0], edge[1], edge[2] if len(edge) == 3 else ONWARD
        for part, name in enumerate((start, end)):
            if name not in nodes:
                raise GraphError(sentences.UNKNOWN_NODE, f"{path}/{part}", id=name)
        if label in ways[start]:
            raise GraphError(sentences.AMBIGUOUS, path, id=start, label=label)
        ways[start][label] = end
    return ways


def _priority(raw: Mapping[str, Json]) -> str:
    value = fields.text(raw, "priority", "", default="marketing")
    if value not in _PRIORITIES:
        raise GraphError(sentences.UNKNOWN_PRIORITY, "/priority", known=", ".join(_PRIORITIES))
    return value


def _lifecycle(raw: Mapping[str, Json]) -> tuple[str, ...]:
    """The stages the journey is valid for, by the words that segment rules use."""
    if "lifecycle" not in raw:
        return ()
    stages, known = raw["lifecycle"], [stage.value for stage in Stage]
    if not isinstance(stages, list) or not stages or any(one not in known for one in stages):
        raise GraphError(sentences.UNKNOWN_STAGES, "/lifecycle", known=", ".join(known))
    return tuple(stages)


def _reentry(raw: Json) -> int | None:
    if raw == "never":
        return None
    if raw == "after_exit":
        return 0
    if isinstance(raw, Mapping):
        fields.known_keys(raw, {"days"}, "/reentry")
        return fields.whole(raw, "days", "/reentry", least=1, most=3650)
    raise GraphError(sentences.UNKNOWN_REENTRY, "/reentry")


def _goal(raw: Json) -> Goal | None:
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise GraphError(sentences.NOT_A_GOAL, "/goal")
    fields.known_keys(raw, {"event", "within_days", "value", "margin", "visit_events"}, "/goal")
    visits = raw.get("visit_events", [])
    if not isinstance(visits, list) or not all(isinstance(name, str) and name for name in visits):
        raise GraphError(sentences.NOT_TEXTS, "/goal/visit_events", key="visit_events")
    margin = fields.number(raw, "margin", "/goal", least=0, most=1) if "margin" in raw else 1.0
    return Goal(
        event=fields.text(raw, "event", "/goal", most=MAX_NAME),
        within_days=fields.whole(raw, "within_days", "/goal", least=1, most=365),
        value=fields.text(raw, "value", "/goal") if "value" in raw else "",
        margin=f"{margin:.4f}",
        visit_events=tuple(visits),
    )


def _has_cycle(entry: str, ways: Mapping[str, Mapping[str, str]]) -> bool:
    """Depth-first, without recursion: a node met again while still open closes a cycle."""
    open_nodes: set[str] = set()
    closed: set[str] = set()
    stack: list[tuple[str, bool]] = [(entry, False)]
    while stack:
        node, leaving = stack.pop()
        if leaving:
            open_nodes.discard(node)
            closed.add(node)
        elif node in open_nodes:
            return True
        elif node not in closed:
            open_nodes.add(node)
            stack.append((node, True))
            for after in ways[node].values():
                if after in open_nodes:
                    return True
                stack.append((after, False))
    return False
