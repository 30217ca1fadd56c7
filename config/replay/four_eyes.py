"""What takes two people in the console takes two here: a marketer makes, a checker approves."""

from collections.abc import Mapping
from typing import Any

from campaigns.actions.launch import publish, review, save_draft, submit
from campaigns.actions.templates import review_template, save_template, submit_template
from campaigns.channels.base import Channel
from compliance.queries import clock_now
from compliance.roles import Role
from config.replay.staff import person


def launch_template(
    *, key: str, name: str, channel: Channel, parts: Mapping[str, str], opinion: str = ""
) -> None:
    """A template that journeys may send."""
    marketer, checker = person(Role.MARKETER), person(Role.CHECKER)
    version = save_template(
        key=key, name=name, channel=channel, parts=parts, maker=marketer, now=clock_now()
    )
    submit_template(version=version, maker=marketer, now=clock_now())
    review_template(
        version=version, checker=checker, approve=True, opinion=opinion, now=clock_now()
    )


def launch_journey(
    *, key: str, name: str, graph: Mapping[str, Any], description: str = "", opinion: str = ""
) -> None:
    """A journey that lets people in from now on."""
    marketer, checker = person(Role.MARKETER), person(Role.CHECKER)
    version = save_draft(
        journey_key=key,
        name=name,
        description=description,
        graph=graph,
        maker=marketer,
        now=clock_now(),
    )
    journey = version.journey
    submit(journey=journey, version=version, maker=marketer, now=clock_now())
    review(
        journey=journey,
        version=version,
        checker=checker,
        approve=True,
        opinion=opinion,
        now=clock_now(),
    )
    publish(journey=journey, actor=marketer, now=clock_now())
