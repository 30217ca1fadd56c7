"""`aliyun`: Alibaba Cloud SMS for mainland numbers (dysmsapi 2017-05-25).

A single message goes by SendSms, whose OutId carries our key and comes back in
the receipt.  Several go by SendBatchSms, at most 100: it takes or refuses them
together under one BizId, so a refusal is tried again in halves, and a receipt
of a batch is matched by BizId and number.  The vendor is not idempotent: a
timeout is unknown until a receipt or a relay's lookup tells.
Source: Alibaba Cloud SMS, "SendSms", "SendBatchSms", "SmsReport", "SmsUp".
"""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import orjson

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
    check_token,
    china_time,
    event_id,
    is_house_form,
    read_items,
    text,
    unreadable,
)
from campaigns.channels.fan_out import fan_out
from campaigns.channels.handing import hand_over, in_halves, reference_headers
from campaigns.channels.http import Answer, judge_status, read_object
from campaigns.channels.meanings import is_about_message, judge_code, unlisted
from campaigns.channels.receipts import read_signed_receipts
from campaigns.channels.remote import Remote, Wiring, wire
from campaigns.channels.replies import reply_kind
from campaigns.channels.signing import acs3_headers, rfc3986_query
from campaigns.channels.sms.aliyun_codes import MEANINGS, flow_wait
from campaigns.channels.sms.fit import parted
from campaigns.channels.sms.numbers import failure, from_vendor, with_opt_out
from campaigns.channels.sms.segments import measure

_VERSION = "2017-05-25"
_BATCH_MOST = 100
_TEXT_MOST = 500  # characters with the signature ("Message sending rules")
_BATCH_MARK = "batch-"
_FORM = "application/x-www-form-urlencoded"


class Aliyun(Remote):
    """One account.  Options and secrets are listed in `build`."""

    name = "aliyun"
    channel = Channel.SMS
    acknowledgement = Acknowledgement(
        content_type="application/json", body=b'{"code":0,"msg":"OK"}'
    )

    def __init__(self, config: AccountConfig, wiring: Wiring) -> None:
        super().__init__(config, wiring)
        self._base = accounts.http_base(config)
        self._key_id = accounts.secret(config, "access_key_id")
        self._key_secret = accounts.secret(config, "access_key_secret")
        self._template = accounts.option(config, "template_code")
        self._variable = accounts.option(config, "template_variable", "content")
        self._sign_name = accounts.option(config, "sign_name")
        self._batching = accounts.flag_option(config, "batch", default=True)

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Hand over at most 100 messages, together or one by one."""
        good, refused = parted(batch, [self._text(m) for m in batch], most=_TEXT_MOST)
        outcomes: list[Outcome] = [*refused]
        if self._batching:
            for group in apart(good):
                outcomes += await self._send_together(group)
            return outcomes
        sent = await fan_out(items=good, act=self._send_single, concurrency=self.limits.concurrency)
        return [*outcomes, *(outcome for one in sent for outcome in one)]

    def read_receipts(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[Receipt]:
        """Read SmsReport and SmsUp posts, known by the URL's token: the vendor signs nothing."""
        if is_house_form(headers):
            return read_signed_receipts(config=self._config, headers=headers, body=body, now=now)
        check_token(self._config, headers, now)
        return [receipt for item in read_items(body) for receipt in _read_item(item, now)]

    async def _send_together(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        if len(batch) < 2:
            return [outcome for one in batch for outcome in await self._send_single(one)]
        query = {"OutId": f"{_BATCH_MARK}{secrets.token_hex(8)}", "TemplateCode": self._template}
        form = {
            "PhoneNumberJson": _json([_vendor_number(m.address) for m in batch]),
            "SignNameJson": _json([self._sign(m) for m in batch]),
            "TemplateParamJson": _json([self._parameters(m) for m in batch]),
        }
        answer = await self._call("SendBatchSms", batch, query, urlencode(form).encode())
        if isinstance(answer, list):
            return answer
        if is_about_message(_code(answer), MEANINGS):
            # One number at fault, or at its limit, refuses all; nothing of the batch was sent.
            return await in_halves(batch, self._send_together)
        return [self._read_outcome(m, answer, together=True) for m in batch]

    async def _send_single(self, message: Outgoing) -> list[Outcome]:
        query = {
            "OutId": message.key,
            "PhoneNumbers": _vendor_number(message.address),
            "SignName": self._sign(message),
            "TemplateCode": self._template,
            "TemplateParam": _json(self._parameters(message)),
        }
        answer = await self._call("SendSms", [message], query, b"")
        if isinstance(answer, list):
            return answer
        return [self._read_outcome(message, answer, together=False)]

    async def _call(
        self, action: str, batch: Sequence[Outgoing], query: Mapping[str, str], body: bytes
    ) -> Answer | list[Outcome]:
        signed = acs3_headers(
            action=action,
            version=_VERSION,
            host=urlsplit(self._base).netloc,
            query=query,
            body=body,
            content_type=_FORM if body else "",
            key_id=self._key_id,
            secret=self._key_secret,
            at=datetime.now(UTC),
            nonce=secrets.token_hex(16),
        )
        return await hand_over(
            http=self._http,
            batch=batch,
            url=f"{self._base}/?{rfc3986_query(query)}",
            body=body,
            headers={**signed, **reference_headers(self._config, batch)},
        )

    def _read_outcome(self, message: Outgoing, answer: Answer, *, together: bool) -> Outcome:
        told = read_object(answer.body)
        biz_id = told.get("BizId")
        if answer.status != 200 or _code(answer) != "OK":
            return _judge(message.key, answer, str(told.get("Message", "")))
        if not isinstance(biz_id, str) or not biz_id:
            return Unknown(key=message.key, code="bad_answer", message="the answer has no BizId")
        size = measure(self._text(message))
        known_as = batch_provider_id(biz_id, message.address) if together else biz_id
        return Accepted(key=message.key, provider_id=known_as, segments=size.segments)

    def _text(self, message: Outgoing) -> str:
        return f"【{self._sign(message)}】{message.content['text']}"

    def _sign(self, message: Outgoing) -> str:
        return message.content.get("signature", "").strip().strip("【】") or self._sign_name

    def _parameters(self, message: Outgoing) -> dict[str, str]:
        return {self._variable: message.content["text"]}


def build(config: AccountConfig) -> Aliyun:
    """Build a provider.

    secrets: `access_key_id`, `access_key_secret`; `receipt_token` of the
    callback URL; `lookup_secret` with `lookup_url`; `receipt_secret`.
    options: `template_code` of an approved template whose one variable is
    `template_variable` (content); `sign_name`; `batch` (true); `lookup_url`;
    `concurrency` (16), `deadline_seconds` (10), `settle_seconds` (300).
    """
    wiring = wire(
        config,
        concurrency=16,
        most=200,
        batch_max=_BATCH_MOST,
        settle=300,
        per_request=_BATCH_MOST,
        reports_by_id=True,
    )
    return Aliyun(config, wiring)


def apart(batch: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """Part the batch so that a number stands in a request once: a report tells by number."""
    groups: list[list[Outgoing]] = []
    seen: Counter[str] = Counter()
    for message in batch:
        place = seen[message.address]
        seen[message.address] += 1
        if place == len(groups):
            groups.append([])
        groups[place].append(message)
    return groups


def batch_provider_id(biz_id: str, address: str) -> str:
    """Return the id of one message of a batch, which shares its BizId with its neighbours."""
    return f"{biz_id}.{event_id(address)[:12]}"


def _judge(key: str, answer: Answer, message: str) -> Outcome:
    code = _code(answer)
    if answer.status == 200 and not code:
        return Unknown(key=key, code="bad_answer", message="the answer has no Code")
    # A 5xx proves nothing, unless its code is one whose meaning is documented.
    if code in ("", "OK") or (answer.status >= 500 and code not in MEANINGS):
        return judge_status(key=key, answer=answer, code=code, message=message)
    return judge_code(
        key=key,
        code=code,
        message=message,
        table=MEANINGS,
        default=unlisted(answer.status),
        retry_after=flow_wait(message),
    )


def _read_item(item: Mapping[str, object], now: datetime) -> list[Receipt]:
    number = from_vendor(text(item, "phone_number"))
    if "content" in item:
        return [_read_reply(item, number, now)]
    biz_id, success = text(item, "biz_id"), item.get("success")
    if not biz_id or not isinstance(success, bool):
        return [unreadable(item, "unknown_form", now)]
    out_id, code = text(item, "out_id"), text(item, "err_code")
    alone = bool(out_id) and not out_id.startswith(_BATCH_MARK)
    report = Receipt(
        provider_event_id=event_id(biz_id, number, code),
        key=out_id if alone else None,
        provider_id=biz_id if alone else batch_provider_id(biz_id, number),
        kind=ReceiptKind.DELIVERED if success else failure(code),
        at=china_time(text(item, "report_time"), now),
        detail="" if success else f"{code} {text(item, 'err_msg')}".strip(),
    )
    return [report] if success else with_opt_out(report, code)


def _read_reply(item: Mapping[str, object], number: str, now: datetime) -> Receipt:
    said = text(item, "content", 500)
    sent_at = text(item, "send_time")
    return Receipt(
        provider_event_id=text(item, "sequence_id") or event_id(number, sent_at, said),
        key=None,
        provider_id=None,
        kind=reply_kind(said),
        at=china_time(sent_at, now),
        detail=said,
        address=number,
    )


def _code(answer: Answer) -> str:
    code = read_object(answer.body).get("Code")
    return code if isinstance(code, str) else ""


def _vendor_number(address: str) -> str:
    return address.removeprefix("+86") if address.startswith("+861") else address.removeprefix("+")


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
