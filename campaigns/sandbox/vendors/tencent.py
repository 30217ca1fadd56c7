"""Tencent Cloud SMS: SendSms with signatures TC3-HMAC-SHA256.

Whatever headers the client says it signed are hashed as they arrived.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from aiohttp import web

from campaigns.sandbox.answers import as_json, as_object
from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.forms import TokenForm, china_time
from campaigns.sandbox.ledger import Entry
from campaigns.sandbox.mischief import answer_or_misbehave, e164, keys_of

_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<day>[0-9-]+)/sms/tc3_request, "
    r"SignedHeaders=(?P<names>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_WINDOW = 300.0  # seconds
_NUMBERS_MOST = 200


class StatusReport(TokenForm):
    """Names a message by its serial number alone."""

    def item(self, entry: Entry, event: str, facts: Mapping[str, str]) -> Mapping[str, object]:
        """Return one object of the array."""
        delivered = event == "delivered"
        return {
            "user_receive_time": china_time(entry.at),
            "nationcode": "86",
            "mobile": entry.address.removeprefix("+86").removeprefix("+"),
            "report_status": "SUCCESS" if delivered else "FAIL",
            "errmsg": "DELIVRD" if delivered else "MK:0001",
            "description": "用户短信送达成功" if delivered else "空号",
            "sid": entry.provider_id,
        }


_REPORTS = StatusReport(done={"result": 0})


class Tencent:
    """The door of sms.tencentcloudapi.com."""

    def __init__(self, desk: Desk, secret: str) -> None:
        self._desk = desk
        self._secret = secret

    def routes(self) -> list[web.RouteDef]:
        """Return the one door of the API."""
        return [web.post("/tencent/", self._call)]

    async def _call(self, request: web.Request) -> web.Response:
        body = await request.read()
        complaint = self._unsigned(request, body)
        if complaint:
            return _error(complaint)
        if request.headers.get("X-TC-Action") != "SendSms":
            return _error("InvalidAction")
        arrivals = _read(as_object(body), request)
        if not 0 < len(arrivals) <= _NUMBERS_MOST:
            return _error("LimitExceeded.PhoneNumberCountLimit")
        if len({arrival.address.startswith("+86") for arrival in arrivals}) > 1:
            return _error("UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber")
        return await answer_or_misbehave(
            desk=self._desk,
            request=request,
            arrivals=arrivals,
            work=lambda: _answer({"SendStatusSet": [self._status(a) for a in arrivals]}),
            throttled=lambda: _error("RequestLimitExceeded"),
        )

    def _status(self, arrival: Arrival) -> dict[str, object]:
        told: dict[str, object] = {"PhoneNumber": arrival.address, "SessionContext": arrival.key}
        if not 7 < len(arrival.address) < 17:
            code, serial = "InvalidParameterValue.IncorrectPhoneNumber", ""
        elif self._desk.refuses(arrival):
            code, serial = "FailedOperation.PhoneNumberInBlacklist", ""
        else:
            code, serial = "Ok", self._desk.accept(arrival)
        fee = 1 if serial else 0
        return {**told, "SerialNo": serial, "Fee": fee, "Code": code, "Message": code}

    def _unsigned(self, request: web.Request, body: bytes) -> str:
        """Return the vendor's code for what is wrong with the signature, or nothing."""
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        stamp = request.headers.get("X-TC-Timestamp", "")
        if found is None or not re.fullmatch(r"[0-9]{1,11}", stamp):
            return "AuthFailure.InvalidAuthorization"
        if found["id"] != "sandbox":
            return "AuthFailure.SecretIdNotFound"
        if abs(time.time() - int(stamp)) > _WINDOW:
            return "AuthFailure.SignatureExpire"
        if datetime.fromtimestamp(int(stamp), UTC).date().isoformat() != found["day"]:
            return "AuthFailure.SignatureFailure"
        expected = self._signature(request, body, found["names"], found["day"], stamp)
        same = hmac.compare_digest(expected, found["signature"])
        return "" if same else "AuthFailure.SignatureFailure"

    def _signature(
        self, request: web.Request, body: bytes, names: str, day: str, stamp: str
    ) -> str:
        heads = "".join(f"{n}:{request.headers[n].strip().lower()}\n" for n in names.split(";"))
        canonical = f"POST\n/\n\n{heads}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        dated = hmac.digest(b"TC3" + self._secret.encode(), day.encode(), "sha256")
        signing = hmac.digest(hmac.digest(dated, b"sms", "sha256"), b"tc3_request", "sha256")
        text = f"TC3-HMAC-SHA256\n{stamp}\n{day}/sms/tc3_request\n{digest}"
        return hmac.digest(signing, text.encode(), "sha256").hex()


def _read(told: dict[str, object], request: web.Request) -> list[Arrival]:
    match told:
        case {
            "PhoneNumberSet": list(numbers),
            "SmsSdkAppId": str(),
            "TemplateId": str(),
            "SignName": str(sign),
            "TemplateParamSet": list(parameters),
        } if numbers:
            words = " ".join(str(value) for value in parameters)
        case _:
            return []
    keys = keys_of(request, count=len(numbers), reference=str(told.get("SessionContext", "")))
    return [
        Arrival(
            channel="sms",
            account="tencent",
            key=key,
            address=e164(str(number)),
            content={"text": f"【{sign}】{words}"},
            form=_REPORTS,
        )
        for key, number in zip(keys, numbers, strict=True)
    ]


def _answer(response: dict[str, object]) -> web.Response:
    return as_json({"Response": {**response, "RequestId": "sandbox"}})


def _error(code: str) -> web.Response:
    return _answer({"Error": {"Code": code, "Message": code}})
