"""What other jurisdictions ask beyond the house's own rules: `jurisdictions.json` as values.

The gates are the same everywhere; a customer's region says by whose numbers they judge him.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from compliance.contact import Window, read_hours
from compliance.errors import RulesRefused
from compliance.rulebook.rule import Rule, is_shaped
from compliance.sentences import Sentence

ANYWHERE: Final = "*"
CHANNEL: Final = "channel"  # who withdraws from one channel may be written to by the others
ALL: Final = "all"  # an objection to marketing holds for every channel

SHAPE: Final = Sentence(
    code="jurisdiction_shape",
    en="{rule}: “regions” and “written” are lists, “hours” has pairs of times by channel,"
    " “objection” is channel or all, “suitability” has numbers by rule.",
    zh="{rule}：“regions”与“written”须为列表，“hours”按渠道列出时段，“objection”须为 channel 或"
    " all，“suitability”按规则列出参数。",
)
NO_DEFAULT: Final = Sentence(
    code="jurisdiction_default",
    en="Exactly one jurisdiction in force must have the region *: it counts for all others.",
    zh="必须有且仅有一个生效的法域其“regions”为 *，适用于其余所有地区。",
)
TWICE: Final = Sentence(
    code="jurisdiction_twice",
    en="{rule}: the region {region} belongs to another jurisdiction already.",
    zh="{rule}：地区 {region} 已属于另一法域。",
)
NUMBERS: Final = Sentence(
    code="jurisdiction_numbers",
    en="{rule}: “suitability” names something that {number} does not have, or in another shape.",
    zh="{rule}：“suitability”中 {number} 的参数不存在或结构不符。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdiction:
    """One pack of numbers.

    ``hours`` by channel stand in place of the house's; ``written``: the channels of consent for
    which marketing needs it in writing; ``is_objection_absolute``: a withdrawal from one channel
    holds for all; ``suitability``: numbers in place of the house's, by rule.
    """

    rule_id: str
    regions: frozenset[str]
    hours: Mapping[str, Window] = field(default_factory=dict)
    written: frozenset[str] = frozenset()
    is_objection_absolute: bool = False
    suitability: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def suited(self, rules: Mapping[str, Rule]) -> Mapping[str, Rule]:
        """The rules of suitability with this jurisdiction's numbers."""
        if not self.suitability:
            return rules
        return {
            rule_id: replace(rule, params={**rule.params, **self.suitability.get(rule_id, {})})
            for rule_id, rule in rules.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdictions:
    """All that are in force, by region; ``default`` counts for everybody else."""

    by_region: Mapping[str, Jurisdiction]
    default: Jurisdiction

    def of(self, region: str | None) -> Jurisdiction:
        """The customer's: by his region, else by the country it begins with (US-FL, then US)."""
        name = _normal(region or "")
        found = self.by_region.get(name) or self.by_region.get(name.partition("-")[0])
        return found or self.default


def read_jurisdictions(rules: Iterable[Rule]) -> Jurisdictions:
    """Jurisdictions out of the rules in force. Raises `RulesRefused`, naming the rule."""
    by_region: dict[str, Jurisdiction] = {}
    for rule in rules:
        one = _jurisdiction(rule)
        for region in one.regions:
            if region in by_region:
                raise RulesRefused(
                    NO_DEFAULT if region == ANYWHERE else TWICE, rule=rule.rule_id, region=region
                )
            by_region[region] = one
    if ANYWHERE not in by_region:
        raise RulesRefused(NO_DEFAULT)
    return Jurisdictions(by_region=by_region, default=by_region[ANYWHERE])


def require_numbers(found: Jurisdictions, rules: Iterable[Rule]) -> None:
    """Refuse numbers for rules or under names that suitability does not know.

    Raises `RulesRefused`, naming the rule.
    """
    known = {rule.rule_id: rule.params for rule in rules}
    for one in found.by_region.values():
        for rule_id, own in one.suitability.items():
            model = known.get(rule_id, {})
            if not all(name in model and is_shaped(own[name], model[name]) for name in own):
                raise RulesRefused(NUMBERS, rule=one.rule_id, number=rule_id)


def _jurisdiction(rule: Rule) -> Jurisdiction:
    params = rule.params
    try:
        if params["objection"] not in (CHANNEL, ALL):
            raise RulesRefused(SHAPE, rule=rule.rule_id)
        return Jurisdiction(
            rule_id=rule.rule_id,
            regions=frozenset(_normal(region) for region in params["regions"]),
            hours={
                channel: Window(
                    rule_id=rule.rule_id,
                    channels=frozenset({channel}),
                    hours=read_hours(hours, rule.rule_id),
                    trading_only=False,
                )
                for channel, hours in params["hours"].items()
            },
            written=frozenset(params["written"]),
            is_objection_absolute=params["objection"] == ALL,
            suitability={key: dict(own) for key, own in params["suitability"].items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RulesRefused(SHAPE, rule=rule.rule_id) from error


def _normal(region: str) -> str:
    return region.strip().casefold()
