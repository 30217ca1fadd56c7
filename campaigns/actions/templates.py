"""Templates: saved as versions, put before a second person, approved by content hash."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from campaigns.channels.base import Channel
from campaigns.content.links import prepare
from campaigns.content.render import compile_parts
from campaigns.content.sentences import WORDING, part_named
from campaigns.errors import StateConflict, TemplateError
from campaigns.models import Template, TemplateVersion
from compliance.actions import ask_review, decide_review
from compliance.models import Review, User
from compliance.scan import scan_wording
from compliance.wording.markup import visible_text
from compliance.wording.verdict import Verdict

KIND = "template"
UNREAD: Final = frozenset({"url", "queue", "reply_to"})  # parts that the customer never reads
_MOST_TOLD: Final = 5
_LIQUID: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_QUOTED: Final = re.compile(r"""["']([^"']*)["']""")


@transaction.atomic
def save_template(
    *,
    key: str,
    name: str,
    channel: Channel,
    parts: Mapping[str, str],
    maker: User,
    now: datetime,
    product: str = "",
) -> TemplateVersion:
    """Save the parts as a new version, unless they equal the newest one.

    ``product``: the code of what the message markets; it is approved with the parts.

    Raises
    ------
    TemplateError : a part is wrong or a link may not be used.
    StateConflict : the key belongs to a template of another channel.
    """
    compile_parts(channel, prepare(parts, {}, settings.LINK_HOSTS).parts)
    template, _made = Template.objects.get_or_create(
        key=key, defaults={"name": name, "channel": channel, "created_at": now}
    )
    if template.channel != channel:
        raise StateConflict(
            _("%(key)s is a template for %(channel)s; choose another key.")
            % {"key": key, "channel": template.channel}
        )
    content_hash = hash_of({"parts": parts, "product": product} if product else parts)
    last = template.versions.order_by("-number").first()
    if last and last.content_hash == content_hash:
        return last
    return TemplateVersion.objects.create(
        template=template,
        number=last.number + 1 if last else 1,
        parts=dict(parts),
        product=product,
        content_hash=content_hash,
        made_by=maker,
        made_at=now,
    )


def submit_template(*, version: TemplateVersion, maker: User, now: datetime) -> Review:
    """Ask a second person to approve exactly this content.

    Raises
    ------
    TemplateError : the wording rules in force that day forbid a part; ``path`` names it.
    """
    _refuse_forbidden_wording(
        parts=version.parts, channel=version.template.channel, on=localtime(now).date()
    )
    return ask_review(
        kind=KIND,
        key=version.template.key,
        content_hash=version.content_hash,
        maker=maker,
        now=now,
    )


def review_template(
    *, version: TemplateVersion, checker: User, approve: bool, opinion: str, now: datetime
) -> Review:
    """The second person's verdict: neither who made it nor who submitted it may give it.

    Raises `ComplianceError` (see `decide_review`).
    """
    return decide_review(
        kind=KIND,
        key=version.template.key,
        author=version.made_by,
        content_hash=version.content_hash,
        checker=checker,
        approve=approve,
        opinion=opinion,
        now=now,
    )


def _refuse_forbidden_wording(*, parts: Mapping[str, str], channel: str, on: date) -> None:
    for name, source in parts.items():
        if name in UNREAD:
            continue
        scan = scan_wording(text=_said(name, source), on=on, channel=channel)
        forbidden = [hit for hit in scan.hits if hit.verdict is Verdict.BLOCK]
        if forbidden:
            hits = ", ".join(
                f"“{hit.term}” ({hit.rule_id}; {hit.basis})" for hit in forbidden[:_MOST_TOLD]
            )
            raise TemplateError(WORDING, name, part=part_named(name), hits=hits)


def _said(name: str, source: str) -> str:
    """What a reader may see of a part; a value yet unknown leaves a blank.

    Texts quoted inside Liquid's own marks can come out too, and so are kept.
    """
    text = _LIQUID.sub(lambda found: f" {' '.join(_QUOTED.findall(found[0]))} ", source)
    return visible_text(text) if name == "html" else text


def hash_of(content: object) -> str:
    """SHA-256, hex, of the canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
