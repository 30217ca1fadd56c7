"""What a template's page tells below its form."""

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t

from campaigns.actions.rewording import LOOKED_AT, templates_met
from campaigns.actions.templates import (
    to_review,
)
from campaigns.admin.part_boxes import (
    PART_LABELS,
)
from campaigns.admin.template_versions import review_of
from campaigns.admin.version_panel import Shown, version_panel
from campaigns.guards.wording import STATUTORY
from campaigns.labels import PURPOSES, say
from campaigns.models import Template, TemplateVersion
from compliance.console.shown import Panel, code, link
from compliance.lexicon_trial import Trial
from compliance.lexicon_versions import explanations, lexicon_in_force
from compliance.queries import clock_now
from compliance.reader import language
from compliance.scan import UNNAMED_PRODUCT, rule_words


def parts(version: TemplateVersion) -> Panel:
    rows: list[tuple[str, str]] = [(_t("Purpose"), say(PURPOSES, version.purpose))]
    rows += [(PART_LABELS.get(name, name), code(source)) for name, source in version.parts.items()]
    for locale, own in version.variants.items():
        rows += [
            (f"{PART_LABELS.get(name, name)} ({locale})", code(source))
            for name, source in own.items()
        ]
    return Panel(
        title=_t("Content of version %(number)d") % {"number": version.number},
        headers=(_t("Part"), _t("Source")),
        rows=rows,
        empty=_t("No version yet."),
    )


def findings(version: TemplateVersion) -> Panel:
    on, lexicon = localtime(clock_now()).date(), lexicon_in_force()
    why = {rule: told.in_language(language()) for rule, told in explanations(lexicon).items()}
    words = {
        **rule_words(lexicon),
        UNNAMED_PRODUCT: _t(
            "It speaks of a product, but the template names none by its code: where marketing goes"
            " out by it, no customer's level is compared."
        ),
    }
    return Panel(
        title=_t("For the reviewer to look at"),
        headers=(_t("Rule"), _t("What it says"), _t("explanation")),
        rows=[
            (code(rule), words.get(rule, ""), why.get(rule, "—"))
            for rule in to_review(version, on=on)
        ],
        empty=_t("The wording rules ask for nothing here."),
        note=_t(
            "A statutory notice: it may say this to whom it is owed, if you approve it. Only"
            " statutory journeys send it."
        )
        if version.purpose == STATUTORY
        else _t("Whoever approves the version approves these with it."),
    )


def met(trial: Trial) -> Panel:
    """Which templates a change of the lexicon would meet."""
    found = templates_met(before=trial.before, after=trial.after, on=trial.on)
    return Panel(
        title=_t("Templates that would be judged otherwise"),
        headers=(
            _t("Template"),
            _t("Version"),
            _t("Forbidden by"),
            _t("To review by"),
            _t("Silent"),
        ),
        rows=[
            (
                link(_page(one.version.template), one.version.template.name),
                f"v{one.version.number}",
                _rules(one.forbidden),
                _rules(one.to_review),
                _rules(one.silent),
            )
            for one in found
        ],
        empty=_t("No template would."),
        note=_t(
            "The newest %(most)d versions of all templates were read, drafts too. What is to be"
            " reviewed stops messages until somebody approves the template anew."
        )
        % {"most": LOOKED_AT},
    )


def _page(template: Template) -> str:
    return reverse("admin:campaigns_template_change", args=[template.pk])


def _rules(rules: frozenset[str]) -> SafeString | str:
    return code(", ".join(sorted(rules))) if rules else "—"


def versions(template: Template) -> Panel:
    made = template.versions.select_related("made_by").order_by("-number")
    return version_panel(
        Shown(version=one, review=review_of(template, one), hash=one.content_hash) for one in made
    )
