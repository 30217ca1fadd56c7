"""Of what is said of one field, the newest by its own time counts, in whichever order it comes."""

from datetime import timedelta
from typing import Any

from compliance.queries import clock_now
from customers.actions.assessments import Assessment, record_assessments
from customers.actions.correct import correct_customer
from customers.actions.people import Person, put_people
from customers.models import Customer
from customers.queries.identities import addresses
from customers.queries.people import CustomerFacts, customer_facts
from customers.vocabulary import KeyScope


def told(door: Any, hours_ago: float, traits: dict[str, Any], *, user: str = "u1") -> None:
    """One identify call of so many hours ago."""
    at = clock_now() - timedelta(hours=hours_ago)
    body = {"type": "identify", "userId": user, "timestamp": at.isoformat(), "traits": traits}
    assert door.post("/v1/import", {"batch": [body]}).status_code == 200


def facts(user: str = "u1") -> CustomerFacts:
    """What is known of a customer."""
    identifier = Customer.objects.get(customer_no=user).pk
    return customer_facts([identifier])[identifier]


def test_late_call_leaves_what_newer_ones_said(door: Any) -> None:
    told(door, 1, {"city": "Shanghai", "plan": "gold", "name": "李雷"})
    told(door, 48, {"city": "Wuhan", "plan": "silver", "name": "韩梅梅", "gender": "male"})

    known = facts()
    assert (known.city, known.attributes["plan"], known.name) == ("Shanghai", "gold", "李雷")
    assert known.gender == "male"  # nobody has said anything newer


def test_order_of_arrival_makes_no_difference(door: Any) -> None:
    calls = [(30, {"city": "A", "x": 1}), (20, {"city": "B"}), (10, {"x": 2, "y": True})]
    for user, order in {"a": (0, 1, 2), "b": (2, 1, 0), "c": (1, 2, 0)}.items():
        for place in order:
            told(door, *calls[place], user=user)

    known = [facts(user) for user in "abc"]
    assert {one.city for one in known} == {"B"}
    assert all(one.attributes == {"x": 2, "y": True} for one in known)


def test_calls_of_one_batch_count_by_their_times(door: Any) -> None:
    now = clock_now()
    batch = [
        {
            "type": "identify",
            "userId": "u1",
            "timestamp": (now - timedelta(hours=hours)).isoformat(),
            "traits": {"city": city},
        }
        for hours, city in ((1, "Shanghai"), (30, "Wuhan"))
    ]

    door.post("/v1/batch", {"batch": batch})

    assert facts().city == "Shanghai"


def test_file_counts_as_told_when_it_was_read(door: Any) -> None:
    people = [Person(customer_no="u1", columns={"city": "Beijing"}, attributes={"plan": "basic"})]
    put_people(people=people, source="crm", may_replace_contacts=True, now=clock_now())

    told(door, 5, {"city": "Wuhan", "plan": "gold"})
    assert (facts().city, facts().attributes["plan"]) == ("Beijing", "basic")

    told(door, 0, {"city": "Shanghai", "plan": "gold"})
    assert (facts().city, facts().attributes["plan"]) == ("Shanghai", "gold")

    put_people(people=people, source="crm", may_replace_contacts=True, now=clock_now())
    told(door, 5, {"city": "Wuhan", "plan": "gold"})
    assert (facts().city, facts().attributes["plan"]) == ("Beijing", "basic")


def test_clock_that_is_fast_is_corrected_by_the_next_word(door: Any) -> None:
    told(door, -0.05, {"city": "Wuhan"})  # three minutes ahead
    told(door, 0, {"city": "Shanghai"})

    assert facts().city == "Shanghai"


def test_correction_is_not_undone_by_a_late_call(door: Any) -> None:
    told(door, 9, {"city": "Wuhan", "plan": "gold"})
    for field, value in (("city", "Shanghai"), ("plan", "")):
        correct_customer(
            customer_no="u1", field=field, value=value, actor="a", why="told us", now=clock_now()
        )

    told(door, 3, {"city": "Wuhan", "plan": "gold"})

    assert (facts().city, facts().attributes) == ("Shanghai", {})


def test_late_address_is_not_the_one_that_messages_go_to(db: None, make_door: Any) -> None:
    door = make_door(KeyScope.MANAGE)
    told(door, 1, {"email": "new@example.com"})
    told(door, 48, {"email": "old@example.com"})

    customer = Customer.objects.get(customer_no="u1").pk
    assert addresses([customer], "email") == {customer: "new@example.com"}

    told(door, 0, {"email": "old@example.com"})
    assert addresses([customer], "email") == {customer: "old@example.com"}


def test_late_risk_level_does_not_set_back_a_questionnaire(db: None, make_door: Any) -> None:
    door = make_door(KeyScope.MANAGE)
    told(door, 300, {"city": "Wuhan"})
    customer = Customer.objects.get().pk
    now = clock_now()
    answered = Assessment(
        customer_id=customer, level="C4", assessed_at=now - timedelta(hours=100), lowest_class=False
    )
    record_assessments(assessments=[answered], source="branch", now=now)

    told(door, 200, {"riskLevel": "C1"})
    assert facts().risk_level == "C4"

    told(door, 1, {"riskLevel": "C2"})
    assert facts().risk_level == "C2"


def test_older_questionnaire_in_a_file_changes_nothing(db: None) -> None:
    def file_says(level: str, day: str, months: int) -> None:
        told = {"risk_level": level, "risk_assessed_on": day, "horizon_months": months}
        people = [Person(customer_no="u1", columns=told)]
        put_people(people=people, source="crm", may_replace_contacts=True, now=clock_now())

    file_says("C4", "2026-05-01", 36)
    file_says("C1", "2024-05-01", 12)
    assert (facts().risk_level, facts().horizon_months) == ("C4", 36)

    file_says("C2", "2026-06-01", 24)
    assert (facts().risk_level, facts().horizon_months) == ("C2", 24)
