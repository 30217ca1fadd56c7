"""What other jurisdictions ask beyond the house's own rules: `jurisdictions.json` as values.

The gates are the same everywhere; a customer's region says by whose numbers they judge him.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from compliance.contact import Cap, ContactRules, Window, read_cap, read_hours
from compliance.errors import RulesRefused
from compliance.rulebook.rule import Rule, is_shaped
from compliance.sentences import Sentence

ANYWHERE: Final = "*"
WRITTEN: Final = "written"  # consent in writing, as its evidence says
IMPLIED: Final = "implied"  # a business relationship that stands for a yes
# What a message says by its way out, and by no words of ours.
UNSUBSCRIBE: Final = "unsubscribe"
CHANNEL: Final = "channel"  # who withdraws from one channel may be written to by the others
ALL: Final = "all"  # an objection to marketing holds for every channel

SHAPE: Final = Sentence(
    code="jurisdiction_shape",
    en="{rule}: “regions” and “written” are lists, “hours” has pairs of times by channel,"
    " “objection” is channel or all, “implied” has months by channel, “register_days” is a number,"
    " “suitability” has numbers by rule.",
    zh="{rule}：“regions”与“written”须为列表，“hours”按渠道列出时段，“objection”须为 channel 或"
    " all，“implied”按渠道列出月数，“register_days”须为数字，“suitability”按规则列出参数。",
)
SAYS: Final = Sentence(
    code="jurisdiction_says",
    en="{rule}: “must_say” lists names by channel, and “texts” has the words of each name;"
    " “unsubscribe” is the way out and has none.",
    zh="{rule}：“must_say”按渠道列出名称，“texts”给出每个名称的文字；“unsubscribe”指退订入口，无需文字。",
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

    ``hours`` by channel stand in place of the house's, as does each of ``caps`` in place of the
    house's of the same scope, name and period; ``written``: the channels of consent for which
    marketing needs it in writing, or a look into the do-not-call register not more than
    ``register_days`` ago (0: no look will do); ``implied``: the channels on which a business
    relationship stands for consent, and for how many months (0: without end);
    ``is_objection_absolute``: a withdrawal from one channel holds for all; ``must_say``: by
    channel, what each message must say, ``texts`` in which words (none yet known: nothing);
    ``suitability``: numbers in place of the house's, by rule.
    """

    rule_id: str
    regions: frozenset[str]
    hours: Mapping[str, Window] = field(default_factory=dict)
    caps: tuple[Cap, ...] = ()
    written: frozenset[str] = frozenset()
    register_days: int = 0
    implied: Mapping[str, int] = field(default_factory=dict)
    is_objection_absolute: bool = False
    must_say: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    suitability: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def suited(self, rules: Mapping[str, Rule]) -> Mapping[str, Rule]:
        """The rules of suitability with this jurisdiction's numbers."""
        if not self.suitability:
            return rules
        return {
            rule_id: replace(rule, params={**rule.params, **self.suitability.get(rule_id, {})})
            for rule_id, rule in rules.items()
        }

    def bounded(self, house: ContactRules) -> ContactRules:
        """Hours and caps of the house with this jurisdiction's caps."""
        if not self.caps:
            return house
        own = {(cap.scope, cap.of, cap.period) for cap in self.caps}
        kept = [cap for cap in house.caps if (cap.scope, cap.of, cap.period) not in own]
        return replace(house, caps=(*kept, *self.caps))


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


def yielding(
    told: Iterable[Mapping[str, Any]], written: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Rules as JSON, in which what a release added leaves to an officer the regions he gave away.

    Parameters
    ----------
    told : all of them
    written : those the officer wrote
    """
    own = {rule["rule_id"] for rule in written}
    claimed = {_normal(region) for rule in written for region in rule["params"]["regions"]}
    return [rule if rule["rule_id"] in own else _without(rule, claimed) for rule in told]


def _without(rule: Mapping[str, Any], claimed: Collection[str]) -> Mapping[str, Any]:
    params = rule["params"]
    left = [region for region in params["regions"] if _normal(region) not in claimed]
    return {**rule, "params": {**params, "regions": left}}


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
            hours=_hours(rule),
            caps=tuple(read_cap(cap, rule.rule_id) for cap in params["caps"]),
            written=frozenset(params["written"]),
            register_days=_count(params["register_days"]),
            implied={channel: _count(most) for channel, most in params["implied"].items()},
            is_objection_absolute=params["objection"] == ALL,
            must_say=_must_say(rule),
            texts=dict(params["texts"]),
            suitability={key: dict(own) for key, own in params["suitability"].items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RulesRefused(SHAPE, rule=rule.rule_id) from error


def _hours(rule: Rule) -> dict[str, Window]:
    return {
        channel: Window(
            rule_id=rule.rule_id,
            channels=frozenset({channel}),
            hours=read_hours(hours, rule.rule_id),
            trading_only=False,
        )
        for channel, hours in rule.params["hours"].items()
    }


def _must_say(rule: Rule) -> dict[str, tuple[str, ...]]:
    """What has no words on record is refused when it is needed; what nobody names, here."""
    known = {UNSUBSCRIBE, *rule.params["texts"]}
    told = {channel: tuple(names) for channel, names in rule.params["must_say"].items()}
    if any(name not in known for names in told.values() for name in names):
        raise RulesRefused(SAYS, rule=rule.rule_id)
    return told


def _count(told: object) -> int:
    if not isinstance(told, int) or told < 0:
        raise ValueError(f"{told!r} is no whole number")
    return told


def _normal(region: str) -> str:
    return region.strip().casefold()
