"""Reading a node's JSON: each reader takes the object and a JSON pointer, or raises with it."""

import math
from collections.abc import Collection, Mapping

from campaigns.errors import GraphError
from campaigns.journeys.graph import Experiment, Json


def known_keys(raw: Mapping[str, Json], allowed: Collection[str], path: str) -> None:
    """Refuse keys nobody reads: a misspelt one would otherwise be silently ignored."""
    for key in raw:
        if key not in allowed and key not in {"id", "type"}:
            hint = ", ".join(sorted(allowed)) or "none"
            raise GraphError("unknown_key", f"Unknown key “{key}”. Known: {hint}.", f"{path}/{key}")


def text(raw: Mapping[str, Json], key: str, path: str, *, default: str | None = None) -> str:
    """A non-empty string of at most 200 characters."""
    value = raw.get(key, default)
    if not isinstance(value, str) or not value or len(value) > 200:
        raise GraphError("not_a_text", f"“{key}” must be a text.", f"{path}/{key}")
    return value


def number(raw: Mapping[str, Json], key: str, path: str, *, least: float, most: float) -> float:
    """A finite number within bounds."""
    value = raw.get(key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not least <= value <= most:
        raise GraphError(
            "not_in_range",
            f"“{key}” must be a number from {least:g} to {most:g}.",
            f"{path}/{key}",
        )
    return float(value)


def experiment(
    raw: Mapping[str, Json], arms: Mapping[str, float], path: str
) -> Experiment | None:
    """The node's ``experiment``: a key, or an object with key, name, control and weights."""
    value = raw.get("experiment")
    if value is None:
        return None
    at = f"{path}/experiment"
    given: Mapping[str, Json] = {"key": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        raise GraphError("not_an_object", "“experiment” must be a key or an object.", at)
    known_keys(given, {"key", "name", "control", "weights"}, at)
    key = text(given, "key", at)
    control = text(given, "control", at, default=next(reversed(arms)))
    weights = given.get("weights", dict(arms))
    if control not in arms:
        raise GraphError("unknown_arm", f"No arm is called “{control}”.", f"{at}/control")
    if not isinstance(weights, Mapping) or set(weights) != set(arms):
        raise GraphError("unknown_arm", "“weights” must name every arm.", f"{at}/weights")
    shares = {arm: number(weights, arm, f"{at}/weights", least=0, most=1e6) for arm in arms}
    total = sum(shares.values())
    if total <= 0:
        raise GraphError("no_weight", "At least one arm needs a weight.", f"{at}/weights")
    return Experiment(
        key=key,
        name=text(given, "name", at, default=key),
        control=control,
        weights={arm: share / total for arm, share in shares.items()},
    )
