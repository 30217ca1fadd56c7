"""The hosts that messages may link to: added and removed in the console, each act on record."""

import re
from datetime import datetime
from typing import Final

from django.db import transaction

from campaigns.content import sentences as say
from campaigns.errors import BadRequest
from campaigns.models import LinkHost
from compliance.actions import record
from compliance.models import User

_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def host_name(typed: str) -> str:
    """The host's one spelling, beyond ASCII as punycode. Raises `BadRequest` if it is none."""
    try:
        name = typed.strip().rstrip(".").encode("idna").decode().lower()
    except UnicodeError as error:
        raise BadRequest(say.NO_HOST, "host", host=typed[:80]) from error
    if len(name) > 253 or not _HOST.fullmatch(name):
        raise BadRequest(say.NO_HOST, "host", host=typed[:80])
    return name


@transaction.atomic
def allow_link_host(*, host: str, note: str, actor: User, now: datetime) -> LinkHost:
    """Let messages link to this host and its subdomains; one that is there already stays.

    From the first host on, links to any other are refused when a template is saved or made ready.

    Raises
    ------
    BadRequest : it is no plain host name.
    """
    name = host_name(host)
    allowed, is_new = LinkHost.objects.get_or_create(
        host=name, defaults={"note": note, "added_by": actor, "added_at": now}
    )
    if is_new:
        record(actor=actor.username, action="link_host.allow", subject=name, now=now)
    return allowed


@transaction.atomic
def withdraw_link_host(*, allowed: LinkHost, actor: User, now: datetime) -> None:
    """Links to this host are refused from now on; messages already sent keep working."""
    allowed.delete()
    record(actor=actor.username, action="link_host.withdraw", subject=allowed.host, now=now)
