"""How often customers were approached: counted under lock, taken with the hand-over, given back.

Whoever judges limited touches first locks their customers, in the order of their ids; so two
workers never count the same customer at once, and none waits for another in a circle.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from campaigns.guards.verdict import Policy
from campaigns.queries.contacts import (
    GIVE_BACK_CONTACTS,
    LAST_MARKETED,
    PRUNE_CONTACTS,
    TAKE_CONTACTS,
    Contacts,
    Counter,
    contact_counts,
)
from campaigns.queries.dispatch import OpenTouch
from campaigns.states import TouchState
from compliance.calendar import first_instant, period_start
from compliance.contact import LIMITED_PURPOSES, PERIODS, Cap, ContactRules
from compliance.keeping import Kept
from compliance.queries import kept_for
from customers.queries.database import as_json, execute, rows
from customers.queries.locks import lock_customers


@dataclass(slots=True)
class Tally:
    """The caps of one batch and how far each customer has used them, this batch included."""

    journey_id: int
    caps: Mapping[tuple[str, str, str], tuple[tuple[Cap, int], ...]]
    """By jurisdiction, channel and product: each cap with the place of its counter."""
    jurisdictions: Mapping[int, str]
    """By customer."""
    counters: int
    used: dict[int, list[int]]
    """By customer, in the order of the counters."""
    own: Mapping[int, Sequence[int]] = field(default_factory=dict)
    """By touch that may have been handed over before: what of the above is its own."""
    today: dict[ZoneInfo, date] = field(default_factory=dict)
    taken: list[dict[str, object]] = field(default_factory=list)

    def of(self, touch: OpenTouch) -> tuple[tuple[Cap, int], ...]:
        """The caps that bound this touch, and how often each was used."""
        caps = self._bounding(touch)
        if not caps or touch.purpose not in LIMITED_PURPOSES:
            return ()
        used = self.used.get(touch.customer_id)
        if used is None:
            return tuple((cap, 0) for cap, _place in caps)
        own = self.own.get(touch.id)
        return tuple((cap, used[place] - (own[place] if own else 0)) for cap, place in caps)

    def take(self, touch: OpenTouch, zone: ZoneInfo, now: datetime) -> None:
        """Count a touch that is about to be handed over."""
        if touch.purpose not in LIMITED_PURPOSES:
            return
        if zone not in self.today:
            self.today[zone] = now.astimezone(zone).date()
        self.taken.append(
            {
                "touch_id": touch.id,
                "customer_id": touch.customer_id,
                "journey_id": self.journey_id,
                "channel": touch.channel,
                "product": touch.product,
                "local_on": self.today[zone],
            }
        )
        caps = self._bounding(touch)
        if caps:
            used = self.used.setdefault(touch.customer_id, [0] * self.counters)
            own = self.own.get(touch.id)
            for place in {place for _cap, place in caps}:
                used[place] += 1 - (own[place] if own else 0)

    def _bounding(self, touch: OpenTouch) -> tuple[tuple[Cap, int], ...]:
        where = self.jurisdictions.get(touch.customer_id, "")
        return self.caps.get((where, touch.channel, touch.product), ())


def hold_customers(touches: Sequence[OpenTouch]) -> None:
    """Lock those of limited touches: what is read afterwards stays until the hand-over is written.

    That holds for consents, too: whoever withdraws waits, or is seen.
    """
    ids = {touch.customer_id for touch in touches if touch.purpose in LIMITED_PURPOSES}
    if ids:
        lock_customers(ids)


def count(
    touches: Sequence[OpenTouch],
    *,
    policies: Mapping[int, Policy],
    journey: tuple[int, str],
    zones: Mapping[int, ZoneInfo],
    now: datetime,
) -> Tally:
    """What the caps in question ask, in one statement; the customers are held already.

    Parameters
    ----------
    policies : of each customer, by his jurisdiction
    journey : its id and key
    zones : of each customer
    """
    limited = [touch for touch in touches if touch.purpose in LIMITED_PURPOSES]
    journey_id, journey_key = journey
    rules = {policy.jurisdiction.rule_id: policy.contact for policy in policies.values()}
    caps = {
        (where, channel, product): tuple(
            (cap, _counter(cap, channel, product, journey_id))
            for cap in rules[where].caps_on(channel=channel, journey=journey_key, product=product)
        )
        for channel, product in {(touch.channel, touch.product) for touch in limited}
        for where in rules
    }
    asked = dict.fromkeys(counter for bounding in caps.values() for _cap, counter in bounding)
    places = {counter: place for place, counter in enumerate(asked)}
    ids = sorted({touch.customer_id for touch in limited})
    found = _counts(list(asked), ids, limited, zones, now) if asked else Contacts()
    return Tally(
        journey_id=journey_id,
        caps={
            kind: tuple((cap, places[counter]) for cap, counter in bounding)
            for kind, bounding in caps.items()
        },
        jurisdictions={who: policy.jurisdiction.rule_id for who, policy in policies.items()},
        counters=len(places),
        used=found.by_customer,
        own=found.by_touch,
    )


def _counts(
    counters: Sequence[Counter],
    ids: Sequence[int],
    touches: Sequence[OpenTouch],
    zones: Mapping[int, ZoneInfo],
    now: datetime,
) -> Contacts:
    periods = {zone: _periods(zone, now) for zone in set(zones.values())}
    return contact_counts(
        counters,
        people=[{"id": person, **periods[zones[person]]} for person in ids if person in zones],
        own=[t.id for t in touches if t.state != TouchState.QUEUED or t.content_cipher],
    )


def contacts_of(
    customer_id: int,
    *,
    rules: ContactRules,
    channel: str,
    product: str,
    zone: ZoneInfo,
    now: datetime,
) -> tuple[tuple[Cap, int], ...]:
    """How far one customer has used the caps that are no journey's own, counted without a lock."""
    caps = rules.caps_on(channel=channel, journey="", product=product)
    counters = [_counter(cap, channel, product, 0) for cap in caps]
    if not counters:
        return ()
    people = [{"id": customer_id, **_periods(zone, now)}]
    used = contact_counts(counters, people=people, own=()).by_customer.get(customer_id)
    return tuple(zip(caps, used or [0] * len(caps), strict=True))


def last_marketed(customer_id: int, product: str) -> datetime | None:
    """When the customer was last approached about the product, as far as contacts are kept."""
    found = rows(LAST_MARKETED, {"customer": customer_id, "product": product})
    at: datetime | None = found[0][0]
    return at


def _counter(cap: Cap, channel: str, product: str, journey_id: int) -> Counter:
    values: Mapping[str, str | int] = {
        "total": "",
        "channel": channel,
        "journey": journey_id,
        "product": product,
    }
    return Counter(cap.scope, values[cap.scope], cap.period)


def _periods(zone: ZoneInfo, now: datetime) -> Mapping[str, object]:
    today = now.astimezone(zone).date()
    starts = {period: period_start(period, today) for period in PERIODS}
    moments = {f"{name}_at": first_instant(day, time(), zone) for name, day in starts.items()}
    return {**starts, **moments}


def keep(tally: Tally, *, handed: Collection[int], now: datetime) -> None:
    """Write what was taken for the touches that are handed over, in the same transaction."""
    taken = [row for row in tally.taken if row["touch_id"] in handed]
    if taken:
        execute(TAKE_CONTACTS, {"rows": as_json(taken), "now": now})


def give_back(keys: Sequence[str]) -> None:
    """Touches that were proved unsent no longer count. Others among the keys are left alone."""
    if keys:
        execute(GIVE_BACK_CONTACTS, {"keys": list(keys)})


def prune_contacts(*, now: datetime) -> int:
    """Drop what no cap can ask for any more; the number of rows."""
    return execute(PRUNE_CONTACTS, {"before": now - kept_for(Kept.CONTACTS, now=now)})
