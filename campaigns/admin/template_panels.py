"""What a template's page tells below its form."""

from django.utils.timezone import localtime
from django.utils.translation import gettext as _t

from campaigns.actions.templates import (
    to_review,
)
from campaigns.admin.part_boxes import (
    PART_LABELS,
)
from campaigns.admin.template_versions import review_of
from campaigns.admin.version_panel import Shown, version_panel
from campaigns.models import Template, TemplateVersion
from compliance.console import Panel, code
from compliance.lexicon_versions import lexicon_in_force
from compliance.queries import clock_now
from compliance.scan import UNNAMED_PRODUCT, rule_words


def parts(version: TemplateVersion) -> Panel:
    rows = [(PART_LABELS.get(name, name), code(source)) for name, source in version.parts.items()]
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
    on = localtime(clock_now()).date()
    words = {
        **rule_words(lexicon_in_force()),
        UNNAMED_PRODUCT: _t(
            "It speaks of a product, but the template names none by its code: where marketing goes"
            " out by it, no customer's level is compared."
        ),
    }
    return Panel(
        title=_t("For the reviewer to look at"),
        headers=(_t("Rule"), _t("What it says")),
        rows=[(code(rule), words.get(rule, "")) for rule in to_review(version, on=on)],
        empty=_t("The wording rules ask for nothing here."),
        note=_t("Whoever approves the version approves these with it."),
    )


def versions(template: Template) -> Panel:
    made = template.versions.select_related("made_by").order_by("-number")
    return version_panel(
        Shown(version=one, review=review_of(template, one), hash=one.content_hash) for one in made
    )
