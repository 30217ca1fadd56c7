"""Alibaba Cloud SMS: SendSms, SendBatchSms, signatures ACS3-HMAC-SHA256.

The canonical request is rebuilt from the received line and headers, as the
vendor's gateway would, so that a client's own idea of it is not trusted.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

from aiohttp import web

from campaigns.sandbox.answers import as_json, as_list, as_object
from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.forms import TokenForm, china_time
from campaigns.sandbox.ledger import Entry
from campaigns.sandbox.mischief import answer_or_misbehave, e164, keys_of

_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=(?P<id>[^,]+),SignedHeaders=(?P<names>[a-z0-9;-]+),"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_MUST_SIGN = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-version"}
_WINDOW = timedelta(minutes=15)
_BATCH_MOST = 100


class SmsReport(TokenForm):
    """Names a message by BizId, number and whatever OutId the request had."""

    def item(self, entry: Entry, event: str, facts: Mapping[str, str]) -> Mapping[str, object]:
        """Return one object of the array."""
        delivered = event == "delivered"
        return {
            "phone_number": facts["number"],
            "send_time": china_time(entry.at),
            "report_time": china_time(entry.at),
            "success": delivered,
            "err_code": "DELIVERED" if delivered else "MK:0001",
            "err_msg": "用户接收成功" if delivered else "空号",
            "sms_size": "1",
            "biz_id": facts.get("biz_id", entry.provider_id),
            "out_id": facts["out_id"],
        }


_REPORTS = SmsReport(done={"code": 0})


class Aliyun:
    """The door of dysmsapi."""

    def __init__(self, desk: Desk, secret: str) -> None:
        self._desk = desk
        self._secret = secret
        self._nonces: set[str] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return the one door of an RPC API."""
        return [web.post("/aliyun/", self._call)]

    async def _call(self, request: web.Request) -> web.Response:
        body = await request.read()
        complaint = self._unsigned(request, body)
        if complaint:
            return _refusal(complaint, status=403)
        fields = dict(parse_qsl(request.query_string, keep_blank_values=True))
        fields |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        action = request.headers.get("x-acs-action", "")
        if request.headers.get("x-acs-version") != "2017-05-25" or "TemplateCode" not in fields:
            return _refusal("InvalidVersion", status=400)
        arrivals = _read(action, fields, request)
        if not 0 < len(arrivals) <= _BATCH_MOST:
            return _refusal("isv.MOBILE_COUNT_OVER_LIMIT")
        return await answer_or_misbehave(
            desk=self._desk,
            request=request,
            arrivals=arrivals,
            work=lambda: self._accept(arrivals),
            throttled=lambda: _refusal("Throttling.User"),
        )

    def _accept(self, arrivals: list[Arrival]) -> web.Response:
        # All or nothing, as the vendor does with a number it cannot read.
        if not all(7 < len(a.address) < 17 for a in arrivals):
            return _refusal("isv.MOBILE_NUMBER_ILLEGAL")
        if any(self._desk.refuses(a) for a in arrivals):
            return _refusal("isv.MOBILE_NUMBER_ILLEGAL")
        biz_id = self._desk.accept(arrivals[0])
        for arrival in arrivals[1:]:
            self._desk.accept(replace(arrival, facts={**arrival.facts, "biz_id": biz_id}))
        return as_json({"Code": "OK", "Message": "OK", "BizId": biz_id, "RequestId": biz_id})

    def _unsigned(self, request: web.Request, body: bytes) -> str:
        """Return the vendor's code for what is wrong with the signature, or nothing."""
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        signed = set(found["names"].split(";")) if found else set()
        is_there = signed >= _MUST_SIGN and all(name in request.headers for name in signed)
        if found is None or not is_there:
            return "IncompleteSignature"
        if found["id"] != "sandbox":
            return "InvalidAccessKeyId.NotFound"
        if request.headers["x-acs-content-sha256"] != hashlib.sha256(body).hexdigest():
            return "SignatureDoesNotMatch"
        if not _is_current(request.headers["x-acs-date"]):
            return "InvalidTimeStamp.Expired"
        nonce = request.headers.get("x-acs-signature-nonce", "")
        if nonce in self._nonces:
            return "SignatureNonceUsed"
        self._nonces.add(nonce)
        expected = _signature(request, found["names"], self._secret)
        return "" if hmac.compare_digest(expected, found["signature"]) else "SignatureDoesNotMatch"


def _signature(request: web.Request, names: str, secret: str) -> str:
    pairs = sorted(parse_qsl(request.query_string, keep_blank_values=True))
    query = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in pairs)
    canonical = f"POST\n/\n{query}\n"
    for name in names.split(";"):
        canonical += f"{name}:{request.headers[name].strip()}\n"
    canonical += f"\n{names}\n{request.headers['x-acs-content-sha256']}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.digest(secret.encode(), f"ACS3-HMAC-SHA256\n{digest}".encode(), "sha256").hex()


def _read(action: str, fields: dict[str, str], request: web.Request) -> list[Arrival]:
    match action:
        case "SendSms":
            numbers: list[object] = list(fields.get("PhoneNumbers", "").split(","))
            signs: list[object] = [fields.get("SignName", "")] * len(numbers)
            texts: list[object] = [as_object(fields.get("TemplateParam", "").encode())] * len(
                numbers
            )
        case "SendBatchSms":
            numbers = as_list(fields.get("PhoneNumberJson", ""))
            signs = as_list(fields.get("SignNameJson", ""))
            texts = as_list(fields.get("TemplateParamJson", ""))
        case _:
            return []
    if not len(numbers) == len(signs) == len(texts):
        return []
    keys = keys_of(request, count=len(numbers), reference=fields.get("OutId", ""))
    return [
        Arrival(
            channel="sms",
            account="aliyun",
            key=key,
            address=e164(str(number)),
            content={"text": f"【{sign}】{_words(parameters)}"},
            form=_REPORTS,
            facts={"out_id": fields.get("OutId", ""), "number": str(number)},
        )
        for key, number, sign, parameters in zip(keys, numbers, signs, texts, strict=True)
    ]


def _words(parameters: object) -> str:
    values = parameters.values() if isinstance(parameters, dict) else ()
    return " ".join(str(value) for value in values)


def _is_current(text: str) -> bool:
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(datetime.now(UTC) - at) < _WINDOW


def _refusal(code: str, *, status: int = 200) -> web.Response:
    return as_json({"Code": code, "Message": code, "RequestId": "sandbox"}, status=status)
