"""What a template would say to somebody, and whether that may be sent: nothing is stored."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias

from django.conf import settings

from campaigns.actions.link_check import recast_in
from campaigns.actions.templates import refuse_without_way_out, with_snippets
from campaigns.actions.wording import UNREAD
from campaigns.channels.base import Channel
from campaigns.channels.sms.segments import full_text, measure
from campaigns.content import sentences as say
from campaigns.content.compose import UNSUBSCRIBE_URL, Ready, Recipient
from campaigns.content.final import fault_of
from campaigns.content.links import prepare
from campaigns.content.locales import DEFAULT, chosen, is_locale, normal
from campaigns.content.render import compile_parts, compile_sources, render
from campaigns.errors import BadRequest, TemplateError
from campaigns.guards.purpose import APPROVED_FOR
from campaigns.guards.wording import STATUTORY
from compliance.contact import LIMITED_PURPOSES
from compliance.reader import say as in_reader_language
from compliance.scan import scan_wording
from compliance.sentences import Said
from compliance.wording.amend import SHIPPED, Lexicon
from compliance.wording.scan import Hit
from compliance.wording.shown import readings_of
from compliance.wording.verdict import Verdict, heaviest
from customers.vocabulary import Purpose


class Class(StrEnum):
    """The verdict on one rendering."""

    OK = "ok"
    OK_WARN = "ok_warn"  # may be sent; a person should look at it
    PARSE_ERROR = "parse_error"  # no template: refused when it is saved
    RENDER_ERROR = "render_error"  # these values do not go with it
    SUPPRESS = "suppress"  # this customer's message is withheld
    LIMIT = "limit"  # it would need more time, memory or room than any message may
    BLOCKED = "blocked"  # it asks for what no template may have


_BY_CODE: Final[Mapping[str, Class]] = {
    "missing_variable": Class.SUPPRESS,
    "render_failed": Class.RENDER_ERROR,
    "limit": Class.LIMIT,
    "too_long": Class.LIMIT,
    "forbidden": Class.BLOCKED,
}
_BY_VERDICT: Final[Mapping[Verdict, Class]] = {
    Verdict.ALLOW: Class.OK,
    Verdict.NOTICE: Class.OK,
    Verdict.REVIEW: Class.OK_WARN,
    Verdict.BLOCK: Class.SUPPRESS,
}
Parts: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A template, one source or all parts of a channel's message, and a customer's values."""

    template: str | Parts
    context: Mapping[str, object] = field(default_factory=dict)
    channel: Channel | None = None
    purpose: str = Purpose.MARKETING


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding; line and column count from 1, 0 where there is no place to name."""

    said: Said
    part: str = ""
    line: int = 0
    column: int = 0
    severity: str = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would be sent, ``output`` in the shape of the template, and what is to say about it."""

    verdict: Class
    output: str | Parts = ""
    segments: int | None = None
    problems: Sequence[Problem] = ()


def read_asked(document: object) -> Asked:
    """The request ``{"template", "context"?, "channel"?, "purpose"?, "locale"?, "variants"?}`` as
    it came in JSON. Of ``variants``, templates by locale, and ``template`` it asks for the one
    that a customer of ``locale`` would get.

    Raises
    ------
    BadRequest : something has the wrong type; ``path`` is a JSON pointer to it.
    """
    if not isinstance(document, Mapping):
        raise BadRequest(say.NOT_AN_OBJECT, "", what="The request")
    template, context = document.get("template"), document.get("context", {})
    if not isinstance(context, Mapping):
        raise BadRequest(say.NOT_AN_OBJECT, "/context", what="“context”")
    channel = document.get("channel")
    if channel is not None and channel not in list(Channel):
        known = ", ".join(Channel)
        raise BadRequest(say.UNKNOWN_CHANNEL, "/channel", known=known)
    purpose = document.get("purpose", Purpose.MARKETING)
    if purpose not in APPROVED_FOR:
        raise BadRequest(say.UNKNOWN_PURPOSE, "/purpose", known=", ".join(APPROVED_FOR))
    may_have_parts = channel is not None
    variants = _variants(document.get("variants", {}), may_have_parts=may_have_parts)
    default = _template(template, "/template", may_have_parts=may_have_parts)
    return Asked(
        template=variants.get(chosen(variants, _locale(document.get("locale"))), default),
        context=context,
        channel=Channel(channel) if channel else None,
        purpose=purpose,
    )


def _locale(told: object) -> str | None:
    if told is None or told == "":
        return None
    # As `chosen` reads it: POSIX adds a charset and a modifier.
    if not isinstance(told, str) or not is_locale(normal(re.split("[.@]", told)[0])):
        raise BadRequest(say.NO_LOCALE, "/locale")
    return told


def _variants(told: object, *, may_have_parts: bool) -> dict[str, str | Parts]:
    if not isinstance(told, Mapping):
        raise BadRequest(say.NOT_AN_OBJECT, "/variants", what="“variants”")
    found = {}
    for name, template in told.items():
        place = f"/variants/{name.replace('~', '~0').replace('/', '~1')}"
        if not is_locale(normal(name)):
            raise BadRequest(say.NO_LOCALE, place)
        found[normal(name)] = _template(template, place, may_have_parts=may_have_parts)
    return found


def _template(told: object, place: str, *, may_have_parts: bool) -> str | Parts:
    match told:
        case str():
            return told
        case Mapping() if may_have_parts and all(isinstance(part, str) for part in told.values()):
            return dict(told)
        case _:
            raise BadRequest(say.NO_TEMPLATE, place)


def preview_template(
    *, asked: Asked, on: date, hosts: Sequence[str] = (), lexicon: Lexicon = SHIPPED
) -> Preview:
    """Render for these values and judge links and wording as of that day, as a review does.

    ``hosts``: where messages may lead; empty: anywhere. ``lexicon``: with what officers changed;
    a command that joins no database has none.

    Raises `EngineUnavailable`.
    """
    try:
        sent, ready = _compiled(asked, tuple(hosts))
        own = {UNSUBSCRIBE_URL: f"{settings.PUBLIC_URL}/u/{'x' * 28}"}
        parts = render(ready.compiled, {**own, **asked.context})
    except TemplateError as error:
        return refused(error)
    preview = judged(parts, asked.channel, on, lexicon, purpose=asked.purpose)
    if isinstance(asked.template, str):
        preview = replace(preview, output="".join(parts.values()))
    elif asked.channel is Channel.EMAIL and asked.purpose in LIMITED_PURPOSES:
        preview = beside(preview, way_out_problems(sent, DEFAULT))
    said = asked.context.get("customer")
    fault = fault_of(
        ready,
        Recipient(touch_id=0, customer=said if isinstance(said, Mapping) else {}, queued_at=""),
        _without(parts, asked.context.get(UNSUBSCRIBE_URL)),
        said=asked.context,
        public_url=settings.PUBLIC_URL,
        is_advertisement=False,  # its way out is no real one here
    )
    return with_recast(beside(preview, [problem_of(fault)] if fault else []), sent)


def _without(parts: Parts, way_out: object) -> Parts:
    """The parts without what the values of the preview give for an address of ours."""
    if not isinstance(way_out, str) or not way_out:
        return parts
    return {name: text.replace(way_out, "") for name, text in parts.items()}


def way_out_problems(sent: Mapping[str, str], locale: str) -> list[Problem]:
    """Why an e-mail that advertises would not be put before a reviewer, if it shows no way out."""
    try:
        refuse_without_way_out(sent, locale)
    except TemplateError as error:
        return [problem_of(error)]
    return []


def beside(preview: Preview, problems: Sequence[Problem]) -> Preview:
    """What would keep the message from going out is told with it."""
    if not problems:
        return preview
    return replace(preview, verdict=Class.SUPPRESS, problems=[*preview.problems, *problems])


def with_recast(preview: Preview, sent: Mapping[str, str]) -> Preview:
    """With a warning for each place at which a page would show its own markup."""
    told = [Problem(said=said, part=part, severity="review") for part, said in recast_in(sent)]
    if not told:
        return preview
    verdict = Class.OK_WARN if preview.verdict is Class.OK else preview.verdict
    return replace(preview, verdict=verdict, problems=[*preview.problems, *told])


def refused(error: TemplateError) -> Preview:
    """There is no message, and why."""
    verdict = _BY_CODE.get(error.code, Class.PARSE_ERROR)
    return Preview(verdict=verdict, problems=[problem_of(error)])


def judged(
    parts: Parts, channel: Channel | None, on: date, lexicon: Lexicon, *, purpose: str
) -> Preview:
    """A rendered message with what the wording rules of that day find in it, for its purpose."""
    verdict, problems = _judged(parts, channel, on, lexicon, purpose)
    return Preview(
        verdict=verdict,
        output=parts,
        segments=segments_of(parts) if channel is Channel.SMS else None,
        problems=problems,
    )


def document(preview: Preview) -> dict[str, object]:
    """The preview as plain JSON values, problems in the reader's language."""
    segments = {} if preview.segments is None else {"segments": preview.segments}
    return {
        "class": preview.verdict,
        "output": preview.output,
        **segments,
        "problems": [_problem_document(problem) for problem in preview.problems],
    }


def _problem_document(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.said.code,
        "message": in_reader_language(problem.said),
        "part": problem.part,
        "line": problem.line or None,
        "column": problem.column or None,
        "severity": problem.severity,
    }


def segments_of(parts: Mapping[str, str]) -> int:
    """How many a text message takes, its signature included."""
    return measure(full_text(parts)).segments


def _compiled(asked: Asked, hosts: tuple[str, ...]) -> tuple[Parts, Ready]:
    """The parts as they would be saved, and ready; links stay as they are."""
    channel = asked.channel or Channel.SMS
    if isinstance(asked.template, str):
        # A lone source is the part that says most: in an e-mail the HTML, whose values are escaped.
        name = "html" if asked.channel is Channel.EMAIL else "text"
        parts = with_snippets({name: asked.template})
        compiled = compile_sources(parts)
    else:
        parts = with_snippets(asked.template)
        compiled = compile_parts(channel, parts)
    prepare(parts, {}, hosts)
    return parts, Ready(channel=channel, compiled=compiled, link_ids=(), hosts=hosts)


def _judged(
    parts: Parts, channel: Channel | None, on: date, lexicon: Lexicon, purpose: str
) -> tuple[Class, list[Problem]]:
    """The heaviest verdict of the wording rules on what the customer would read."""
    verdicts, problems = [Verdict.ALLOW], []
    for name, text in parts.items():
        if name in UNREAD or not text:
            continue
        hits = _hits(readings_of(text) if name == "html" else [text], channel, on, lexicon)
        if purpose == STATUTORY:
            # As `weighed`: what is forbidden elsewhere is for whoever approves it, no more is.
            said = [hit for hit in hits if hit.verdict is Verdict.BLOCK]
            verdicts += [Verdict.REVIEW for _hit in said]
            problems += [replace(_finding(name, hit), severity="review") for hit in said]
            continue
        verdicts += [hit.verdict for hit in hits]
        problems += [_finding(name, hit) for hit in hits if hit.verdict is not Verdict.ALLOW]
    return _BY_VERDICT[heaviest(verdicts)], problems


def _hits(
    readings: Sequence[str], channel: Channel | None, on: date, lexicon: Lexicon
) -> list[Hit]:
    """What the rules find in a text; of its further readings only what the first did not show."""
    found: list[Hit] = []
    for seen in readings:
        told = {(hit.rule_id, hit.verdict) for hit in found}
        scan = scan_wording(text=seen, on=on, channel=channel, lexicon=lexicon)
        found += [hit for hit in scan.hits if (hit.rule_id, hit.verdict) not in told]
    return found


def problem_of(error: TemplateError) -> Problem:
    place = error.said.details.get("where")
    where = place.details if isinstance(place, Said) else {}
    return Problem(
        said=error.said,
        part=error.path,
        line=int(str(where.get("line", 0))),
        column=int(str(where.get("column", 0))),
    )


def _finding(part: str, hit: Hit) -> Problem:
    details = {"term": hit.term, "rule": hit.rule_id, "basis": hit.basis}
    return Problem(
        said=Said(sentence=say.SAID_WORDING, details=details), part=part, severity=hit.verdict.value
    )
