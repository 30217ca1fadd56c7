"""Reading a node's JSON: each reader takes the object and a JSON pointer, or raises with it."""

import math
from collections.abc import Collection, Mapping

from campaigns.errors import GraphError
from campaigns.journeys import sentences
from campaigns.journeys.graph import MAX_KEY, MAX_LABEL, MAX_NAME, Experiment, Json

_LARGEST = 1e15  # whole numbers beyond it have no exact float


def known_keys(raw: Mapping[str, Json], allowed: Collection[str], path: str) -> None:
    """Refuse keys nobody reads: a misspelt one would otherwise be silently ignored."""
    for key in raw:
        if key not in allowed and key not in {"id", "type"}:
            known = ", ".join(sorted(allowed))
            said = sentences.UNKNOWN_KEY if known else sentences.NO_KEYS
            raise GraphError(said, pointer(path, key), key=key, known=known)


def pointer(path: str, key: str | int) -> str:
    """The pointer one step further, escaped as RFC 6901 asks."""
    return f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"


def storable(raw: Json) -> None:
    """Refuse what PostgreSQL cannot store as JSON: NUL, half surrogates, NaN, infinity."""
    stack: list[tuple[Json, str]] = [(raw, "")]
    while stack:
        value, path = stack.pop()
        match value:
            case str():
                _require_storable(_is_storable(value), path)
            case float():
                _require_storable(math.isfinite(value), path)
            case Mapping():
                for key, inner in value.items():
                    at = pointer(path, key)
                    _require_storable(_is_storable(str(key)), at)
                    stack.append((inner, at))
            case list():
                stack.extend((inner, pointer(path, index)) for index, inner in enumerate(value))


def _is_storable(text: str) -> bool:
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text)


def _require_storable(holds: bool, path: str) -> None:
    if not holds:
        raise GraphError(sentences.NOT_STORABLE, path)


def text(
    raw: Mapping[str, Json], key: str, path: str, *, default: str | None = None, most: int = 200
) -> str:
    """A non-empty string of at most ``most`` characters."""
    value = raw.get(key, default)
    if not isinstance(value, str) or not value:
        raise GraphError(sentences.NOT_A_TEXT, f"{path}/{key}", key=key)
    if len(value) > most:
        raise GraphError(sentences.TOO_LONG, f"{path}/{key}", key=key, most=most)
    return value


def label(value: str, path: str) -> str:
    """An exit's name, as hops and exposures store it."""
    if not 0 < len(value) <= MAX_LABEL:
        raise GraphError(sentences.BAD_LABEL, path, most=MAX_LABEL)
    return value


def number(raw: Mapping[str, Json], key: str, path: str, *, least: float, most: float) -> float:
    """A finite number within bounds."""
    value = raw.get(key)
    figure = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST:
        figure = float(value)
    if not least <= figure <= most:
        raise GraphError(
            sentences.NOT_IN_RANGE, pointer(path, key), key=key, least=least, most=most
        )
    return figure


def whole(raw: Mapping[str, Json], key: str, path: str, *, least: int, most: int) -> int:
    """A number without a fraction within bounds; 2.0 is one."""
    figure = number(raw, key, path, least=least, most=most)
    if figure != int(figure):
        raise GraphError(sentences.NOT_WHOLE, pointer(path, key), key=key)
    return int(figure)


def experiment(raw: Mapping[str, Json], arms: Mapping[str, float], path: str) -> Experiment | None:
    """The node's ``experiment``: a key, or an object with key, name, control and weights."""
    value = raw.get("experiment")
    if value is None:
        return None
    at = f"{path}/experiment"
    given: Mapping[str, Json] = {"key": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        raise GraphError(sentences.NOT_AN_EXPERIMENT, at)
    known_keys(given, {"key", "name", "control", "weights"}, at)
    key = text(given, "key", at, most=MAX_KEY)
    control = text(given, "control", at, default=list(arms)[-1])
    weights = given.get("weights", dict(arms))
    if control not in arms:
        raise GraphError(sentences.UNKNOWN_ARM, f"{at}/control", arm=control)
    if not isinstance(weights, Mapping) or set(weights) != set(arms):
        raise GraphError(sentences.EVERY_ARM, f"{at}/weights")
    shares = {arm: number(weights, arm, f"{at}/weights", least=0, most=1e6) for arm in arms}
    total = sum(shares.values())
    if total <= 0:
        raise GraphError(sentences.NO_WEIGHT, f"{at}/weights")
    return Experiment(
        key=key,
        name=text(given, "name", at, default=key, most=MAX_NAME),
        control=control,
        weights={arm: share / total for arm, share in shares.items()},
    )
