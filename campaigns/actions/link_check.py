"""Look at the links of a template version before somebody else does."""

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from django.conf import settings

from campaigns.actions.ready import as_sent
from campaigns.channels.looking import Look, Seen, look_at
from campaigns.channels.runner import process_loop
from campaigns.content import sentences as say
from campaigns.content.links import Named, checked, named, repeated_utm
from campaigns.content.marks import recast
from campaigns.errors import TemplateError
from campaigns.models import TemplateVersion
from campaigns.queries.accounts import link_hosts
from compliance.sentences import Said

# All looks together: a person waits for them.
_PATIENCE: Final = 8.0
_MOST: Final = 100
Looking: TypeAlias = Callable[
    [Sequence[str], Collection[str]], Coroutine[object, object, Mapping[str, Look]]
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about a link, and the part and language variant it stands in ("": the default)."""

    said: Said
    part: str
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How many links there are, and what is to say about some of them."""

    links: int
    findings: Sequence[Finding]


def check_links(*, version: TemplateVersion, look: Looking = look_at) -> Checked:
    """Look at every constant link: its form, its host, its UTM parameters, and whether it answers.

    What is found is for a person to weigh: nothing is refused here, least of all because the
    network is down. Stands in no transaction; it takes some seconds at most.
    """
    hosts = link_hosts()
    places = _places(version)
    findings = [
        Finding(said=said, part=part, locale=locale)
        for locale, parts in {"": version.parts, **version.variants}.items()
        for part, said in recast_in(parts)
    ]
    findings += [
        Finding(said=said, part=link.part, locale=locale)
        for locale, link in places
        for said in _of_form(link, hosts)
    ]
    faulty = {link.url for _locale, link in places if _fault(link, hosts)}
    wanted = list(dict.fromkeys(link.url for _locale, link in places))
    looks = _looks([url for url in wanted if url not in faulty][:_MOST], look)
    findings += [
        Finding(said=said, part=link.part, locale=locale)
        for locale, link in places
        if link.url in looks and (said := _of_look(link, looks[link.url], hosts))
    ]
    return Checked(links=len(wanted), findings=findings)


def recast_in(parts: Mapping[str, str]) -> list[tuple[str, Said]]:
    """What pages would show of their own markup, by part."""
    return [
        (part, Said(sentence=say.RECAST, details={"where": say.where_at(source, at), "sign": sign}))
        for part, source in parts.items()
        if part in {"html", "mjml"}
        for sign, at in recast(source)
    ]


def _places(version: TemplateVersion) -> list[tuple[str, Named]]:
    """Links where their author wrote them, each once a language; then those of snippets."""
    found: dict[tuple[str, str], Named] = {}
    for locale, parts in {"": version.parts, **version.variants}.items():
        for link in named(parts):
            found.setdefault((locale, link.url), link)
    for locale, parts in as_sent(version).items():
        for link in named(parts):
            if (locale, link.url) not in found and ("", link.url) not in found:
                found[locale, link.url] = Named(url=link.url, part=link.part, where=say.NOWHERE)
    return [(locale, link) for (locale, _url), link in found.items()]


def _fault(link: Named, hosts: Collection[str]) -> Said | None:
    try:
        checked(link.url, hosts, link.part, link.where)
    except TemplateError as error:
        return error.said
    return None


def _of_form(link: Named, hosts: Collection[str]) -> list[Said]:
    fault = _fault(link, hosts)
    details = {"where": link.where, "url": link.url[:200]}
    return [
        *([fault] if fault else []),
        *(
            Said(sentence=say.REPEATED_UTM, details={**details, "name": name})
            for name in repeated_utm(link.url)
        ),
    ]


def _looks(urls: Sequence[str], look: Looking) -> Mapping[str, Look]:
    if not urls:
        return {}
    future = process_loop().submit(look(urls, frozenset(settings.PRIVATE_HOSTS)))
    try:
        return future.result(timeout=_PATIENCE)
    except (TookTooLong, CancelledError):
        future.cancel()
        return {url: Look(seen=Seen.UNREACHABLE, last=url, why="timeout") for url in urls}


def _of_look(link: Named, look: Look, hosts: Collection[str]) -> Said | None:
    details = {"where": link.where, "url": link.url[:200]}
    match look.seen:
        case Seen.UNREACHABLE:
            return Said(sentence=say.LINK_UNREACHABLE, details={**details, "why": look.why})
        case Seen.PRIVATE:
            return Said(sentence=say.LINK_PRIVATE, details=details)
        case Seen.ENDLESS:
            return Said(sentence=say.LINK_LEADS_NOWHERE, details=details)
        case Seen.ANSWERS:
            if look.last != link.url and _fault(
                Named(url=look.last, part=link.part, where=link.where), hosts
            ):
                to = look.last[:200]
                return Said(sentence=say.LINK_LEADS_ON, details={**details, "to": to})
            if look.status >= 400:
                return Said(sentence=say.LINK_ANSWERS, details={**details, "status": look.status})
            return None
        case _:
            assert_never(look.seen)
