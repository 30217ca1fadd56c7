"""`http_sms`: a JSON batch API with a verdict for each message.

    POST {base_url}/v1/messages  {"messages": [{"key", "to", "text"}, …]}  ≤ 200
    → {"results": [{"key", "status": "accepted", "id", "segments"}
                 | {"key", "status": "refused", "code", "message"}
                 | {"key", "status": "unavailable", "code", "message", "retry_after"}]}

Requests are signed (see signing.py).  An error of the whole account may come
as `{"code", "message"}` with HTTP 200: that is not success.  The code
`isv.MOBILE_NUMBER_ILLEGAL` says that nobody has the number.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import orjson

from campaigns.channels import accounts
from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Limits,
    Outcome,
    Outgoing,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.handing import hand_over, in_halves
from campaigns.channels.http import Answer, Http, judge_status, read_object
from campaigns.channels.lookup import Lookup
from campaigns.channels.remote import Remote, Wiring
from campaigns.channels.signing import signed_headers
from campaigns.channels.sms.segments import full_text, measure

_BATCH_MOST = 200
_NO_SUCH_NUMBER = "isv.MOBILE_NUMBER_ILLEGAL"
# A request that is wrong as a whole (bad JSON field, too long) may be so for
# one message: its halves are tried apart, since nothing of it was taken.
_WRONG_AS_A_WHOLE = frozenset({400, 413, 422})


class HttpSms(Remote):
    """One account.  Options and secrets are listed in `build`."""

    name = "http_sms"
    channel = Channel.SMS

    def __init__(self, config: AccountConfig, wiring: Wiring) -> None:
        super().__init__(config, wiring)
        self._url = f"{accounts.http_base(config)}/v1/messages"
        self._account = accounts.option(config, "account", config.key)
        self._secret = accounts.secret(config, "api_secret")

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Hand over up to 200 messages in one request."""
        if not batch:
            return []
        body = orjson.dumps({"messages": [_as_vendor_item(message) for message in batch]})
        headers = signed_headers(account=self._account, secret=self._secret, body=body)
        answer = await hand_over(
            http=self._http, batch=batch, url=self._url, body=body, headers=headers
        )
        if isinstance(answer, list):
            return answer
        if answer.status in _WRONG_AS_A_WHOLE and len(batch) > 1:
            return await in_halves(batch, self.send)
        return _read_outcomes(batch, answer)


def build(config: AccountConfig) -> HttpSms:
    """Build a provider.

    secrets: `api_secret`; `receipt_secret`, `receipt_secret_previous`.
    options: `account` (the account's key), `deadline_seconds` (10),
    `settle_seconds` (60), `honours_key` (false).
    """
    http = Http(concurrency=4, deadline=accounts.seconds_option(config, "deadline_seconds", 10))
    limits = Limits(
        batch_max=_BATCH_MOST,
        concurrency=1,
        honours_key=accounts.flag_option(config, "honours_key"),
        can_find=True,
        settle=accounts.seconds_option(config, "settle_seconds", 60),
        per_request=_BATCH_MOST,
    )
    lookup = Lookup(
        http=http,
        url=f"{accounts.http_base(config)}/v1/lookup",
        account=accounts.option(config, "account", config.key),
        secret=accounts.secret(config, "api_secret"),
    )
    return HttpSms(config, Wiring(limits=limits, http=http, lookup=lookup))


def _as_vendor_item(message: Outgoing) -> dict[str, str]:
    return {"key": message.key, "to": message.address, "text": full_text(message.content)}


def _read_outcomes(batch: Sequence[Outgoing], answer: Answer) -> list[Outcome]:
    told = read_object(answer.body)
    results = told.get("results")
    if answer.status != 200 or not isinstance(results, list):
        return [_judge_whole(message.key, answer, told) for message in batch]
    by_key: dict[str, Mapping[str, object]] = {}
    for item in results:
        key = item.get("key") if isinstance(item, dict) else None
        if isinstance(key, str):
            # Two verdicts that differ are none.
            by_key[key] = item if by_key.get(key, item) == item else {}
    return [_read_result(message, by_key.get(message.key)) for message in batch]


def _judge_whole(key: str, answer: Answer, told: Mapping[str, object]) -> Outcome:
    """Judge an answer without a verdict per message."""
    code = _word(told.get("code")) or _word(told.get("Code"))
    message = _word(told.get("message"))
    if code == _NO_SUCH_NUMBER and answer.status < 500:
        return Refused(key=key, code=code, message=message, is_address_dead=True)
    if answer.status != 200:
        return judge_status(key=key, answer=answer, code=code, message=message)
    if code:
        fault = "out_of_service" if "OUT_OF_SERVICE" in code.upper() else code
        return Unavailable(key=key, code=fault, message=message or code)
    if told.get("success") is False:
        return Refused(key=key, code="declined", message=message or "success is false")
    return Unknown(key=key, code="bad_answer", message="the answer holds no results")


def _read_result(message: Outgoing, item: Mapping[str, object] | None) -> Outcome:
    key = message.key
    if item is None:
        return Unknown(key=key, code="no_result", message="the answer leaves this message out")
    code, told = _word(item.get("code")), _word(item.get("message"))
    match item.get("status"):
        case "accepted" if provider_id := _word(item.get("id")):
            count = item.get("segments")
            counted = count if isinstance(count, int) and count > 0 else None
            segments = counted or measure(full_text(message.content)).segments
            return Accepted(key=key, provider_id=provider_id, segments=segments)
        case "refused":
            is_dead = code == _NO_SUCH_NUMBER
            return Refused(key=key, code=code or "refused", message=told, is_address_dead=is_dead)
        case "unavailable":
            after = _wait(item.get("retry_after"))
            return Unavailable(key=key, code=code or "unavailable", message=told, retry_after=after)
        case _:
            return Unknown(key=key, code="bad_result", message="the verdict cannot be read")


def _wait(seconds: object) -> timedelta | None:
    if isinstance(seconds, int) and seconds >= 0:
        return timedelta(seconds=min(seconds, 86_400))
    return None


def _word(value: object) -> str:
    """Return a bounded text; ids may come as whole numbers, never as floats."""
    match value:
        case str():
            return value[:200]
        case bool() | float():
            return ""
        case int():
            return str(value)
        case _:
            return ""
