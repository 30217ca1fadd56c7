"""Read a template once, and refuse at once what would fail at the first customer's message."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, Final

from liquid import BoundTemplate, Environment
from liquid.ast import Node
from liquid.builtin.expressions.arguments import KeywordArgument
from liquid.builtin.expressions.filtered import Filter, FilteredExpression
from liquid.builtin.expressions.primitive import IntegerLiteral, RangeLiteral
from liquid.expression import Expression

from campaigns.content.language import FORBIDDEN_FILTERS, LONGEST_RANGE, Refused, environment

_HANDED: Final = frozenset({"environment", "context"})
_TEXT: Final = environment(autoescape=False)
_HTML: Final = environment(autoescape=True)


@lru_cache(maxsize=64)
def parsed(source: str, html: bool) -> BoundTemplate:
    """The template, if nothing is wrong with it; raises `LiquidError` or `RecursionError`."""
    template = (_HTML if html else _TEXT).from_string(source)
    for name, spans in template.analyze().filters.items():
        if name in FORBIDDEN_FILTERS:
            raise Refused("forbidden", name, spans[0].index)
        if name not in template.env.filters:
            raise Refused("unknown_filter", name, spans[0].index)
    for expression in _expressions(template.nodes):
        if isinstance(expression, RangeLiteral):
            _bounded(expression)
        if isinstance(expression, FilteredExpression):
            for used in expression.filters or ():
                _refuse_wrong_arguments(template.env, used)
    return template


def _expressions(nodes: Iterable[Node]) -> Iterator[Expression]:
    """Every expression of the template, however deep it stands."""
    waiting: list[Any] = list(nodes)
    while waiting:
        found = waiting.pop()
        if isinstance(found, Expression):
            yield found
            waiting += found.children()
        else:
            waiting += [*found.children(None, include_partials=False), *found.expressions()]


def _refuse_wrong_arguments(env: Environment, used: Filter) -> None:
    """The library notices when the first customer's message is rendered; its author should know.

    A ``default`` without a value would leave the blank that it is there to prevent.
    """
    index = used.token.start_index
    if used.name == "default" and not used.args:
        raise Refused("arguments", used.name, index)
    named = {argument.name for argument in used.args if isinstance(argument, KeywordArgument)}
    unnamed = [argument for argument in used.args if not isinstance(argument, KeywordArgument)]
    try:
        signature = _signature(env.filters[used.name])
        signature.bind(None, *unnamed, **dict.fromkeys(named))
    except TypeError as error:
        raise Refused("arguments", used.name, index) from error


@cache
def _signature(function: Callable[..., object]) -> inspect.Signature:
    """What a filter takes of a template: not what the library hands it."""
    found = inspect.signature(function)
    own = [each for name, each in found.parameters.items() if name not in _HANDED]
    return found.replace(parameters=own)


def _bounded(found: RangeLiteral) -> None:
    """A range in a filter escapes all limits of the library; so each must show its length."""
    start, stop, index = found.start, found.stop, found.token.start_index
    if not (isinstance(start, IntegerLiteral) and isinstance(stop, IntegerLiteral)):
        raise Refused("range", "", index)
    if stop.value - start.value >= LONGEST_RANGE:
        raise Refused("limit", "range", index)
