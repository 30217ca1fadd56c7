"""``POST /hooks/<account>/``: what a provider reports."""

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from campaigns.actions.receipts import take_receipts
from campaigns.channels.base import Acknowledged, ReceiptKind
from campaigns.channels.callbacks import TARGET_HEADER
from campaigns.channels.errors import AccountInvalid, BadSignature, MalformedReceipt, StaleReceipt
from campaigns.channels.receipts import MOST_BYTES
from campaigns.channels.runner import process_loop
from campaigns.models import ProviderAccount
from campaigns.queries.accounts import account_config
from compliance.queries import clock_now

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def receive(request: HttpRequest, account: str) -> HttpResponse:
    """Verify the signature on the raw bytes, then store: 401, 400 or 413 leave nothing behind.

    The answer is the vendor's own word for "taken" where it has one, else our counts.
    """
    known = ProviderAccount.objects.filter(key=account).first()
    if known is None:
        return _problem(404, "unknown_account", "There is no such account.")
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return _problem(413, "too_large", f"At most {MOST_BYTES} bytes a post.")
    # Signatures are dated by the provider's real clock, also while a replay runs on another.
    real_now, now = timezone.now(), clock_now()
    try:
        provider = process_loop().provider(account_config(known))
        receipts = provider.read_receipts(_headers(request), body, real_now)
    except (BadSignature, StaleReceipt) as error:
        log.warning("receipt for %s refused: %s", account, error.code)
        return _problem(401, error.code, error.message)
    except MalformedReceipt as error:
        return _problem(400, error.code, error.message)
    except AccountInvalid as error:
        log.error("account %s cannot take receipts: %s", account, error.code)
        return _problem(503, error.code, "This account is not set up to take receipts.")
    taken = take_receipts(account=known, receipts=receipts, now=now, shift=now - real_now)
    if isinstance(provider, Acknowledged):
        said = provider.acknowledgement
        return HttpResponse(said.body, content_type=said.content_type)
    return JsonResponse(
        {
            "received": len(receipts),
            "new": taken.new,
            "unknown": taken.unknown,
            "unreadable": [
                {"item": place, "code": receipt.detail}
                for place, receipt in enumerate(receipts)
                if receipt.kind is ReceiptKind.UNREADABLE
            ],
        }
    )


def _headers(request: HttpRequest) -> dict[str, str]:
    """The headers, and the address posted to: some vendors sign it or carry a token in it.

    Only the request itself says its address; a header of that name from outside is dropped.
    """
    sent = {
        name: value
        for name, value in request.headers.items()
        if name.lower() != TARGET_HEADER.lower()
    }
    return {**sent, TARGET_HEADER: request.get_full_path()}


def _problem(status: int, code: str, detail: str) -> JsonResponse:
    return JsonResponse(
        {"type": "about:blank", "status": status, "title": code, "detail": detail},
        status=status,
        content_type="application/problem+json",
    )
