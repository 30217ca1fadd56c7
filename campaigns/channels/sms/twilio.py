"""`twilio`: Twilio's Messages resource, one message a request.

Twilio has no client reference and is not idempotent; our key travels in the
query of the status callback, which Twilio signs with the whole URL.  A callback
set in Twilio's console instead names the sid alone.
Source: Twilio, "Message resource", "Error and warning dictionary", and of
Event Streams "Outbound message" and "Inbound message".
"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from campaigns.channels import accounts
from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Acknowledgement,
    Channel,
    Outcome,
    Outgoing,
    Receipt,
    ReceiptKind,
    Unknown,
)
from campaigns.channels.callbacks import (
    event_id,
    is_house_form,
    query,
    read_items,
    text,
    unreadable,
)
from campaigns.channels.errors import MalformedReceipt
from campaigns.channels.handing import hand_over, reference_headers
from campaigns.channels.http import Answer, judge_status, read_object, retry_after
from campaigns.channels.meanings import Meaning, judge_code, unlisted
from campaigns.channels.receipts import MOST_BYTES, read_signed_receipts
from campaigns.channels.remote import OneByOne, Wiring, wire
from campaigns.channels.replies import reply_kind
from campaigns.channels.sms.fit import unfit
from campaigns.channels.sms.numbers import with_opt_out
from campaigns.channels.sms.segments import full_text
from campaigns.channels.sms.twilio_signature import has_body_hash, verify

_TEXT_MOST = 1600  # characters (error 21617)
_MEANINGS: Final[Mapping[str, Meaning]] = {
    "10001": Meaning.OUT_OF_SERVICE,
    "20003": Meaning.UNAUTHORISED,
    "20004": Meaning.OUT_OF_SERVICE,  # method not allowed, as at a wrong base URL
    "20008": Meaning.UNAUTHORISED,  # test credentials
    "20005": Meaning.OUT_OF_SERVICE,
    "20404": Meaning.OUT_OF_SERVICE,  # no such account
    "20429": Meaning.RETRY,
    "21211": Meaning.NO_SUCH_ADDRESS,
    "21212": Meaning.SENDER_REFUSED,
    "21265": Meaning.REFUSED,  # to a short code
    "21266": Meaning.REFUSED,  # to the sender himself
    "21267": Meaning.SENDER_REFUSED,
    "21408": Meaning.REFUSED,
    "21601": Meaning.SENDER_REFUSED,
    "21602": Meaning.REFUSED,  # no body
    "21603": Meaning.SENDER_REFUSED,
    "21604": Meaning.REFUSED,  # no number
    "21605": Meaning.REFUSED,  # too long
    "21606": Meaning.SENDER_REFUSED,
    "21607": Meaning.SENDER_REFUSED,
    "21608": Meaning.REFUSED,  # not verified, on a trial account
    "21609": Meaning.SENDER_REFUSED,  # our callback's address, which stands in the account
    "21610": Meaning.OPTED_OUT,
    "21611": Meaning.RETRY,
    "21612": Meaning.REFUSED,
    "21614": Meaning.NO_SUCH_ADDRESS,
    "21617": Meaning.REFUSED,  # too long
    "21635": Meaning.NO_SUCH_ADDRESS,  # a landline
    # Since July 2024 in the place of 21606: a sender of somebody else, or of no messages.
    "21659": Meaning.SENDER_REFUSED,
    "21660": Meaning.SENDER_REFUSED,
    "21661": Meaning.SENDER_REFUSED,
    # A messaging service that is gone, switched off, empty or not one.
    "21701": Meaning.SENDER_REFUSED,
    "21702": Meaning.SENDER_REFUSED,
    "21704": Meaning.SENDER_REFUSED,
    "21705": Meaning.SENDER_REFUSED,
    "21709": Meaning.SENDER_REFUSED,
    "21730": Meaning.RETRY,
    "30001": Meaning.RETRY,
    "30002": Meaning.OUT_OF_SERVICE,
    "63038": Meaning.OUT_OF_SERVICE,  # the account's day is used up
}
_ENDED: Final[Mapping[str, ReceiptKind]] = {
    "delivered": ReceiptKind.DELIVERED,
    "undelivered": ReceiptKind.BOUNCED,
    "failed": ReceiptKind.FAILED,
    "canceled": ReceiptKind.FAILED,
    "read": ReceiptKind.OPENED,
}
_INBOUND: Final = "com.twilio.messaging.inbound-message.received"
_EVENTS: Final = ("com.twilio.messaging.message.", _INBOUND)
_SHORT_CODE: Final = re.compile(r"[0-9]{3,8}")
_UNDER_WAY: Final = frozenset({"accepted", "scheduled", "queued", "sending", "sent", "receiving"})


class Twilio(OneByOne):
    """One account.  Options and secrets are listed in `build`."""

    name = "twilio"
    channel = Channel.SMS
    # Instructions for a reply; none, so that Twilio answers the customer nothing of ours.
    acknowledgement = Acknowledgement(content_type="text/xml", body=b"<Response/>")

    def __init__(self, config: AccountConfig, wiring: Wiring) -> None:
        super().__init__(config, wiring)
        sid = accounts.secret(config, "account_sid")
        pair = f"{sid}:{accounts.secret(config, 'auth_token')}"
        self._authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        path = f"2010-04-01/Accounts/{quote(sid, safe='')}/Messages.json"
        self._url = f"{accounts.http_base(config)}/{path}"
        self._receipts_url = config.options.get("receipts_url", "")
        self._service = config.options.get("messaging_service_sid", "")
        self._from = "" if self._service else accounts.option(config, "from")

    def read_receipts(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[Receipt]:
        """Verify X-Twilio-Signature, then read a status or a reply, or a post of Event Streams.

        Twilio dates nothing, so there is no replay window: a repeated post has
        the same event id.
        """
        if is_house_form(headers):
            return read_signed_receipts(config=self._config, headers=headers, body=body, now=now)
        if len(body) > MOST_BYTES:
            raise MalformedReceipt(f"the body is longer than {MOST_BYTES} bytes")
        if has_body_hash(headers):
            verify(self._config, headers, body, now)
            return [one for item in read_items(body) for one in _read_event(item, now)]
        pairs = _read_form(body)
        verify(self._config, headers, pairs, now)
        # Signed with whatever it holds; PostgreSQL stores no NUL.
        form = {name: value.replace("\x00", "") for name, value in pairs}
        return _read_post(form, query(headers).get("key", ""), now)

    async def _send_one(self, message: Outgoing) -> Outcome:
        key = message.key
        body = full_text(message.content)
        if refused := unfit(message, body, most=_TEXT_MOST):
            return refused
        form = {"To": message.address, "Body": body}
        if self._service:
            form["MessagingServiceSid"] = self._service
        else:
            form["From"] = self._from
        if self._receipts_url:
            form["StatusCallback"] = f"{self._receipts_url}?{urlencode({'key': key})}"
        answer = await hand_over(
            http=self._http,
            batch=[message],
            url=self._url,
            body=urlencode(form).encode(),
            headers={
                "Authorization": self._authorization,
                "Content-Type": "application/x-www-form-urlencoded",
                **reference_headers(self._config, [message]),
            },
        )
        return answer[0] if isinstance(answer, list) else _read_outcome(key, answer)


def build(config: AccountConfig) -> Twilio:
    """Build a provider.

    secrets: `account_sid`, `auth_token`, `auth_token_previous`;
    `webhook_key` (a shared key) where one signs the callbacks;
    `lookup_secret` with `lookup_url`; `receipt_secret`.
    options: `from` (number or sender) or `messaging_service_sid`,
    `receipts_url` (this account's receipts door as Twilio sees it),
    `lookup_url`, `concurrency` (32), `deadline_seconds` (10),
    `settle_seconds` (300).
    """
    if config.options.get("receipts_url"):
        accounts.http_base(config, config.options["receipts_url"])
    wiring = wire(
        config,
        concurrency=32,
        most=500,
        settle=300,
        reports_by_id=True,
    )
    return Twilio(config, wiring)


def _read_outcome(key: str, answer: Answer) -> Outcome:
    told = read_object(answer.body)
    if answer.status in (200, 201):
        sid, segments = told.get("sid"), str(told.get("num_segments", "1"))[:4]
        if not isinstance(sid, str) or not sid:
            return Unknown(key=key, code="bad_answer", message="the answer has no sid")
        # A messaging service counts later and says 0 at first.
        counted = int(segments) if segments.isascii() and segments.isdigit() else 1
        return Accepted(key=key, provider_id=sid, segments=max(1, min(counted, 255)))
    code, said = text(told, "code"), text(told, "message")
    if not code or answer.status >= 500:
        return judge_status(key=key, answer=answer, code=code, message=said)
    return judge_code(
        key=key,
        code=code,
        message=said,
        table=_MEANINGS,
        default=unlisted(answer.status),
        retry_after=retry_after(answer.headers),
    )


def _read_form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=200, errors="strict"
        )
    except ValueError as error:
        raise MalformedReceipt("the body is not a form") from error


def _read_event(event: Mapping[str, object], now: datetime) -> list[Receipt]:
    """Read one event of Event Streams, whose names begin small and whose states are capitals."""
    data, kind = event.get("data"), text(event, "type")
    if not isinstance(data, dict) or not kind.startswith(_EVENTS):
        return [unreadable(event, "unknown_event", now)]
    form = {name[:1].upper() + name[1:]: text(data, name, 2000) for name in data}
    form["MessageStatus"] = form.get("MessageStatus", "").lower()
    if not form["MessageStatus"] and kind != _INBOUND:
        return [unreadable(event, "unknown_status", now)]
    return _read_post(form, "", now)


def _read_post(form: Mapping[str, str], key: str, now: datetime) -> list[Receipt]:
    sid, status = form.get("MessageSid", "")[:200], form.get("MessageStatus", "")
    if not sid:
        return [unreadable(form, "no_sid", now)]
    if not status:
        return [_read_reply(form, sid, now)]
    if status in _UNDER_WAY:
        return []
    kind = _ENDED.get(status)
    if kind is None:
        return [unreadable(form, "unknown_status", now)]
    code = form.get("ErrorCode", "")[:200]
    report = Receipt(
        provider_event_id=event_id(sid, status),
        key=key[:200] or None,
        provider_id=sid,
        kind=ReceiptKind.UNDELIVERABLE if _is_for_good(code, form.get("From", "")) else kind,
        at=now.astimezone(UTC),
        detail=code,
    )
    return with_opt_out(report, code)


def _is_for_good(code: str, sender: str) -> bool:
    """Return whether no later message would arrive either: an unknown destination, a landline.

    From a short code 30006 may only mean that this carrier takes none of its messages.
    """
    return code == "30005" or (code == "30006" and _SHORT_CODE.fullmatch(sender) is None)


def _read_reply(form: Mapping[str, str], sid: str, now: datetime) -> Receipt:
    said = form.get("Body", "").replace("\x00", "")[:500]
    # Twilio tells which keyword it took itself, in whatever language it is set to.
    stopped = form.get("OptOutType") == "STOP"
    return Receipt(
        provider_event_id=sid,
        key=None,
        provider_id=None,
        kind=ReceiptKind.UNSUBSCRIBED if stopped else reply_kind(said),
        at=now.astimezone(UTC),
        detail=said,
        address=form.get("From", "")[:40],
    )
