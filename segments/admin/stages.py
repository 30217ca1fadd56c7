"""A customer's stages of the lifecycle, as his page shows them."""

from typing import Final

from django.utils.translation import gettext as _t

from compliance.console.shown import Panel, Tone, badge, moment
from compliance.reader import language, say
from compliance.sentences import Said
from segments.lifecycle.stages import HOLDS_DAYS, WORDS, Why
from segments.models import LifecycleStage, WaitingStage
from segments.vocabulary import value_in_words

NEWEST: Final = 50


def stages_panel(customer_id: int) -> Panel:
    """The stage in effect, those before it and why; another one that has yet to hold comes first.

    Two reads by index, however long the history.
    """
    stages = LifecycleStage.objects.filter(customer=customer_id).order_by("-since", "-pk")
    waiting = WaitingStage.objects.filter(customer=customer_id)
    return Panel(
        title=_t("Lifecycle"),
        note=_t("Judged once a day; another stage takes effect once it has held for %d days.")
        % HOLDS_DAYS,
        headers=(_t("Stage"), _t("Reason"), _t("Since"), _t("Until")),
        rows=[
            *(
                (
                    value_in_words("lifecycle", one.stage, language()),
                    _words(one.why),
                    one.since_on.isoformat(),
                    badge(_t("Not yet in effect"), Tone.WARN),
                )
                for one in waiting
            ),
            *(
                (
                    value_in_words("lifecycle", one.stage, language()),
                    _words(one.why),
                    moment(one.since),
                    moment(one.until) if one.until else badge(_t("In effect"), Tone.GOOD),
                )
                for one in stages[:NEWEST]
            ),
        ],
        empty=_t("Not judged yet: nothing is known of accounts."),
    )


def _words(why: str) -> str:
    return say(Said(sentence=WORDS[Why(why)]))
