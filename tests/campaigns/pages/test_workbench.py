"""The workbench's pages when something comes between, and what they count."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions.workbench import Outcome, claim_task, record_call
from campaigns.models import AdvisorTask, Call
from campaigns.reports.workbench import board
from campaigns.states import Disposition
from compliance.models import User
from compliance.queries import clock_now
from compliance.roles import Role
from compliance.setup import ensure_roles
from tests.campaigns.actions.test_workbench import make_tasks

pytestmark = pytest.mark.django_db
NOTE = "客户要求周五下午回电"


@pytest.fixture
def ann() -> User:
    user = User.objects.create_user("ann", is_staff=True)
    user.groups.add(ensure_roles()[Role.ADVISOR])
    return user


@pytest.fixture
def task() -> AdvisorTask:
    return make_tasks()[0]


def say(user: User, task: AdvisorTask, **fields: str) -> tuple[int, str]:
    client = Client()
    client.force_login(user)
    told = {"disposition": "reached", "note": NOTE, **fields}
    answer = client.post(reverse("workbench:call", args=[task.pk]), told)
    return answer.status_code, answer.content.decode()


def test_a_note_for_a_task_that_is_done_comes_back(ann: User, task: AdvisorTask) -> None:
    """The second tab, or the second device: its note is the longer one."""
    done = Outcome(disposition=Disposition.REACHED)
    record_call(task_id=task.pk, advisor=ann, outcome=done, now=clock_now())

    status, page = say(ann, task)

    assert (status, Call.objects.count()) == (409, 1)
    assert "This task is done already." in page
    assert "Your note was not saved" in page
    assert NOTE in page


def test_a_note_for_a_task_that_another_took_comes_back(ann: User, task: AdvisorTask) -> None:
    bob = User.objects.create_user("bob")
    claim_task(task_id=task.pk, advisor=bob, now=clock_now())

    status, page = say(ann, task)

    assert (status, Call.objects.count()) == (409, 0)
    assert "bob is at this customer." in page
    assert NOTE in page


@pytest.mark.parametrize("fields", [{"disposition": "x"}, {"call_at": "1999-01-01T00:00"}])
def test_a_note_stays_in_its_box_when_the_outcome_cannot_be(
    ann: User, task: AdvisorTask, fields: dict[str, str]
) -> None:
    claim_task(task_id=task.pk, advisor=ann, now=clock_now())

    status, page = say(ann, task, **fields)

    assert (status, Call.objects.count()) == (409, 0)
    assert f">{NOTE}</textarea>" in page
    assert "Your note was not saved" not in page


def test_what_is_overdue_is_not_due_today_as_well_and_ones_own_counts(ann: User) -> None:
    late, soon, own = make_tasks(3)
    now = clock_now().replace(hour=4)  # noon in Shanghai
    for task, at in ((late, -30), (soon, 30), (own, -5)):
        AdvisorTask.objects.filter(pk=task.pk).update(due_at=now + timedelta(minutes=at))
    AdvisorTask.objects.filter(pk=own.pk).update(
        claimed_by=ann, claimed_until=now + timedelta(minutes=10)
    )

    seen = board(advisor=ann, queue="", now=now)

    assert (seen.overdue, seen.today) == (2, 1)
