"""What a first start does with everybody, done before anything is measured."""

import io

from django.core.management import call_command

from compliance.queries import clock_now
from segments.actions.catalogue import ship_tags, walk_values
from segments.actions.follow import follow
from segments.tasks import refresh_all


def settle() -> None:
    """Ship the tags, compute everybody's values, judge stages and let the segments follow."""
    ship_tags(now=clock_now())
    while walk_values(now=clock_now()) is not None:
        pass
    call_command("judge_lifecycle", stdout=io.StringIO())
    call_command("score_value", stdout=io.StringIO())
    while follow(now=clock_now()).changes:
        pass
    refresh_all()
