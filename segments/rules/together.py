"""Several statements as one, so that many rules of few customers cost few plans.

Rules that marketers write differ mostly in their values: the text that `compile` makes of two of
them is the same. Such statements are planned once and run over a table of their values. Times stay
constants, since they decide which months of the ledger are read and need be planned at all.
"""

import json
import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from segments.rules.operands import Parameter
from segments.rules.statement import Fragment

# As `Parameters.bind` writes them: %(p1)s::bigint[]
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s::([a-z]+(?:\[\])?)")
_TIMES: Final = frozenset({"timestamptz", "date"})

_Shape: TypeAlias = tuple[str, tuple[tuple[str, Parameter], ...]]


def together(fragments: Mapping[int, Fragment]) -> Fragment:
    """One SELECT of `place` (the key in `fragments`, at least one) and the columns of each.

    All of them select the same columns. Each is run by itself, for one place after the other:
    OFFSET 0 keeps the planner from joining the customers of one with those of another.
    """
    shapes: dict[_Shape, list[dict[str, object]]] = {}
    for place, fragment in fragments.items():
        casts = dict(_PLACEHOLDER.findall(fragment.sql))
        times = {name: fragment.params[name] for name in casts if casts[name] in _TIMES}
        values = {name: fragment.params[name] for name in casts if name not in times}
        shape = (fragment.sql, tuple(times.items()))
        shapes.setdefault(shape, []).append({"place": place, **values})
    parts, params = [], dict[str, Parameter]()
    for number, ((sql, times_of), rows) in enumerate(shapes.items()):
        parts.append(_over_rows(sql, f"g{number}_"))
        params |= {f"g{number}_{name}": time for name, time in times_of}
        params[f"g{number}_rows"] = json.dumps(rows, default=str)
    return Fragment(sql="\nUNION ALL\n".join(parts), params=params)


def _over_rows(sql: str, prefix: str) -> str:
    """The statement for each row of its values; `prefix` begins the names of what is bound."""
    casts = dict(_PLACEHOLDER.findall(sql))
    columns = [f"{name} {cast}" for name, cast in casts.items() if cast not in _TIMES]

    def written(found: re.Match[str]) -> str:
        name, cast = found.groups()
        return f"%({prefix}{name})s::{cast}" if cast in _TIMES else f"given.{name}"

    return (
        f"SELECT given.place, found.*\nFROM json_to_recordset(%({prefix}rows)s::json)"
        f" AS given ({', '.join(['place bigint', *columns])})"
        f"\nCROSS JOIN LATERAL (\n{_PLACEHOLDER.sub(written, sql)}\nOFFSET 0\n) found"
    )
