"""Whatever the verbs do to people, in any order, what is followed is what a rebuild finds."""

import os
import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import pytest
from django.db import connection, transaction

from customers.actions.derived import put_lifecycles
from customers.actions.merge import decide_merge, propose_merge, unmerge
from customers.actions.people import Person, put_people
from customers.actions.rights import erase_customer, set_personalisation
from customers.actions.tags import allow_tag, end_due_tags, give_tag, refuse_tag
from customers.errors import CustomersError
from customers.models import Attribute, Customer, Merge, Tagging
from customers.vocabulary import TagSource
from segments.actions.follow import follow
from segments.actions.lists import Typed, stage_list, take_list
from segments.actions.refresh import refresh
from segments.errors import NotPossible
from segments.models import Membership, Segment
from segments.queries import live
from segments.queries.live import is_to_be_rebuilt
from segments.queries.rules import check_rule, checked_rules, rule_sql
from tests.factories import NOW, Staff, make_people, make_segment, make_staff, record_event

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
RUNS = 1_000 if os.environ.get("TOUCHSTONE_CHAOS") == "long" else 6
EVENTS: Final = ("a", "b", "c")
_WHERE: Final = (
    {},
    {"where": [{"property": "code", "op": "in", "value": ["x", "7"]}]},
    {"where": [{"property": "amount", "op": "gte", "value": 7}]},
    {"where": [{"property": "code", "op": "not_exists"}]},
)
_VALUES: Final = ("x", "7", 7, None, "", True, ["x"], 1e20, "\u00e9", "e\u0301", "2026-01-01")


class World:
    """A few people, their segments, and a clock that only goes forward."""

    def __init__(self, seed: int, staff: Staff) -> None:
        self.luck, self.now, self.staff = random.Random(seed), NOW, staff
        self.told: list[str] = []
        self.people = make_people(5, has_consent=False)
        for _ in range(10):
            self.act_event()
        self.act_list()
        for number in range(6):
            self._build(f"made-{number}", self._rule(2))
        Segment.objects.update(updated_at=NOW - DAY)

    def _build(self, key: str, rule: object) -> None:
        segment = make_segment(key, rule, now=self.now)
        refresh(segment=segment, now=self.now)
        follow(now=self.now)

    def _rule(self, depth: int) -> dict[str, Any]:
        if depth and self.luck.random() < 0.6:
            kind = self.luck.choice(("all", "any", "not"))
            if kind == "not":
                return {"not": self._rule(depth - 1)}
            return {kind: [self._rule(depth - 1) for _ in range(self.luck.choice((1, 2, 3)))]}
        return self._leaf()

    def _leaf(self) -> dict[str, Any]:
        pick, days = self.luck.choice, self.luck.choice((1, 3, 7, 30))
        event = {"event": pick(EVENTS), **pick(_WHERE)}
        window = pick(({}, {"within_days": days}, {"within": {"from": "2026-02-20"}}))
        others = [one.key for one in Segment.objects.all()] or ["none"]
        return pick(
            [
                event | window,
                event
                | window
                | {
                    "count": {"op": pick(("eq", "lt", "gte", "neq")), "value": pick((0, 1, 2)) or 1}
                },
                event
                | window
                | {
                    "aggregate": {
                        "of": "amount",
                        "fn": pick(("sum", "avg", "min", "max", "last")),
                        "op": pick(("gt", "lte")),
                        "value": pick((7, -1, 0.5)),
                    }
                },
                {
                    "sequence": [{"event": "a"}, {"event": "b", "within_days": days}],
                    **pick(({}, {"not_between": {"event": "c"}})),
                    **window,
                },
                {"months_in_a_row": {**event, "months": pick((1, 2))}},
                {"tag": pick(("t1", "vip"))} if Tagging.objects.exists() else {"sample": 50},
                {"segment": pick(others)} if others != ["none"] else {"everyone": True},
                {"lifecycle": [pick(("衰退", "成熟", "潜在"))]},
                {"field": "birth_on", "op": "anniversary", "value": pick((0, 3))},
                {"field": "risk_level", "op": "gte", "value": pick(("C2", "C4"))},
                {"field": "city", "op": pick(("exists", "not_exists"))},
                {"field": "created_at", "op": "older_than_days", "value": pick((1, 5))},
                {"field": "score", "op": "gt", "value": 3},
                {"sample": 40},
            ]
        )

    def someone(self) -> Customer:
        return Customer.objects.get(pk=self.luck.choice(self.people))

    def act_event(self) -> None:
        """Now, late by up to two months, or dated ahead."""
        ago = self.luck.choice((-1, 0, 0, 0, 1, 3, 7, 29, 30, 31, 59))
        told = {
            name: value
            for name in ("amount", "code")
            if (value := self.luck.choice((*_VALUES, 3, 8))) is not None
        }
        at = self.now - ago * DAY
        name = self.luck.choice(EVENTS)
        record_event(self.luck.choice(self.people), name, at=at, received_at=self.now, **told)

    def act_merge(self) -> None:
        active = [one.pk for one in Customer.objects.filter(pk__in=self.people, status="active")]
        if len(active) < 2:
            return
        proposal = propose_merge(
            customer_ids=self.luck.sample(active, 2), maker=self.staff.compliance, now=self.now
        )
        decide_merge(proposal=proposal, checker=self.staff.checker, approve=True, now=self.now)

    def act_unmerge(self) -> None:
        done = list(Merge.objects.filter(undoes=None))
        if done:
            unmerge(merge=self.luck.choice(done), actor=self.staff.compliance, now=self.now)

    def act_erase(self) -> None:
        if self.luck.random() < 0.3:
            erase_customer(customer_no=self.someone().customer_no, actor="eve", now=self.now)

    def act_tag(self) -> None:
        until = self.luck.choice((None, self.now + DAY, self.now + 7 * DAY))
        ids = [self.luck.choice(self.people)]
        tag = self.luck.choice(("t1", "vip"))
        give_tag(customer_ids=ids, tag=tag, source=TagSource.FILE, until=until, now=self.now)

    def act_word(self) -> None:
        verb = self.luck.choice((refuse_tag, allow_tag))
        tag = self.luck.choice(("t1", "vip", "score"))
        verb(customer_no=self.someone().customer_no, tag=tag, actor="e", why="asked", now=self.now)

    def act_tick(self) -> None:
        end_due_tags(now=self.now, limit=100)

    def act_personalise(self) -> None:
        set_personalisation(
            customer_no=self.someone().customer_no,
            is_off=self.luck.random() < 0.5,
            actor="e",
            now=self.now,
        )

    def act_file(self) -> None:
        pick = self.luck.choice
        columns: dict[str, Any] = {
            "city": pick((None, "Suzhou")),
            "risk_level": pick((None, "C1", "C3", "C5")),
            "birth_on": pick((None, date(2000, 2, 29), date(1990, 3, 2))),
        }
        person = Person(
            customer_no=self.someone().customer_no,
            columns={name: value for name, value in columns.items() if value is not None},
            attributes={"score": pick((1, 5))} if self.luck.random() < 0.5 else {},
        )
        put_people(people=[person], source="test", may_replace_contacts=True, now=self.now)

    def act_stage(self) -> None:
        stages = [(one, self.luck.choice(("衰退", "成熟", "潜在"))) for one in self.people[:2]]
        put_lifecycles(stages=stages, now=self.now)

    def act_list(self) -> None:
        upload = stage_list(
            key="list",
            name="list",
            numbers=[Typed(1, self.someone().customer_no), Typed(2, self.someone().customer_no)],
            file_name="",
            replaces=self.luck.random() < 0.5,
            author=self.staff.marketer,
            now=self.now,
        )
        take_list(upload=upload, actor=self.staff.marketer, now=self.now)

    def step(self) -> None:
        """One verb; refused ones change nothing."""
        acts: list[Callable[[], None]] = [
            *[self.act_event] * 4, self.act_merge, self.act_unmerge, self.act_erase, self.act_tag,
            self.act_tag, self.act_word, self.act_tick, self.act_personalise, self.act_file,
            self.act_file, self.act_stage, self.act_list,
        ]  # fmt: skip
        act = self.luck.choice(acts)
        self.told.append(f"{self.now:%d %H:%M} {act.__name__}")
        try:
            with transaction.atomic():
                act()
        except (CustomersError, NotPossible):
            self.told[-1] += " refused"
        hour = timedelta(hours=1)
        self.now += self.luck.choice((0 * hour, hour, hour, 24 * hour, 73 * hour, 7 * 24 * hour))

    def catch_up(self) -> None:
        """As the ticks do: rebuild what is due, then follow to the end."""
        followed = list(Segment.objects.filter(is_live=True))
        checked = checked_rules({one.key: one.rule for one in followed})
        for segment in followed:
            if is_to_be_rebuilt(segment, checked[segment.key], self.now):  # type: ignore[arg-type]
                refresh(segment=segment, now=self.now)
        while follow(now=self.now).changes:
            pass

    def require_agreement(self) -> None:
        for segment in Segment.objects.filter(is_live=True):
            fragment = rule_sql(check_rule(segment.rule, own_key=segment.key), now=self.now)
            with connection.cursor() as cursor:
                cursor.execute(fragment.sql, dict(fragment.params))
                expected = {customer for (customer,) in cursor.fetchall()}
            found = set(
                Membership.objects.filter(segment=segment, left_at=None).values_list(
                    "customer_id", flat=True
                )
            )
            assert found == expected, (segment.rule, "\n".join(self.told))


@pytest.mark.parametrize("seed", range(RUNS))
def test_after_any_verbs_the_members_are_what_a_rebuild_finds(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PROVED_EVERY", 10_000 * DAY)
    Attribute.objects.create(
        key="score", type="number", label_en="s", label_zh="s", is_derived=True
    )
    world = World(seed, make_staff())
    for _ in range(24):
        world.step()
        if world.luck.random() < 0.6:
            world.catch_up()
        if world.luck.random() < 0.2:
            world.catch_up()
            world.require_agreement()
    world.catch_up()
    world.require_agreement()
