"""Make the sources events and files come from, and the API keys of the outer ones."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from compliance.actions import record
from compliance.errors import NotPermitted
from compliance.models import User
from customers.errors import KeyRefused
from customers.models import Source
from customers.queries.sources import key_hash
from customers.vocabulary import Block, KeyScope

MOST_PER_MINUTE = 10_000_000
_SLUG = re.compile("[A-Za-z0-9_-]{1,64}")
_PREFIXES = {KeyScope.INGEST: "tsw_", KeyScope.READ: "tsr_", KeyScope.MANAGE: "tsm_"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """An API key; `secret` is in clear only here."""

    source: Source
    secret: str


@transaction.atomic
def create_api_key(
    *,
    name: str,
    scope: KeyScope,
    per_minute: int | None = None,
    fields: Sequence[str] | None = None,
    actor: str = "",
    now: datetime,
) -> NewKey:
    """A new source with a fresh 256-bit key of which only the hash is kept; the audit trail tells.

    Parameters
    ----------
    per_minute : events it may send in a minute, None for as many as it can
    fields : blocks it may see of a customer, or fields of them as ``risk.level``; None for
        everything that is not in clear

    Raises KeyRefused when the name is empty or too long, the scope has no keys, the number is
    none, or a field is of no block.
    """
    name = name.strip()
    check_quota(per_minute)
    for field in fields or ():
        if field.partition(".")[0] not in set(Block):
            blocks = ", ".join(Block)
            raise KeyRefused("field_invalid", _("Fields begin with one of: %s.") % blocks)
    if not 0 < len(name) <= 120:
        raise KeyRefused("name_invalid", _("A key needs a name of 1 to 120 characters."))
    if scope not in _PREFIXES:
        raise KeyRefused("scope_invalid", _("Keys have the scope ingest, read or manage."))
    secret = _PREFIXES[scope] + secrets.token_urlsafe(32)
    source = Source.objects.create(
        key=f"{slugify(name)[:48] or 'key'}-{secrets.token_hex(4)}",
        name=name,
        scope=scope,
        key_hash=key_hash(secret),
        key_hint=secret[:8],
        per_minute=per_minute,
        fields=None if fields is None else sorted(set(fields)),
        created_at=now,
    )
    record(
        actor=actor,
        action="source.create",
        subject=source.key,
        now=now,
        detail={
            "name": name,
            "scope": scope,
            "key_hint": source.key_hint,
            "per_minute": per_minute,
            "fields": source.fields,
        },
    )
    return NewKey(source=source, secret=secret)


def check_quota(per_minute: int | None) -> None:
    """Raises KeyRefused unless so many events a minute can be allowed."""
    if per_minute is not None and not 0 < per_minute <= MOST_PER_MINUTE:
        raise KeyRefused(
            "quota_invalid",
            _("Events a minute are a number between 1 and %(most)d.") % {"most": MOST_PER_MINUTE},
        )


@transaction.atomic
def disable_key(*, source: Source, actor: User, now: datetime) -> None:
    """Refuse the source's key, and what was fetched with it, from the next request on, for ever.

    Raises
    ------
    NotPermitted : the actor's role keeps no sources.
    KeyRefused : the source has no key, or none any more.
    """
    if not actor.has_perm("customers.change_source"):
        raise NotPermitted(_("Your role may not change sources. Ask an operator."))
    live = Source.objects.filter(pk=source.pk, revoked_at=None, key_hash__isnull=False)
    if not live.update(revoked_at=now):
        raise KeyRefused("no_live_key", _("This source has no live key."))
    record(
        actor=actor.username,
        action="source.disable",
        subject=source.key,
        now=now,
        detail={"key_hint": source.key_hint},
    )


@transaction.atomic
def internal_source(*, key: str, name: str, now: datetime) -> Source:
    """The product's own source of this key, made at the first call.

    Raises KeyRefused when the key is not a slug of at most 64 characters.
    """
    check_source_key(key)
    source, _is_new = Source.objects.get_or_create(
        key=key, defaults={"name": name, "scope": KeyScope.INTERNAL, "created_at": now}
    )
    return source


def check_source_key(key: str) -> None:
    """Raises KeyRefused when the key is not a slug of at most 64 characters."""
    if not _SLUG.fullmatch(key):
        raise KeyRefused(
            "source_invalid", _("A source's key has 1 to 64 letters, digits, hyphens or _.")
        )
