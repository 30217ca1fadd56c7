"""JSON in and out of the sandbox's HTTP side."""

from collections.abc import Mapping

import orjson
from aiohttp import web


def as_json(
    value: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return a JSON answer."""
    return web.Response(
        body=orjson.dumps(value), status=status, headers=headers, content_type="application/json"
    )


def as_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in `body`; anything else is an empty one."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def as_list(text: str) -> list[object]:
    """Return the JSON array in `text`; anything else is an empty one."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    return value if isinstance(value, list) else []
