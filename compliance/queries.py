"""Reads of floor 0: the clock, approvals, the audit chain."""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from compliance.calendar import Calendar, read_calendar
from compliance.contact import ContactRules, read_contact_rules, require_openings
from compliance.errors import RulebookError
from compliance.jurisdiction import (
    Jurisdictions,
    read_jurisdictions,
    require_numbers,
    yielding,
)
from compliance.keeping import Kept, require_periods
from compliance.lexicon_versions import lexicon_in_force
from compliance.models import AuditEntry, AuditHead, Product, Review, RulePack
from compliance.rulebook.rule import Rule, completed, in_force, read_rules, require_successor
from compliance.rulebook.shipped import shipped_document, shipped_rules
from compliance.suitability import values as suitability
from compliance.suitability.judge import require_known
from compliance.wording.amend import Lexicon

GENESIS = "0" * 64
ANCHOR = "audit head %d %s"
_ANCHOR_IN_LOG = re.compile(r"\baudit head (\d{1,18}) ([0-9a-f]{64})\b")
# The sets of rules that officers may change; each is a file of the same name that we ship.
PACKS: Final = ("suitability", "contact", "calendar", "jurisdictions", "records")


CLOCK: Final = (
    "clock_timestamp() + coalesce((SELECT shift FROM compliance_replayclock), interval '0')"
)
"""`clock_now` as an SQL expression, for statements that answer more than the time."""


COUNT_TRY: Final = """
    -- The count of this name and address with this try. It begins anew after the pause; at the
    -- limit it stands still, so that whoever goes on trying does not make the pause longer.
    INSERT INTO compliance_signintries AS known (key, tries, last_at)
    VALUES (%(key)s, 1, %(now)s)
    ON CONFLICT (key) DO UPDATE SET
        tries = CASE WHEN known.last_at <= %(since)s THEN 1
                     ELSE least(known.tries, %(most)s) + 1 END,
        last_at = CASE WHEN known.last_at <= %(since)s OR known.tries < %(most)s THEN %(now)s
                       ELSE known.last_at END
    RETURNING tries
"""


NEXT_LEXICON_VERSION: Final = "SELECT nextval('compliance_lexicon_version')"
NEXT_LEXICON_RULE: Final = "SELECT nextval('compliance_lexicon_rule')"
"""Numbers that are never given twice, not even after a rollback: processes keep rules by them."""


def clock_now() -> datetime:
    """The installation's time: the database's clock, moved by the replay's shift if one runs.

    Doors read it once and pass it down; several machines then agree on one clock.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {CLOCK}")
        row = cursor.fetchone()
    now: datetime = row[0]
    return now


def is_approved(*, kind: str, key: str, content_hash: str) -> bool:
    """Whether a second person approved exactly this content; the newest verdict on it counts."""
    return approved_at(kind=kind, key=key, content_hash=content_hash) is not None


def approved_at(*, kind: str, key: str, content_hash: str) -> datetime | None:
    """When exactly this content was approved; None if its newest verdict is another."""
    verdicts = Review.objects.filter(subject_kind=kind, subject_key=key, subject_hash=content_hash)
    decided = verdicts.exclude(verdict=Review.Verdict.PENDING).order_by("-id")
    newest = decided.values_list("verdict", "decided_at").first()
    return newest[1] if newest and newest[0] == Review.Verdict.APPROVED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The rules in force on a day.

    ``packs``: the versions of those sets that officers changed, the lexicon's among them;
    ``digest``: SHA-256, hex, of all sets, shipped ones too, and of that version, so that an old
    decision can be held against what counted then.
    """

    suitability: Mapping[str, Rule]
    contact: ContactRules
    calendar: Calendar
    jurisdictions: Jurisdictions
    records: Mapping[str, Rule]
    lexicon: Lexicon
    packs: Mapping[str, int]
    digest: str


def rulebook(on: date) -> Rulebook:
    """The newest approved version of each set that is in force, else the one we ship.

    Raises
    ------
    RulebookError : a set cannot be read.
    """
    return _rulebook(on, tuple(_packs_in_force(on)), lexicon_in_force())


def _packs_in_force(on: date) -> Iterable[int]:
    lasting = Q(effective_to__isnull=True) | Q(effective_to__gte=on)
    packs = RulePack.objects.filter(
        lasting, status=RulePack.Status.ACTIVE, effective_from__lte=on, key__in=PACKS
    )
    newest = packs.order_by("key", "-version").distinct("key")
    return newest.values_list("pk", flat=True)


@lru_cache(maxsize=64)
def _rulebook(on: date, pack_ids: tuple[int, ...], lexicon: Lexicon) -> Rulebook:
    """An active pack never changes, so its number stands for its rules."""
    packs = {pack.key: pack for pack in RulePack.objects.filter(pk__in=pack_ids)}
    told = {key: _told(key, packs[key].rules if key in packs else ()) for key in PACKS}
    rules = {key: read_rules(document) for key, document in told.items()}
    own = {"lexicon": lexicon.version} if lexicon.version else {}
    return Rulebook(
        suitability=in_force(rules["suitability"], on),
        contact=read_contact_rules(in_force(rules["contact"], on).values()),
        calendar=read_calendar(in_force(rules["calendar"], on).values()),
        jurisdictions=read_jurisdictions(in_force(rules["jurisdictions"], on).values()),
        records=in_force(rules["records"], on),
        lexicon=lexicon,
        packs={key: pack.version for key, pack in packs.items()} | own,
        digest=_sha256(_canonical(told | own)),
    )


def kept_for(what: Kept, *, now: datetime) -> timedelta:
    """How long something is kept that has a period in days, as the rules say today."""
    days: int = rulebook(timezone.localtime(now).date()).records[what].params["days"]
    return timedelta(days=days)


def rules_as_told(key: str, on: date) -> object:
    """The set in force on a day as JSON: what a change starts from."""
    pack = RulePack.objects.filter(pk__in=_packs_in_force(on), key=key).first()
    return _told(key, pack.rules if pack else ())


def _told(key: str, written: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """A set as an officer wrote it, with what releases added since."""
    told = completed(written, shipped_document(key))
    return yielding(told, written) if key == "jurisdictions" else told


def check_rules(key: str, told: object) -> None:
    """Refuse rules that could not be judged by, or that forget one of those we ship.

    Raises
    ------
    RulebookError : the message names the rule.
    """
    if key not in PACKS:
        raise RulebookError(_("%(key)s is no set of rules.") % {"key": key})
    rules = read_rules(told)
    require_successor(rules, shipped_rules(key))
    match key:
        case "contact":
            require_openings(read_contact_rules(rules))
        case "calendar":
            read_calendar(rules)
        case "jurisdictions":
            found = read_jurisdictions(rule for rule in rules if rule.is_active)
            require_numbers(found, shipped_rules("suitability"))
        case "records":
            require_periods(rules)
        case _:
            require_known(rules)


def pack_hash(pack: RulePack) -> str:
    """SHA-256, hex, of what a reviewer of the pack approves."""
    body = [pack.key, pack.version, pack.effective_from.isoformat(), pack.rules]
    return _sha256(_canonical(body))


def _canonical(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def products(codes: Collection[str]) -> dict[str, suitability.Product]:
    """The products by code, as suitability judges them; unknown codes are absent."""
    if not codes:
        return {}
    return {
        row.code: suitability.Product(
            code=row.code,
            kind=row.kind,
            issuer_risk=row.issuer_risk,
            distributor_risk=row.distributor_risk,
            asset_class=row.asset_class,
            horizon_months=row.horizon_months,
            regions=frozenset(row.regions),
            is_public=row.is_public,
            is_complex=row.is_complex,
            permission=row.permission,
            opens=row.opens,
            risk_points=row.risk_points,
        )
        for row in Product.objects.filter(code__in=codes)
    }


def entry_hash(*, previous_hash: str, entry: AuditEntry) -> str:
    """SHA-256, hex, over the previous hash and the entry's canonical JSON."""
    body: dict[str, Any] = {
        "seq": entry.seq,
        "at": entry.at.isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": entry.detail,
    }
    return _sha256(f"{previous_hash}\n{_canonical(body)}")


def broken_audit_entries() -> Iterator[int]:
    """Numbers at which the chain doesn't hold: a changed, missing or foreign entry.

    The number after the last one stands for entries that were cut off at the end.
    """
    expected_seq, previous = 1, GENESIS
    for entry in AuditEntry.objects.order_by("seq").iterator():
        intact = (
            entry.seq == expected_seq
            and entry.previous_hash == previous
            and entry.hash == entry_hash(previous_hash=previous, entry=entry)
        )
        if not intact:
            yield entry.seq
        expected_seq, previous = entry.seq + 1, entry.hash
    head = AuditHead.objects.filter(id=1).first()
    told = (head.seq + 1, head.hash) if head else (1, GENESIS)
    if told != (expected_seq, previous):
        yield expected_seq


def unmet_anchors(log: Iterable[str]) -> Iterator[int]:
    """Numbers that the log's lines tell another hash of than the chain has now, or has no more.

    The log is kept where the database's administrators cannot reach it: it also finds a chain that
    was written anew from some entry on, or cut off together with its head.
    """
    told = [(int(found[1]), found[2]) for line in log for found in _ANCHOR_IN_LOG.finditer(line)]
    kept = dict(
        AuditEntry.objects.filter(seq__in={seq for seq, _ in told}).values_list("seq", "hash")
    )
    for seq, digest in sorted(set(told)):
        if kept.get(seq) != digest:
            yield seq
