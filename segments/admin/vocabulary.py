"""What the visual builder offers, in the reader's language: conditions, fields, names, words.

The builder knows editors, not kinds: a new field is a line in `rules/catalog.py`, a new kind of
condition a line in `_kinds`, and both appear in it by themselves.
"""

from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.timezone import get_default_timezone, localtime
from django.utils.translation import gettext_lazy as _

from compliance.queries import clock_now
from compliance.reader import language
from compliance.sentences import Language, Said, Sentence
from segments.admin.builder_words import FUNCTION_WORDS, OPERATOR_WORDS, STATE_WORDS, WORDS
from segments.queries.rules import catalog
from segments.queries.tags import names_of
from segments.queries.vocabulary import KnownEvent, known_names
from segments.rules.catalog import LIFECYCLE_STAGES, Field, FieldType, operators_of
from segments.rules.parts import COUNT_OPERATORS
from segments.rules.templates import TEMPLATES, Template
from segments.rules.tree import Operator
from segments.vocabulary import NOUNS, value_in_words

# What stands on the right of an operator; every other takes one value of the field's type.
_OPERANDS = {
    Operator.EXISTS: "none",
    Operator.NOT_EXISTS: "none",
    Operator.BETWEEN: "pair",
    Operator.IN: "list",
    Operator.NOT_IN: "list",
    Operator.WITHIN_DAYS: "days",
    Operator.OLDER_THAN_DAYS: "days",
    Operator.ANNIVERSARY: "days",
}
_WINDOW = {"editor": "window", "keys": ["within_days", "within"]}


def vocabulary() -> dict[str, object]:
    """The document that the builder is made of, as JSON takes it.

    Grows with the names there are, not with customers or events.
    """
    spoken = language()
    names = known_names()
    called = names_of(names.tags, spoken)
    now = localtime(clock_now(), get_default_timezone())
    return {
        "kinds": _kinds(),
        "fields": [_field(field, spoken) for field in catalog().fields.values()],
        "operators": {
            kind.value: [_operator(op) for op in operators_of(kind)] for kind in FieldType
        },
        "counting": [_operator(op) for op in COUNT_OPERATORS],
        "choices": {
            "functions": _choices(FUNCTION_WORDS),
            "states": _choices(STATE_WORDS),
            "stages": _values("lifecycle", LIFECYCLE_STAGES, spoken),
            "tags": _named([(tag, called.get(tag, tag)) for tag in names.tags]),
            "segments": _named(names.segments),
            "journeys": _named(names.journeys),
        },
        "events": [_event(event, spoken) for event in names.events],
        "templates": [_template(template) for template in TEMPLATES],
        "words": {key: str(word) for key, word in WORDS.items()},
        # Days are the institution's, whatever zone the reader is in.
        "today": f"{now:%Y-%m-%d}",
        "offset": now.isoformat()[-6:],
    }


def _kinds() -> list[dict[str, object]]:
    """The conditions in the order people are offered them.

    ``new`` is a condition as it is added; ``slots`` are its editors from left to right, each for
    the value at ``at``, or for several ``keys`` of the condition.
    """
    return [
        _kind(
            "field",
            _("Customer’s field"),
            {"field": "risk_level", "op": "in", "value": ["C3", "C4"]},
            {"editor": "comparison", "keys": ["field", "op", "value"]},
        ),
        _kind(
            "event",
            _("Event"),
            {"event": "", "within_days": 30},
            {"editor": "event", "at": "event"},
            {"editor": "measure", "keys": ["count", "aggregate"]},
            _WINDOW,
            {"editor": "where", "at": "where"},
        ),
        _kind(
            "sequence",
            _("Events in order"),
            {"sequence": [{"event": ""}, {"event": "", "within_days": 7}], "within_days": 30},
            _WINDOW,
            {"editor": "steps", "at": "sequence"},
            {"editor": "absent", "at": "not_between"},
        ),
        _kind(
            "months_in_a_row",
            _("Months in a row"),
            {"months_in_a_row": {"event": "", "months": 3}},
            {"editor": "months", "at": "months_in_a_row"},
            _WINDOW,
        ),
        _kind("tag", _("Tag"), {"tag": ""}, _name("tag", "tags")),
        _kind("segment", _("Segment"), {"segment": ""}, _name("segment", "segments")),
        _kind(
            "lifecycle",
            _("Lifecycle stage"),
            {"lifecycle": [LIFECYCLE_STAGES[0]]},
            {"editor": "several", "at": "lifecycle", "from": "stages"},
        ),
        _kind(
            "touch",
            _("Touch of a journey"),
            {"touch": {"journey": "", "state": "clicked"}, "within_days": 14},
            {"editor": "touch", "at": "touch"},
            _WINDOW,
        ),
        _kind(
            "sample",
            _("Random share"),
            {"sample": 10},
            {"editor": "share", "at": "sample"},
            {"editor": "salt", "at": "salt"},
        ),
        _kind("everyone", _("Everyone"), {"everyone": True}, {"editor": "true", "at": "everyone"}),
    ]


def _kind(key: str, label: str | Promise, new: object, *slots: object) -> dict[str, object]:
    return {"key": key, "label": str(label), "new": new, "slots": slots}


def _name(at: str, of: str) -> dict[str, str]:
    return {"editor": "name", "at": at, "from": of}


def _operator(op: Operator) -> dict[str, str]:
    label = str(OPERATOR_WORDS[op])
    return {"value": op.value, "label": label, "operand": _OPERANDS.get(op, "one")}


def _field(field: Field, spoken: Language) -> dict[str, object]:
    return {
        "name": field.name,
        "label": field.label(spoken),
        "type": field.type.value,
        "choices": _values(field.name, field.choices or tuple(NOUNS.get(field.name, ())), spoken),
        "aliases": field.aliases,
    }


def _values(field: str, values: Sequence[str], spoken: Language) -> list[dict[str, str]]:
    return [{"value": one, "label": value_in_words(field, one, spoken)} for one in values]


def _event(event: KnownEvent, spoken: Language) -> dict[str, object]:
    first, second = event.title_en, event.title_zh
    if spoken == "zh":
        first, second = second, first
    return {
        "name": event.name,
        "title": first or second,
        "properties": [
            {"name": one.name, "type": one.type, "values": _values("", one.values, spoken)}
            for one in event.properties
        ],
    }


def _template(template: Template) -> dict[str, object]:
    gaps = [
        {"key": gap.key, "label": _said(gap.label), "value": gap.value} for gap in template.gaps
    ]
    return {
        "key": template.key,
        "name": _said(template.name),
        "about": _said(template.about),
        "gaps": gaps,
        "rule": template.rule,
    }


def _said(sentence: Sentence) -> str:
    return Said(sentence=sentence).in_language(language())


def _choices(words: Mapping[str, str | Promise]) -> list[dict[str, str]]:
    return [{"value": value, "label": str(word)} for value, word in words.items()]


def _named(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [
        {"value": key, "label": f"{name} ({key})" if name != key else key} for key, name in pairs
    ]
