"""What a message says to its reader, held against the wording rules; and what its template said.

Rendered texts of one template differ mostly in the addresses of their links, which say nothing, so
equal texts are scanned once per process. Of those that differ elsewhere the pieces that came before
are not scanned again (`compliance.wording.pieces`), nor is their markup read again.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from django.utils.timezone import localtime

from campaigns.channels.base import Channel
from campaigns.content.marks import replace_marks
from campaigns.content.way_out import parts_without_way_out
from campaigns.guards.notices import Notice
from campaigns.guards.wording import STATUTORY, Reading, weighed
from campaigns.models import TemplateVersion
from compliance.jurisdiction import UNSUBSCRIBE, Jurisdiction
from compliance.queries import approved_at
from compliance.scan import UNNAMED_PRODUCT, has_link, mentions_product, says, scan_wording
from compliance.wording.amend import History, Lexicon
from compliance.wording.shown import readings_of, shown_text
from compliance.wording.verdict import Verdict

# Parts that the customer never reads.
UNREAD: Final = frozenset({"url", "queue", "reply_to", "unsubscribe_url", "date"})
_QUOTED: Final = re.compile(r"""["']([^"']*)["']""")
_MARKUP: Final = re.compile("<[a-z!/]|&[#a-z]", re.I)
_UNSUBSCRIBE: Final = "unsubscribe_url"
# Ways out and counters of openings: they lead to no further information.
_OWN_LINK: Final = re.compile(
    r"https?://(?:(?!https?://)[^\s\"'<>])*/[uo]/[A-Za-z0-9_-]{16,}"  # up to the next address
)
_TOKEN: Final = re.compile(r"(/[ruo]/)[A-Za-z0-9_-]{16,}")
Found: TypeAlias = tuple[frozenset[str], frozenset[str]]


class Said(NamedTuple):
    """One text as its reader has it. ``frame``: what stands around; ``page``: HTML, else none."""

    text: str
    frame: str = ""
    page: str = ""

    def shown(self) -> str:
        """The part of it that surely stands before his eyes: there a statement must stand."""
        return f"{self.frame}\n{shown_text(self.page)}" if self.page else self.text


class Subject(NamedTuple):
    """What a text is judged as: its channel, and what kind of product it markets, if any.

    ``is_named``: some product is named by its code, so that suitability is judged by it. A tuple,
    since each message's verdict is looked up by it: a dataclass hashes ten times slower.
    """

    channel: str
    product: str | None
    is_named: bool = True


def read_message(
    content: Mapping[str, str],
    subject: Subject,
    *,
    version_id: int,
    purpose: str,
    on: date,
    lexicon: Lexicon,
) -> Reading:
    """What the scanner finds in a rendered message, beside what was reviewed of its template."""
    texts = _texts(tuple(sorted(content.items())))
    forbidden, to_review = weighed(purpose, *_found(texts, subject, on, lexicon))
    reviewed: frozenset[str] = frozenset()
    if to_review and purpose == STATUTORY:
        own = _own_words(version_id, subject, on, lexicon)
        reviewed = to_review - _brought_in(texts, own, subject, on, lexicon)
    elif to_review:
        reviewed = _reviewed(version_id, subject, lexicon.history)
    return Reading(forbidden=forbidden, to_review=to_review, reviewed=reviewed)


def read_template(
    parts: Mapping[str, str], subject: Subject, *, on: date, lexicon: Lexicon
) -> Found:
    """The same of what a template says whatever its values are."""
    return _found(_literal_texts(parts), subject, on, lexicon)


def read_text(text: str, subject: Subject, *, on: date, lexicon: Lexicon) -> Found:
    """The rules that forbid a text, read as a page too, and those that ask for a reviewer."""
    pages = readings_of(text) if _MARKUP.search(text) else []
    return _found((Said(text), *map(Said, pages)), subject, on, lexicon)


def read_notices(
    due: tuple[str, ...],
    content: Mapping[str, str],
    channel: str,
    risk_points: str,
    *,
    where: Jurisdiction | None,
) -> Notice:
    """What a rendered message has of the notices that are due, and of what is asked for there."""
    texts = _texts(tuple(sorted(content.items())))
    linked = _OWN_LINK.sub("", "\n".join(content[name] for name in content if name != _UNSUBSCRIBE))
    return Notice(
        due=due,
        says_risk_points=all(says(said.shown(), risk_points) for said in texts)
        if risk_points
        else None,
        has_information=channel == Channel.TASK or has_link(linked),
        imprint=_imprint(where, content, channel, texts) if where else {},
    )


def _imprint(
    where: Jurisdiction, content: Mapping[str, str], channel: str, texts: tuple[Said, ...]
) -> dict[str, bool | None]:
    """Whether each text says what it must; None for words that nobody put on record."""
    said: dict[str, bool | None] = {}
    for name in where.must_say.get(channel, ()):
        if name == UNSUBSCRIBE:
            said[name] = not parts_without_way_out(content)
        else:
            words = where.texts[name]
            said[name] = all(says(one.shown(), words) for one in texts) if words else None
    return said


def _texts(parts: tuple[tuple[str, str], ...]) -> tuple[Said, ...]:
    """The message as its reader has it: as a page and as plain text, where it comes as both."""
    told = {name: _TOKEN.sub(r"\1", text) for name, text in parts if name not in UNREAD}
    html, text = told.pop("html", ""), told.pop("text", "")
    signature = told.pop("signature", "")
    heading = told.pop("title", "")  # stands above the body, behind which its name is sorted
    frame = "\n".join([heading, *told.values()] if heading else told.values())
    plain = f"【{signature}】{text}" if signature else text
    said = [Said(f"{frame}\n{seen}", frame, html) for seen in readings_of(html)]
    if plain or not said:
        said.append(Said(f"{frame}\n{plain}"))
    return tuple(said)


@lru_cache(maxsize=2048)
def _found(texts: tuple[Said, ...], subject: Subject, on: date, lexicon: Lexicon) -> Found:
    """The rules that forbid, and those that ask for a reviewer."""
    forbidden: set[str] = set()
    to_review: set[str] = set()
    for said in texts:
        scan = scan_wording(
            text=said.text,
            on=on,
            product=subject.product,
            channel=subject.channel,
            lexicon=lexicon,
            shown=said.shown() if subject.product else None,
        )
        found = [(hit.verdict, hit.rule_id) for hit in scan.hits]
        found += [(Verdict(rule.verdict), rule.rule_id) for rule in scan.missing_disclosures]
        forbidden |= {rule_id for verdict, rule_id in found if verdict is Verdict.BLOCK}
        to_review |= {rule_id for verdict, rule_id in found if verdict is Verdict.REVIEW}
        if not subject.is_named and mentions_product(said.text):
            to_review.add(UNNAMED_PRODUCT)
    return frozenset(forbidden), frozenset(to_review)


def _brought_in(
    texts: tuple[Said, ...],
    own: Counter[str],
    subject: Subject,
    on: date,
    lexicon: Lexicon,
) -> frozenset[str]:
    """The rules that forbid more places of a text than of what its template says by itself."""
    found = (_places(said.text, subject, on, lexicon) for said in texts)
    return frozenset(rule for places in found for rule in places - own)


@lru_cache(maxsize=512)
def _own_words(version_id: int, subject: Subject, on: date, lexicon: Lexicon) -> Counter[str]:
    """In how many places the approved template itself says what a rule forbids, at most.

    By the rules of the day: a person approved these very words, whatever is listed since.
    """
    version = TemplateVersion.objects.get(pk=version_id)
    most: Counter[str] = Counter()
    for said in _own_texts(version):
        most |= _places(said.text, subject, on, lexicon)
    return most


def _places(text: str, subject: Subject, on: date, lexicon: Lexicon) -> Counter[str]:
    """In how many places of a text each rule forbids what it says."""
    scan = scan_wording(
        text=text, on=on, product=subject.product, channel=subject.channel, lexicon=lexicon
    )
    return Counter(hit.rule_id for hit in scan.hits if hit.verdict is Verdict.BLOCK)


@lru_cache(maxsize=512)
def _reviewed(version_id: int, subject: Subject, history: History) -> frozenset[str]:
    """What the approver of the template was shown: its own words, by the rules of that moment."""
    version = TemplateVersion.objects.select_related("template").get(pk=version_id)
    at = approved_at(kind="template", key=version.template.key, content_hash=version.content_hash)
    if at is None:
        return frozenset()
    on, lexicon = localtime(at).date(), Lexicon(history=history).as_of(at)
    return _found(_own_texts(version), subject, on, lexicon)[1]


def _own_texts(version: TemplateVersion) -> tuple[Said, ...]:
    """What a version says in each language whatever its values are."""
    shown = (version.built or {"": version.parts}).values()
    return tuple(said for parts in shown for said in _literal_texts(parts))


def _literal_texts(parts: Mapping[str, str]) -> tuple[Said, ...]:
    """What a template says whatever its values are."""
    return _texts(tuple(sorted((name, literal(source)) for name, source in parts.items())))


def literal(source: str) -> str:
    """A part with blanks for its values; texts quoted in Liquid's own marks can come out too."""
    return replace_marks(source, lambda found: f" {' '.join(_QUOTED.findall(found[0]))} ")
