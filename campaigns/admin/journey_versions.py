"""A journey's way to running: what can be done with its newest version now."""

from django.utils.translation import gettext as _t

from campaigns.actions import launch
from campaigns.models import Journey, JourneyVersion
from compliance.console.acts import Act, verdicts
from compliance.models import Review, User
from compliance.queries import clock_now


def newest_version(journey: Journey) -> JourneyVersion | None:
    """The version with the greatest number, live or not."""
    return journey.versions.select_related("made_by").order_by("-number").first()


def review_of(version: JourneyVersion) -> Review | None:
    """The newest review of exactly this version's content."""
    return (
        Review.objects.filter(
            subject_kind=launch.KIND,
            subject_key=f"{version.journey.key}/{version.number}",
            subject_hash=version.graph_hash,
        )
        .select_related("maker", "checker")
        .order_by("-id")
        .first()
    )


def _mark(version: JourneyVersion) -> str:
    """What a button means by "this version": a draft changes in place, so its hash counts, too."""
    return f"{version.pk}:{version.graph_hash}"


def checks(journey: Journey, version: JourneyVersion, checker: User) -> list[Act]:
    """The second person's two buttons, while a review is pending."""
    review = review_of(version)
    if review is None or review.verdict != Review.Verdict.PENDING:
        return []
    if checker.pk in {review.maker_id, version.made_by_id}:
        return []

    def verdict(opinion: str, *, approve: bool) -> object:
        return launch.review(
            journey=journey,
            version=version,
            checker=checker,
            approve=approve,
            opinion=opinion,
            now=clock_now(),
        )

    seen = _mark(version)
    return verdicts(
        verdict,
        question=_t("You approve exactly the version shown. It may then be published."),
        seen=seen,
    )


def launches(journey: Journey, version: JourneyVersion | None, actor: User) -> list[Act]:
    """Submit a draft; publish what is approved. A stopped journey is over."""
    if version is None or journey.state == Journey.State.STOPPED:
        return []
    review = review_of(version)
    if review is None or review.verdict == Review.Verdict.RETURNED:
        return [
            Act(
                name="submit",
                label=_t("Submit for review"),
                question=_t("A second person checks this version. It can no longer be changed."),
                done=_t("Submitted. A second person has to approve it."),
                run=lambda _opinion: launch.submit(
                    journey=journey, version=version, maker=actor, now=clock_now()
                ),
                seen=_mark(version),
                is_main=True,
            )
        ]
    if review.verdict == Review.Verdict.APPROVED and journey.live_id != version.pk:
        is_paused = journey.state == Journey.State.PAUSED
        return [
            Act(
                name="publish",
                label=_t("Publish"),
                question=_t("Customers enter once resumed; the journey stays paused.")
                if is_paused
                else _t("Customers enter from now on, and messages are sent."),
                done=_t("Published: the journey stays paused until somebody resumes it.")
                if is_paused
                else _t("Published: the journey is running."),
                run=lambda _opinion: launch.publish(journey=journey, actor=actor, now=clock_now()),
                is_main=True,
            )
        ]
    return []


def runs(journey: Journey, actor: User) -> list[Act]:
    """Pause, resume and stop."""
    acts = {
        "pause": Act(
            name="pause",
            label=_t("Pause"),
            question=_t("Nobody moves and nothing is sent until you resume."),
            done=_t("Paused."),
            run=lambda _opinion: launch.pause(journey=journey, actor=actor, now=clock_now()),
        ),
        "resume": Act(
            name="resume",
            label=_t("Resume"),
            question=_t("Everybody goes on where they stand."),
            done=_t("Running again."),
            run=lambda _opinion: launch.resume(journey=journey, actor=actor, now=clock_now()),
        ),
        "stop": Act(
            name="stop",
            label=_t("Stop for good"),
            question=_t("Everybody leaves the journey and nothing queued is sent. Final."),
            done=_t("Stopped."),
            run=lambda _opinion: launch.stop(journey=journey, actor=actor, now=clock_now()),
        ),
    }
    possible = {Journey.State.RUNNING: ("pause", "stop"), Journey.State.PAUSED: ("resume", "stop")}
    return [acts[name] for name in possible.get(Journey.State(journey.state), ())]
