"""Every node kind the engine knows, by the ``type`` that names it."""

from typing import Final

from campaigns.journeys.graph import Kind
from campaigns.journeys.nodes import branch, entry, exit, send, split, wait

KINDS: Final[dict[str, Kind]] = {
    "entry": entry.KIND,
    "send": send.KIND,
    "wait": wait.KIND,
    "branch": branch.KIND,
    "split": split.KIND,
    "exit": exit.KIND,
}

# ``{"type": "sms", …}`` is short for ``{"type": "send", "channel": "sms", …}``.
SEND_SHORTHANDS: Final = frozenset({"sms", "push", "email", "wecom", "in_app"})
