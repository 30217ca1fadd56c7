"""Which fields a seed's own rule speaks of: a model given them would only find the rule again."""

from collections.abc import Mapping
from typing import Final

from segments.vocabulary import LOGINS

# Fields made of the same figures: whoever names one gives the others away.
KIN: Final = (
    frozenset({"total_asset", "avg20_asset", "asset_tier", "rfm_m", "rfm_segment", "hnw"}),
    frozenset(
        {
            *("rfm_r", "rfm_f", "rfm_segment", "persona", "persona_why", "hnw", "lifecycle"),
            *("trades_30d", "trades_1y", "last_trade_days", "turnover_1y"),
        }
    ),
    frozenset({"net_inflow_30d", "large_in", "large_out", "peak_ratio", "rfm_r", "lifecycle"}),
    frozenset({"aum_product", "holds_mmf", "persona", "persona_why"}),
    frozenset({"twr_1y", "max_dd_1y", "vol_1y"}),
    frozenset({"win_rate", "pl_ratio", "disposition", "avg_hold_days"}),
    frozenset({"age", "birth_on", "age_band"}),
    frozenset({"risk_valid_until", "assess_days_left"}),
    frozenset({"city", "region"}),
    frozenset({"src_channel", "src_campaign"}),
)
# What is made of any event at all, of those of a name, and of touches.
OF_ANY_EVENT: Final = frozenset({"active_days_30"})
OF_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "fund_viewed": frozenset({"fund_browse_7d"}),
    "fund_redeemed": frozenset({"lifecycle"}),
    "search": frozenset({"top_query"}),
    "push_toggle": frozenset({"push_enabled"}),
    "chat_message": frozenset({"cs_topic"}),
    "account_step": frozenset({"app_abandoned"}),
    "complaint": frozenset({"complaint_90d"}),
    **dict.fromkeys(LOGINS, frozenset({"last_login_days", "lifecycle"})),
}
OF_TOUCHES: Final = frozenset(
    {"open_rate_90d", "sms_resp_90d", "channel_affinity", "best_hour", "fatigue"}
)


def leaking_fields(
    rule: object,
    rules: Mapping[str, object],
    aliases: Mapping[str, str],
    *,
    tags: Mapping[str, object],
) -> frozenset[str]:
    """The fields that a rule names, itself or through other segments and tags, their kin, and what
    is made of the events and touches that it asks about.

    Parameters
    ----------
    rules : the rules of all segments by key
    aliases : other names of fields
    tags : the rules of the tags that have one, by the tag's key
    """
    named: set[str] = set()
    seen: set[tuple[str, str]] = set()
    stack = [rule]
    while stack:
        match stack.pop():
            case list() as nodes:
                stack.extend(nodes)
            case dict() as node:
                named |= _named_by(node, aliases)
                for kind, known in (("segment", rules), ("tag", tags)):
                    key = node.get(kind)
                    if isinstance(key, str) and (kind, key) not in seen:
                        seen.add((kind, key))
                        stack.append(known.get(key))
                stack.extend(node.values())
            case _:
                continue
    kin = [family for family in KIN if family & named]
    return frozenset(named).union(*kin)


def _named_by(node: Mapping[str, object], aliases: Mapping[str, str]) -> set[str]:
    """What one condition, or one part of it, speaks of."""
    named: set[str] = set()
    if isinstance(name := node.get("field"), str):
        named.add(aliases.get(name, name))
    if "lifecycle" in node:
        named.add("lifecycle")
    if "touch" in node:
        named |= OF_TOUCHES
    if isinstance(event := node.get("event"), str):
        named |= OF_ANY_EVENT | OF_EVENTS.get(event, frozenset())
    return named
