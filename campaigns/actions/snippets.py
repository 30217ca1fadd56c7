"""Snippets: saved as versions, approved by a second person, put into templates anew on demand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from campaigns.actions.templates import hash_of, refuse_forbidden_wording, save_template
from campaigns.channels.base import Channel
from campaigns.content import sentences as say
from campaigns.content.links import prepare
from campaigns.content.locales import DEFAULT, normal
from campaigns.content.render import compile_sources
from campaigns.content.snippets import FORMS, blanked, resolve
from campaigns.errors import StateConflict, TemplateError
from campaigns.models import Snippet, SnippetUse, SnippetVersion
from campaigns.queries.accounts import link_hosts
from campaigns.queries.snippets import (
    KIND,
    current_version,
    is_outdated,
    library,
    templates_using,
)
from compliance.actions import ask_review, decide_review, record
from compliance.models import Review, User
from compliance.reader import say as in_reader_language


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """Templates that got a new draft, by name; and those that did not, each with why."""

    drafts: Sequence[str]
    refused: Sequence[str]


@transaction.atomic
def save_snippet(
    *,
    key: str,
    name: str,
    forms: Mapping[str, str],
    maker: User,
    now: datetime,
    variants: Mapping[str, Mapping[str, str]] | None = None,
) -> SnippetVersion:
    """Save the texts as a new version, unless everything equals the newest one.

    ``forms``: the text, and how it reads as ``html`` or ``mjml``; ``variants``: the same in other
    languages, by locale. Templates get a version once it is approved, and only when they are saved
    or rebuilt.

    Raises
    ------
    TemplateError : nothing is written, something in it is no valid Liquid, it stands inside itself,
        or a link may not be used.
    """
    forms = {form: text for form, text in forms.items() if text}
    variants = {normal(locale): dict(own) for locale, own in (variants or {}).items() if own}
    used = checked_snippet(key=key, forms=forms, variants=variants)
    # Held: of two who save at once the second's version comes after the first's.
    snippet, _made = Snippet.objects.select_for_update(no_key=True).get_or_create(
        key=key, defaults={"name": name, "created_at": now}
    )
    content_hash = hash_of({"forms": forms, "variants": variants})
    last = snippet.versions.order_by("-number").first()
    if last and last.content_hash == content_hash:
        return last
    version = SnippetVersion.objects.create(
        snippet=snippet,
        number=last.number + 1 if last else 1,
        forms=forms,
        variants=variants,
        content_hash=content_hash,
        made_by=maker,
        made_at=now,
    )
    SnippetUse.objects.bulk_create(
        SnippetUse(used_id=pk, in_snippet=version) for pk in sorted(used)
    )
    return version


def checked_snippet(
    *, key: str, forms: Mapping[str, str], variants: Mapping[str, Mapping[str, str]]
) -> frozenset[int]:
    """The versions of other snippets that it names; raises as `save_snippet`."""
    for form in {form for told in (forms, *variants.values()) for form in told}:
        if form not in FORMS:
            raise TemplateError(say.UNKNOWN_PART, form, name=form, known=", ".join(FORMS))
    if not any(text.strip() for text in forms.values()):
        raise TemplateError(say.MISSING_PART, "text", part=say.part_named("text"))
    hosts, shelf = link_hosts(), library()
    used: frozenset[int] = frozenset()
    for locale, own in {DEFAULT: forms, **variants}.items():
        authored = {form: blanked(text) for form, text in own.items()}
        compile_sources(authored)
        prepare(authored, {}, hosts)
        resolved = resolve(own, shelf, locale=locale, inside=key)
        compile_sources(resolved.parts)
        used |= resolved.used
    return used


def submit_snippet(*, version: SnippetVersion, maker: User, now: datetime) -> Review:
    """Ask a second person to approve exactly this content.

    Raises
    ------
    TemplateError : the wording rules in force that day forbid a text.
    """
    shelf = library()
    for locale, own in {DEFAULT: version.forms, **version.variants}.items():
        resolved = resolve(own, shelf, locale=locale, inside=version.snippet.key)
        refuse_forbidden_wording(
            parts=resolved.parts, channel=None, product=None, on=localtime(now).date()
        )
    return ask_review(
        kind=KIND,
        key=version.snippet.key,
        content_hash=version.content_hash,
        maker=maker,
        now=now,
    )


def review_snippet(
    *, version: SnippetVersion, checker: User, approve: bool, opinion: str, now: datetime
) -> Review:
    """The second person's verdict: neither who made it nor who submitted it may give it.

    Raises `ComplianceError` (see `decide_review`).
    """
    return decide_review(
        kind=KIND,
        key=version.snippet.key,
        author=version.made_by,
        content_hash=version.content_hash,
        checker=checker,
        approve=approve,
        opinion=opinion,
        now=now,
    )


def rebuild_templates(*, snippet: Snippet, maker: User, now: datetime) -> Rebuilt:
    """Save every template that has an older version of the snippet anew, as a draft.

    What is approved stays approved and as it was; the drafts go the way of every version. A
    template that can no longer be saved keeps its version, and is named.
    """
    current = current_version(snippet)
    drafts: list[str] = []
    refused: list[str] = []
    for version in templates_using(snippet):
        if not is_outdated(version, current):
            continue
        try:
            draft = save_template(
                key=version.template.key,
                name=version.template.name,
                channel=Channel(version.template.channel),
                parts=version.parts,
                variants=version.variants,
                tracks_opens=version.tracks_opens,
                product=version.product,
                purpose=version.purpose,
                maker=maker,
                now=now,
            )
        except TemplateError as error:
            refused.append(f"{version.template.name}: {in_reader_language(error)}")
        else:
            drafts += [version.template.name] if draft.pk != version.pk else []
    return Rebuilt(drafts=drafts, refused=refused)


@transaction.atomic
def delete_snippet(*, snippet: Snippet, actor: User, now: datetime) -> None:
    """Take a snippet away that stands nowhere.

    Raises
    ------
    StateConflict : a version of some template or snippet has it, or it waits for a reviewer.
    """
    key = snippet.key
    pending = Review.Verdict.PENDING
    if Review.objects.filter(subject_kind=KIND, subject_key=key, verdict=pending).exists():
        raise StateConflict(_("“%(key)s” waits for a reviewer; it stays.") % {"key": key})
    try:
        snippet.delete()
    except ProtectedError as error:
        raise StateConflict(
            _("“%(key)s” stands in templates or snippets, of which versions are kept; it stays.")
            % {"key": key}
        ) from error
    record(actor=actor.username, action="snippet.delete", subject=key, now=now)
