"""Whether a parsed journey may go live: everything that is wrong with it, not only the first."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from campaigns.journeys import sentences
from campaigns.journeys.graph import Experiment, Graph
from campaigns.journeys.nodes.entry import Entry
from campaigns.journeys.nodes.exit import Exit
from campaigns.journeys.nodes.send import Send
from campaigns.journeys.nodes.wait import Wait
from campaigns.journeys.registry import KINDS
from compliance.sentences import Detail, Said, Sentence


class Severity(StrEnum):
    ERROR = "error"  # forbids publishing
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding: what is said about which node."""

    said: Said
    node: str
    severity: Severity = Severity.ERROR

    @property
    def code(self) -> str:
        """Stable reason."""
        return self.said.code


def problem(sentence: Sentence, node: str, /, **details: Detail) -> Problem:
    """An error at ``node``."""
    return Problem(said=Said(sentence=sentence, details=details), node=node)


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What the graph may name: segments, approved templates, channels with an account."""

    segments: frozenset[str]
    templates: Mapping[str, str]  # key of an approved template -> its channel
    channels: frozenset[str]


def assuming(references: References, graph: Graph, keys: Collection[str]) -> References:
    """As if these keys were there: segments, and templates with their channel's account."""
    sends = [
        node for node in graph.nodes.values() if isinstance(node, Send) and node.template in keys
    ]
    return References(
        segments=references.segments.union(keys),
        templates={**{node.template: node.channel for node in sends}, **references.templates},
        channels=references.channels.union(node.channel for node in sends),
    )


def check(graph: Graph, references: References) -> list[Problem]:
    """All problems, in the order of the nodes. Empty: it may be published."""
    return [
        *_ways_on(graph),
        *_reachable(graph),
        *_cycles(graph),
        *_experiments(graph),
        *_references(graph, references),
    ]


def _ways_on(graph: Graph) -> Iterator[Problem]:
    for node_id, node in graph.nodes.items():
        exits = _exits(graph, node_id)
        for label in graph.ways[node_id]:
            if label not in exits:
                yield problem(sentences.UNKNOWN_EXIT, node_id, id=node_id, label=label)
        missing = [label for label in exits if label not in graph.ways[node_id]]
        for label in missing:
            # A run without a way on ends there, which is allowed but seldom meant.
            said = sentences.OPEN_EXIT if label else sentences.OPEN_END
            open_exit = problem(said, node_id, id=node_id, label=label)
            yield replace(open_exit, severity=Severity.WARNING)
        if isinstance(node, Exit) and graph.ways[node_id]:
            yield problem(sentences.AFTER_EXIT, node_id)


def _reachable(graph: Graph) -> Iterator[Problem]:
    seen = reachable(graph, graph.entry)
    for node_id in graph.nodes:
        if node_id not in seen:
            yield problem(sentences.UNREACHABLE, node_id, id=node_id)
    if any(graph.entry in ways.values() for ways in graph.ways.values()):
        yield problem(sentences.BACK_TO_ENTRY, graph.entry)


def reachable(graph: Graph, start: str) -> set[str]:
    """``start`` and every node that some way leads to from it."""
    seen, stack = {start}, [start]
    while stack:
        for after in graph.ways[stack.pop()].values():
            if after not in seen:
                seen.add(after)
                stack.append(after)
    return seen


def _cycles(graph: Graph) -> Iterator[Problem]:
    """A node that can come back to itself without a bounded wait would run for ever."""
    if not graph.has_cycle:
        return
    bounded = {
        node_id
        for node_id, node in graph.nodes.items()
        if isinstance(node, Wait) and node.max_visits is not None
    }
    for node_id in graph.nodes:
        if node_id not in bounded and _returns(graph, node_id, avoiding=bounded):
            yield problem(sentences.ENDLESS_CYCLE, node_id, id=node_id)


def _returns(graph: Graph, start: str, *, avoiding: set[str]) -> bool:
    seen: set[str] = set()
    stack = list(graph.ways[start].values())
    while stack:
        node = stack.pop()
        if node == start:
            return True
        if node not in seen and node not in avoiding:
            seen.add(node)
            stack.extend(graph.ways[node].values())
    return False


def experiments(graph: Graph) -> dict[str, Experiment]:
    """The experiments of a graph by the node they stand at."""
    found: dict[str, Experiment] = {}
    for node_id, node in graph.nodes.items():
        experiment: Experiment | None = getattr(node, "experiment", None)
        if experiment is not None:
            found[node_id] = experiment
    return found


def _experiments(graph: Graph) -> Iterator[Problem]:
    """Arms of two nodes under one key could not be told apart in the report."""
    seen: set[str] = set()
    for node_id, experiment in experiments(graph).items():
        if experiment.key in seen:
            yield problem(sentences.EXPERIMENT_TWICE, node_id, key=experiment.key)
        seen.add(experiment.key)


def _references(graph: Graph, references: References) -> Iterator[Problem]:
    for node_id, node in graph.nodes.items():
        if isinstance(node, Entry) and node.segment and node.segment not in references.segments:
            yield problem(sentences.UNKNOWN_SEGMENT, node_id, key=node.segment)
        if not isinstance(node, Send):
            continue
        if node.channel not in references.channels:
            yield problem(sentences.NO_ACCOUNT, node_id, channel=node.channel)
        channel = references.templates.get(node.template)
        if channel is None:
            yield problem(sentences.TEMPLATE_NOT_APPROVED, node_id, key=node.template)
        elif channel != node.channel:
            details = {"key": node.template, "meant": channel, "channel": node.channel}
            yield problem(sentences.WRONG_CHANNEL, node_id, **details)


def _exits(graph: Graph, node_id: str) -> tuple[str, ...]:
    node = graph.nodes[node_id]
    for kind in KINDS.values():
        if type(node).__module__ == kind.step.__module__:
            return kind.exits(node)
    raise LookupError(f"no kind reads {type(node).__name__}")
