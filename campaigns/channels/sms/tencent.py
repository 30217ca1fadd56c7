"""`tencent`: Tencent Cloud SMS (SendSms, API version 2021-01-11).

One request carries one text for at most 200 numbers, all of mainland China or
all from elsewhere, and answers with a verdict and a serial number for each.
Messages of equal content share a request; others go alone, with our key as
SessionContext.  Receipts name the serial number, never the key.  The vendor is
not idempotent.
Source: Tencent Cloud SMS, "SendSms", "SMS Sending Status Notification", "SMS
Reply Notification".
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

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
from campaigns.channels.meanings import is_about_message, judge_code
from campaigns.channels.receipts import read_signed_receipts
from campaigns.channels.remote import Remote, Wiring, wire
from campaigns.channels.replies import reply_kind
from campaigns.channels.signing import tc3_headers
from campaigns.channels.sms.fit import parted
from campaigns.channels.sms.numbers import failure, from_vendor, with_opt_out
from campaigns.channels.sms.tencent_codes import MEANINGS, WAITS

_NUMBERS_MOST = 200
_TEXT_MOST = 500  # characters with the signature ("Body template review standards")


class Tencent(Remote):
    """One SMS application.  Options and secrets are listed in `build`."""

    name = "tencent"
    channel = Channel.SMS
    acknowledgement = Acknowledgement(
        content_type="application/json", body=b'{"result":0,"errmsg":"OK"}'
    )

    def __init__(self, config: AccountConfig, wiring: Wiring) -> None:
        super().__init__(config, wiring)
        self._base = accounts.http_base(config)
        self._secret_id = accounts.secret(config, "secret_id")
        self._secret_key = accounts.secret(config, "secret_key")
        self._app_id = accounts.option(config, "sdk_app_id")
        self._template = accounts.option(config, "template_id")
        self._sign_name = accounts.option(config, "sign_name")
        self._region = accounts.option(config, "region", "ap-guangzhou")

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Hand over, messages of equal content together."""
        texts = [f"【{self._sign(m)}】{m.content['text']}" for m in batch]
        good, refused = parted(batch, texts, most=_TEXT_MOST)
        groups = list(_groups(good))
        sent = await fan_out(
            items=groups, act=self._send_group, concurrency=self.limits.concurrency
        )
        return [*refused, *(outcome for one in sent for outcome in one)]

    def read_receipts(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[Receipt]:
        """Read status and reply posts, known by the URL's token: the vendor signs nothing."""
        if is_house_form(headers):
            return read_signed_receipts(config=self._config, headers=headers, body=body, now=now)
        check_token(self._config, headers, now)
        return [receipt for item in read_items(body) for receipt in _read_item(item, now)]

    async def _send_group(self, group: Sequence[Outgoing]) -> list[Outcome]:
        body = orjson.dumps(
            {
                "PhoneNumberSet": [message.address for message in group],
                "SmsSdkAppId": self._app_id,
                "TemplateId": self._template,
                "SignName": self._sign(group[0]),
                "TemplateParamSet": [group[0].content["text"]],
                "SessionContext": group[0].key if len(group) == 1 else "",
            }
        )
        signed = tc3_headers(
            service="sms",
            host=urlsplit(self._base).netloc,
            body=body,
            secret_id=self._secret_id,
            secret_key=self._secret_key,
            at=datetime.now(UTC),
        )
        chosen = {"X-TC-Action": "SendSms", "X-TC-Version": "2021-01-11"}
        chosen["X-TC-Region"] = self._region
        answer = await hand_over(
            http=self._http,
            batch=group,
            url=f"{self._base}/",
            body=body,
            headers={**signed, **chosen, **reference_headers(self._config, group)},
        )
        if isinstance(answer, list):
            return answer
        if len(group) > 1 and is_about_message(_error_code(answer), MEANINGS):
            # Whom the error means it does not say; nothing of the request was sent.
            return await in_halves(group, self._send_group)
        return _read_outcomes(group, answer)

    def _sign(self, message: Outgoing) -> str:
        return message.content.get("signature", "").strip().strip("【】") or self._sign_name


def build(config: AccountConfig) -> Tencent:
    """Build a provider.

    secrets: `secret_id`, `secret_key`; `receipt_token` of the callback URL;
    `lookup_secret` with `lookup_url`; `receipt_secret`.
    options: `sdk_app_id`, `sign_name`, `template_id` of an approved template
    with one variable, `region` (ap-guangzhou), `lookup_url`, `concurrency`
    (16), `deadline_seconds` (10), `settle_seconds` (300).
    """
    wiring = wire(
        config,
        concurrency=16,
        most=200,
        batch_max=_NUMBERS_MOST,
        settle=300,
        per_request=_NUMBERS_MOST,
        reports_by_id=True,
    )
    return Tencent(config, wiring)


def _groups(batch: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    """Part the batch by what one request may hold: one content, one side of the border.

    A number stands in a request once, because its verdict is found by it.
    """
    groups: dict[tuple[str, str, bool, int], list[Outgoing]] = {}
    seen: dict[tuple[str, str, str], int] = {}
    for message in batch:
        content = message.content["text"], message.content.get("signature", "")
        times = seen.get((*content, message.address), 0)
        seen[*content, message.address] = times + 1
        place = (*content, message.address.startswith("+86"), times)
        groups.setdefault(place, []).append(message)
    for group in groups.values():
        for start in range(0, len(group), _NUMBERS_MOST):
            yield group[start : start + _NUMBERS_MOST]


def _response(answer: Answer) -> Mapping[str, object]:
    told = read_object(answer.body).get("Response")
    return told if isinstance(told, dict) else {}


def _error_code(answer: Answer) -> str:
    error = _response(answer).get("Error")
    return text(error, "Code") if answer.status == 200 and isinstance(error, dict) else ""


def _read_outcomes(group: Sequence[Outgoing], answer: Answer) -> list[Outcome]:
    response = _response(answer)
    error, statuses = response.get("Error"), response.get("SendStatusSet")
    if answer.status != 200:
        return [judge_status(key=message.key, answer=answer) for message in group]
    if isinstance(error, dict) and isinstance(error.get("Code"), str):
        return [_judge(message.key, error) for message in group]
    if not isinstance(statuses, list):
        told_of = "the answer holds neither statuses nor an error"
        return [Unknown(key=m.key, code="bad_answer", message=told_of) for m in group]
    by_number: dict[str, Mapping[str, object]] = {}
    for status in (one for one in statuses if isinstance(one, dict)):
        number = from_vendor(text(status, "PhoneNumber"))
        # Two verdicts that differ are none.
        by_number[number] = status if by_number.get(number, status) == status else {}
    return [_read_status(message, by_number.get(message.address)) for message in group]


def _read_status(message: Outgoing, status: Mapping[str, object] | None) -> Outcome:
    key = message.key
    if status is None:
        return Unknown(key=key, code="no_result", message="the answer leaves this number out")
    if text(status, "Code") != "Ok":
        return _judge(key, status)
    serial, fee = text(status, "SerialNo"), status.get("Fee")
    if not serial:
        return Unknown(key=key, code="bad_result", message="accepted without a serial number")
    charged = fee if isinstance(fee, int) and fee > 0 else 1
    return Accepted(key=key, provider_id=serial, segments=charged)


def _judge(key: str, told: Mapping[str, object]) -> Outcome:
    code = text(told, "Code")
    if not code:
        return Unknown(key=key, code="bad_result", message="the verdict cannot be read")
    return judge_code(
        key=key,
        code=code,
        message=text(told, "Message"),
        table=MEANINGS,
        retry_after=WAITS.get(code),
    )


def _read_item(item: Mapping[str, object], now: datetime) -> list[Receipt]:
    mobile = text(item, "mobile")
    # With a plus it is whole already.
    is_whole = mobile.startswith("+")
    number = from_vendor(mobile if is_whole else f"+{text(item, 'nationcode') or '86'}{mobile}")
    if "text" in item:
        return [_read_reply(item, number, now)]
    serial, status = text(item, "sid"), text(item, "report_status")
    if not serial or status not in ("SUCCESS", "FAIL"):
        return [unreadable(item, "unknown_form", now)]
    code, is_delivered = text(item, "errmsg"), status == "SUCCESS"
    report = Receipt(
        provider_event_id=event_id(serial, status),
        key=None,
        provider_id=serial,
        kind=ReceiptKind.DELIVERED if is_delivered else failure(code),
        at=china_time(text(item, "user_receive_time"), now),
        detail="" if is_delivered else f"{code} {text(item, 'description')}".strip(),
    )
    return [report] if is_delivered else with_opt_out(report, code)


def _read_reply(item: Mapping[str, object], number: str, now: datetime) -> Receipt:
    said, seconds = text(item, "text", 500), item.get("time")
    try:
        at = datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else now
    except (ValueError, OverflowError, OSError):
        at = now
    return Receipt(
        provider_event_id=event_id(number, str(seconds)[:20], said),
        key=None,
        provider_id=None,
        kind=reply_kind(said),
        at=at,
        detail=said,
        address=number,
    )
