"""What an officer fills in to change the lexicon."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from compliance.lexicon_changes import LastDay, Wording
from compliance.lexicon_checks import LONGEST_TEXT, MOST_TEXTS, categories
from compliance.models import LexiconChange
from compliance.reader import language
from compliance.rulebook.shipped import shipped_context
from compliance.wording.categories import category_named

_BOX: Final = {"class": "ts-area"}
_LONGEST_LIST: Final = MOST_TEXTS * (LONGEST_TEXT + 2)

PRODUCT_KINDS: Final = {
    "public_fund": _("Public fund"),
    "fund": _("Fund"),
    "money_market": _("Money market fund"),
    "qdii": _("QDII fund"),
    "periodic_open": _("Periodically open fund"),
    "holding_period": _("Fund with a holding period"),
    "pension": _("Pension fund"),
    "reits": _("REIT"),
    "private_fund": _("Private fund"),
    "am_plan": _("Asset management plan"),
    "wealth_mgmt": _("Wealth management product"),
    "securities": _("Securities"),
    "advisory": _("Investment advice"),
    "margin": _("Margin trading"),
    "options": _("Options"),
    "insurance": _("Insurance"),
    "loan": _("Loan"),
    "deposit": _("Deposit"),
}
"""What the kinds of products are called that the wording rules know."""


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea({**_BOX, "rows": rows, "spellcheck": "false"})


def _day() -> forms.DateInput:
    return forms.DateInput({**_BOX, "type": "date"}, format="%Y-%m-%d")


class Lines(forms.CharField):
    """One text per line; blank lines are none."""

    def __init__(self, **told: Any) -> None:
        super().__init__(required=False, max_length=_LONGEST_LIST, widget=_area(4), **told)

    def to_python(self, value: Any) -> Any:
        """The lines, without what is blank around them."""
        lines = [line.strip() for line in (super().to_python(value) or "").splitlines()]
        return [line for line in lines if line]

    def run_validators(self, value: Any) -> None:
        """The bounds on all of them together."""
        super().run_validators("\n".join(value))


class _Explained(forms.Form):
    """Why, in the console's two languages."""

    explanation_en = forms.CharField(
        label=_("explanation in English"), max_length=1_000, widget=_area(2)
    )
    explanation_zh = forms.CharField(
        label=_("explanation in Chinese"), max_length=1_000, widget=_area(2)
    )


class WordingForm(_Explained):
    """A term or a pattern, and the texts that it is tried on."""

    kind = forms.ChoiceField(
        label=_("kind"),
        choices=LexiconChange.Kind.choices[:2],
        widget=forms.Select(_BOX),
    )
    text = forms.CharField(
        label=_("text"),
        max_length=120,
        widget=forms.TextInput({**_BOX, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_(
            "Width, case, traditional characters, blanks and punctuation make no difference. In a"
            " pattern [A|B] is one of several words, {6} a gap of at most six characters and # a"
            " number, such as [测评|问卷]{6}[标准|满分]答案."
        ),
    )
    category = forms.ChoiceField(label=_("category"), widget=forms.Select(_BOX))
    verdict = forms.ChoiceField(
        label=_("verdict"), choices=LexiconChange.Verdict.choices, widget=forms.Select(_BOX)
    )
    severity = forms.ChoiceField(
        label=_("rank of the ground"),
        choices=LexiconChange.Severity.choices,
        initial=LexiconChange.Severity.ORANGE,
        widget=forms.Select(_BOX),
        help_text=_("What sounds like a term of a statute goes to a reviewer, too."),
    )
    basis = forms.CharField(
        label=_("basis"),
        max_length=200,
        widget=forms.TextInput(_BOX),
        help_text=_("The clause of a law or rule, or the house's own rule."),
    )
    products = forms.MultipleChoiceField(
        label=_("product kinds"),
        required=False,
        widget=forms.SelectMultiple({**_BOX, "size": 5}),
        help_text=_("Only where a message is about one of these; none chosen: everywhere."),
    )
    effective_from = forms.DateField(label=_("effective from"), widget=_day())
    effective_to = forms.DateField(
        label=_("effective to"),
        required=False,
        widget=_day(),
        help_text=_("The last day; empty: until somebody ends it."),
    )
    neutral = Lines(
        label=_("exclusions"),
        help_text=_("One text per line that holds it and is harmless; only this rule is silent."),
    )
    samples = Lines(
        label=_("sample texts"),
        help_text=_("One per line, to try it on. Whoever reviews the change sees them, too."),
    )
    field_order = (
        *("kind", "text", "category", "verdict", "severity", "basis", "products"),
        *("effective_from", "effective_to", "neutral", "explanation_en", "explanation_zh"),
        "samples",
    )

    def __init__(self, *args: Any, **told: Any) -> None:
        super().__init__(*args, **told)
        kinds = [(kind, f"{PRODUCT_KINDS[kind]} ({kind})") for kind in shipped_context().products]
        named = [(one, category_named(one, language())) for one in categories()]
        self.fields["category"].choices = named  # type: ignore[attr-defined]  # a field of choices
        self.fields["products"].choices = kinds  # type: ignore[attr-defined]  # a field of choices

    def wording(self) -> Wording:
        """What was filled in."""
        told = dict(self.cleaned_data)
        return Wording(is_pattern=told.pop("kind") == LexiconChange.Kind.PATTERN, **told)


class LastDayForm(_Explained):
    """The last day of a rule."""

    rule_id = forms.CharField(label=_("rule"), max_length=20, widget=forms.TextInput(_BOX))
    effective_to = forms.DateField(
        label=_("Last day"), widget=_day(), help_text=_("It still counts on this day.")
    )
    field_order = ("rule_id", "effective_to", "explanation_en", "explanation_zh")

    def ending(self) -> LastDay:
        """What was filled in."""
        told = dict(self.cleaned_data)
        return LastDay(last_day=told.pop("effective_to"), **told)
