"""Two who hold what the other needs: with one order of locks, nobody is ended by the database."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from campaigns.actions import launch
from campaigns.actions.account_changes import edit_account, review_account
from campaigns.actions.accounts import save_account
from campaigns.actions.advance import advance
from campaigns.actions.enrol import enrol
from campaigns.actions.follow_stages import follow_stages
from campaigns.actions.resolve import Act, propose
from campaigns.actions.suppress import lift, suppress
from campaigns.actions.templates import save_template
from campaigns.channels.base import Channel
from campaigns.models import (
    DispatchBatch,
    Enrolment,
    Journey,
    ProviderAccount,
    Suppression,
    TemplateVersion,
    Touch,
)
from compliance.actions import record
from customers.actions.derived import put_lifecycles
from customers.actions.rights import erase_expired
from customers.models import Customer, Erasure
from tests.beside import Beside
from tests.factories import (
    NOW,
    PARTS,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOW + timedelta(minutes=5)


def note() -> None:
    """What every verb ends with."""
    record(actor="a", action="test", subject="s", now=NOW)


def meet(
    first: Callable[[], object], second: Callable[[], object], then: Callable[[], object]
) -> None:
    """The second comes to wait for what the first holds; the first goes on then, and both end."""
    with transaction.atomic():
        first()
        beside = Beside(second)
        beside.waits()
        then()
    beside.end()
    assert beside.error is None


@pytest.fixture
def journey(monkeypatch: pytest.MonkeyPatch) -> Journey:
    """Two runs that are due."""
    make_memory_account(monkeypatch)
    make_template()
    make_people(2, columns={"lifecycle": "成熟"})
    make_segment()
    running = make_journey(graph_of(send_node(), lifecycle=["成熟"]))
    enrol(journey=running, now=NOW)
    return running


def hold_batches() -> None:
    """As a worker does that is about to hand over."""
    list(DispatchBatch.objects.select_for_update().order_by("pk"))
    list(Touch.objects.select_for_update().order_by("pk"))


def hold_customers() -> None:
    list(Customer.objects.select_for_update(no_key=True).order_by("customer_no"))


def test_a_journey_is_stopped_while_workers_hold_its_batches(journey: Journey) -> None:
    advance(owner="w", now=NOW)
    marketer = make_staff().marketer

    meet(
        hold_batches,
        lambda: launch.stop(journey=journey, actor=marketer, now=LATER),
        note,
    )

    assert set(Touch.objects.values_list("state", flat=True)) == {"refused"}


def test_a_worker_that_moves_runs_on_waits_for_who_stops_their_journey(journey: Journey) -> None:
    meet(
        lambda: Journey.objects.select_for_update().get(),
        lambda: advance(owner="w", now=NOW),
        lambda: Enrolment.objects.update(exit_reason="journey_stopped"),
    )


def test_runs_move_on_while_a_journey_lets_others_in(journey: Journey) -> None:
    with transaction.atomic():
        enrol(journey=journey, now=LATER)

        beside = Beside(lambda: advance(owner="w", now=LATER)).end()

    assert beside.error is None
    assert beside.result.touches == 2


def test_touches_are_sent_again_while_others_hold_their_batches(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = make_staff().operator
    advance(owner="w", now=NOW)
    Touch.objects.update(state="failed", reason="provider_refused", due_at=NOW)
    ids = list(Touch.objects.values_list("pk", flat=True))

    meet(
        hold_batches,
        lambda: propose(
            act=Act.RESEND_FAILED, touch_ids=ids, why="again", actor=operator, now=LATER
        ),
        note,
    )

    assert set(Touch.objects.values_list("state", flat=True)) == {"deferred"}


def test_runs_out_of_stage_end_while_somebody_hands_over(journey: Journey) -> None:
    advance(owner="w", now=NOW)
    Enrolment.objects.update(state="waiting", due_at=LATER + timedelta(days=9), finished_at=None)
    put_lifecycles(
        stages=[(pk, "流失") for pk in Customer.objects.values_list("pk", flat=True)], now=LATER
    )

    meet(hold_batches, lambda: follow_stages(now=LATER), hold_customers)

    assert set(Touch.objects.values_list("reason", flat=True)) == {"stage_left"}


def save(key: str) -> ProviderAccount:
    return save_account(
        key=key,
        channel=Channel.IN_APP,
        vendor="inbox",
        base_url="",
        options={},
        secrets={},
        unit_cost=Decimal("0"),
        is_default=key == "a",
        actor="test",
        now=NOW,
    )


def test_two_who_make_different_accounts_the_default_come_one_after_the_other() -> None:
    operator = make_staff().operator
    first, second = save("a"), save("b")
    second.is_default = True

    meet(
        lambda: ProviderAccount.objects.select_for_update().get(pk=first.pk),
        lambda: edit_account(account=second, secrets={}, maker=operator, now=NOW),
        lambda: ProviderAccount.objects.filter(pk=second.pk).update(weight=1),
    )

    assert ProviderAccount.objects.get(is_default=True) == second


def test_an_account_is_approved_while_somebody_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    staff = make_staff()
    make_memory_account(monkeypatch)
    account = ProviderAccount.objects.get()
    account.base_url, account.options = "https://elsewhere.example.com", {}
    edit_account(account=account, secrets={}, maker=staff.operator, now=NOW)

    meet(
        lambda: ProviderAccount.objects.select_for_update().get(),
        lambda: review_account(
            account=account, checker=staff.compliance, approve=True, opinion="", now=NOW
        ),
        note,
    )


def test_an_address_comes_off_the_list_while_receipts_hold_it() -> None:
    why = Suppression.Why.OPTED_OUT
    suppress(kind="email", values=["a@example.com"], why=why, account=None, now=NOW)
    entry = Suppression.objects.get()

    meet(
        lambda: Suppression.objects.select_for_update().get(),
        lambda: lift(suppression=entry, actor="a", opinion="he asked", now=NOW),
        note,
    )

    assert not Suppression.objects.exists()


def test_many_are_erased_while_somebody_writes_of_one() -> None:
    ids = make_people(2)
    for pk in ids:
        Erasure.objects.create(
            customer_id=pk, asked_by="a", asked_at=NOW, retained_until=NOW.date(), basis="b"
        )

    meet(
        lambda: Customer.objects.select_for_update(no_key=True).get(pk=ids[1]),
        lambda: erase_expired(now=NOW + timedelta(days=1)),
        note,
    )

    assert set(Customer.objects.values_list("status", flat=True)) == {"erased"}


def test_two_who_save_a_template_at_once_make_two_versions() -> None:
    staff = make_staff()
    make_template()

    def save(text: str) -> None:
        parts = {**PARTS[Channel.EMAIL], "subject": text}
        save_template(
            key="hello-email",
            name="Hello",
            channel=Channel.EMAIL,
            parts=parts,
            maker=staff.marketer,
            now=NOW,
        )

    meet(lambda: save("One"), lambda: save("Two"), note)

    assert list(TemplateVersion.objects.order_by("number").values_list("number", flat=True)) == [
        1,
        2,
        3,
    ]
