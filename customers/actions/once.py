"""A write that a client may send again is done once."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from customers.errors import CustomersError
from customers.models import AnsweredRequest, Source
from customers.queries.database import execute, rows
from customers.queries.identities import keyring

ANSWERS_KEPT: Final = timedelta(days=1)
_MINE: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended(%(name)s, 0))"
_PRUNE: Final = "DELETE FROM customers_answeredrequest WHERE answered_at < %(before)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status and body as they go to the client; ``is_again``: it was given before."""

    status: int
    body: object
    is_again: bool = False


def once(
    *, source: Source, key: str, asked: str, act: Callable[[], Answer | None], now: datetime
) -> Answer | None:
    """Do it, or answer as the first time.

    The act, and that it was done, are one transaction: a process that dies in between has done
    neither. None from ``act`` says that it was refused; the next try is judged anew.

    Parameters
    ----------
    key : what the client calls this one write
    asked : everything that makes this request another than others

    Raises
    ------
    CustomersError : ``request_under_way``, another connection is at it; ``key_reused``, the key
        stood for another request.
    """
    key_hash = hashlib.sha256(key.encode()).digest()
    request_hash = hashlib.sha256(asked.encode()).digest()
    with transaction.atomic():
        if not rows(_MINE, {"name": f"once:{source.pk}:{key_hash.hex()}"})[0][0]:
            raise CustomersError("request_under_way", "This request is being answered.")
        kept = AnsweredRequest.objects.filter(
            source_id=source.pk, key_hash=key_hash, answered_at__gte=now - ANSWERS_KEPT
        ).first()
        if kept is not None:
            if bytes(kept.request_hash) != request_hash:
                raise CustomersError("key_reused", "This key stood for another request.")
            told = keyring().unseal(bytes(kept.answer_cipher), _binding(source.pk, key_hash))
            return Answer(status=kept.status, body=json.loads(told), is_again=True)
        answer = act()
        if answer is not None:
            _keep(source.pk, key_hash, request_hash, answer, now)
        return answer


def drop_old_answers(*, now: datetime) -> int:
    """Those older than `ANSWERS_KEPT` go; the number dropped."""
    return execute(_PRUNE, {"before": now - ANSWERS_KEPT})


def _keep(
    source_id: int, key_hash: bytes, request_hash: bytes, answer: Answer, now: datetime
) -> None:
    told = json.dumps(answer.body, ensure_ascii=False)
    AnsweredRequest.objects.update_or_create(
        source_id=source_id,
        key_hash=key_hash,
        defaults={
            "request_hash": request_hash,
            "status": answer.status,
            "answer_cipher": keyring().seal(told, _binding(source_id, key_hash), slot=None),
            "answered_at": now,
        },
    )


def _binding(source_id: int, key_hash: bytes) -> bytes:
    return f"answer:{source_id}:{key_hash.hex()}".encode()
