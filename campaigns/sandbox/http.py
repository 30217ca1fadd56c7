"""The sandbox's HTTP side: SMS and push APIs, lookups, and the desk's own pages."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from campaigns.sandbox.answers import as_json, as_object
from campaigns.sandbox.apns import ApnsKey
from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.faults import BadFaults, read_faults
from campaigns.sandbox.mischief import answer_or_misbehave
from campaigns.sandbox.service_account import ServiceAccountKey
from campaigns.sandbox.signed import is_signed
from campaigns.sandbox.smpp import MessageCentre
from campaigns.sandbox.vendors import aliyun, esp, jpush, tencent, twilio, webhook, webpush, wecom

_CHANNELS = ("email", "sms", "push", "wecom")
_RETRY_AFTER = "1"
_BATCH_MOST = 200
_KEYS_MOST = 500


class Vendor(Protocol):
    """One vendor's doors."""

    def routes(self) -> list[web.RouteDef]:
        """Return what to add to the application."""
        ...


class HttpSide:
    """The routes and the little state behind them."""

    def __init__(
        self,
        *,
        desk: Desk,
        api_secret: str,
        key: ServiceAccountKey,
        apns_key: ApnsKey,
        centre: MessageCentre,
    ) -> None:
        self._desk = desk
        self._apns_key = apns_key
        self._centre = centre
        self._api_secret = api_secret
        self._key = key
        self._tokens: dict[str, float] = {}
        self._vendors: list[Vendor] = [
            aliyun.Aliyun(desk, api_secret),
            tencent.Tencent(desk, api_secret),
            wecom.WeCom(desk, api_secret),
            jpush.JPush(desk, api_secret),
            twilio.Twilio(desk, api_secret),
            webhook.Webhook(desk, api_secret),
            esp.Esp(desk, api_secret),
            webpush.WebPush(desk, desk.ledger.path.with_suffix(".webpush.key")),
        ]

    def app(self) -> web.Application:
        """Return the application; bodies are at most 10 MB."""
        app = web.Application(client_max_size=10_000_000, middlewares=[_one_clear_error])
        app.add_routes(
            [
                web.post("/sms/v1/messages", self._sms),
                web.post("/sms/v1/lookup", self._lookup("sms")),
                web.post("/sms/lookup", self._lookup("sms")),
                web.post("/push/lookup", self._lookup("push")),
                web.post("/wecom/lookup", self._lookup("wecom")),
                web.post("/fcm/v1/projects/{project}/messages:send", self._push),
                web.post("/fcm/lookup", self._lookup("push")),
                web.post("/email/lookup", self._lookup("email")),
                web.post("/token", self._token),
                web.delete("/token", self._forget_tokens),
                web.get("/service-account.json", self._service_account),
                web.get("/apns-key.json", self._apns_account),
                web.get("/inbox", self._inbox),
                web.get("/ledger", self._ledger),
                web.post("/receipts", self._receipts),
                web.post("/faults", self._faults),
                web.post("/emit", self._emit),
                web.post("/flush", self._flush),
                web.post("/smpp/reply", self._smpp_reply),
            ]
        )
        for vendor in self._vendors:
            app.add_routes(vendor.routes())
        return app

    async def _sms(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not is_signed(request, body, self._api_secret):
            return as_json({"code": "unauthorised", "message": "bad signature"}, status=401)
        arrivals = _read_sms(body, request.headers.get("X-Account", "sandbox-sms"))
        if not arrivals or len(arrivals) > _BATCH_MOST:
            return as_json({"code": "batch_size", "message": "1 to 200 messages"}, status=400)
        return await answer_or_misbehave(
            desk=self._desk,
            request=request,
            arrivals=arrivals,
            work=lambda: as_json({"results": [self._sms_verdict(a) for a in arrivals]}),
            throttled=lambda: as_json(
                {"code": "throttled", "message": "too many requests"},
                status=429,
                headers={"Retry-After": _RETRY_AFTER},
            ),
        )

    def _sms_verdict(self, arrival: Arrival) -> dict[str, object]:
        if not arrival.address.removeprefix("+").isdigit():
            code, message = "isv.MOBILE_NUMBER_ILLEGAL", "not a phone number"
        elif self._desk.refuses(arrival):
            code, message = "isv.BLACK_KEY_CONTROL_LIMIT", "refused"
        else:
            accepted = self._desk.accept(arrival)
            return {"key": arrival.key, "status": "accepted", "id": accepted}
        return {"key": arrival.key, "status": "refused", "code": code, "message": message}

    async def _push(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0.0) < time.monotonic():
            return _fcm_error(401, "UNAUTHENTICATED", "UNAUTHENTICATED")
        project = request.match_info["project"]
        arrival = _read_push(await request.read(), project)
        if arrival is None:
            return _fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT")

        def answer() -> web.Response:
            if self._desk.refuses(arrival):
                return _fcm_error(404, "NOT_FOUND", "UNREGISTERED")
            name = f"projects/{project}/messages/{self._desk.accept(arrival)}"
            return as_json({"name": name})

        return await answer_or_misbehave(
            desk=self._desk,
            request=request,
            arrivals=[arrival],
            work=answer,
            throttled=lambda: _fcm_error(
                429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", retry_after=_RETRY_AFTER
            ),
        )

    def _lookup(self, channel: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            body = await request.read()
            if not is_signed(request, body, self._api_secret):
                return as_json({"code": "unauthorised", "message": "bad signature"}, status=401)
            keys = as_object(body).get("keys")
            if not isinstance(keys, list) or len(keys) > _KEYS_MOST:
                return as_json({"code": "keys", "message": "at most 500 keys"}, status=400)
            found = []
            for key in keys:
                known = self._desk.ledger.find(channel=channel, key=str(key))
                if known is not None:
                    at = known[1].isoformat()
                    found.append({"key": key, "id": known[0], "accepted_at": at})
            names = {item["key"] for item in found}
            return as_json({"found": found, "absent": [k for k in keys if k not in names]})

        return answer

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        audience = f"{request.scheme}://{request.host}/token"
        if not self._key.has_signed(str(form.get("assertion", "")), audience=audience):
            return as_json({"error": "invalid_grant"}, status=400)
        token = secrets.token_urlsafe(32)
        self._tokens[token] = time.monotonic() + 3600
        return as_json({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

    async def _forget_tokens(self, _request: web.Request) -> web.Response:
        """Revoke every token, as a vendor does when an account's key is changed."""
        count = len(self._tokens)
        self._tokens.clear()
        return as_json({"revoked": count})

    async def _service_account(self, request: web.Request) -> web.Response:
        return as_json(self._key.as_file(f"{request.scheme}://{request.host}/token"))

    async def _apns_account(self, _request: web.Request) -> web.Response:
        return as_json(self._apns_key.as_account())

    async def _inbox(self, request: web.Request) -> web.Response:
        channel = request.query.get("channel", "email")
        after, limit = _whole(request, "after", 0), _whole(request, "limit", 100)
        if channel not in _CHANNELS or after is None or limit is None:
            message = "channel is email, sms, push or wecom; after and limit are whole numbers"
            return as_json({"code": "query", "message": message}, status=400)
        # In a thread: taking a thousand mails apart must not hold up those arriving.
        inbox = self._desk.inbox(channel)
        count = max(1, min(limit, 1000))
        messages = await asyncio.to_thread(inbox.page, after=after, limit=count)
        last = messages[-1]["seq"] if messages else after
        return as_json({"messages": messages, "next": last})

    async def _ledger(self, _request: web.Request) -> web.Response:
        return as_json(self._figures())

    async def _receipts(self, request: web.Request) -> web.Response:
        told = as_object(await request.read())
        url, secret = told.get("url"), told.get("secret", self._desk.courier.secret)
        if not isinstance(url, str) or not isinstance(secret, str):
            return as_json({"code": "url", "message": "url and secret are texts"}, status=400)
        self._desk.courier.url, self._desk.courier.secret = url.rstrip("/"), secret
        return as_json({"url": self._desk.courier.url})

    async def _faults(self, request: web.Request) -> web.Response:
        """Misbehave otherwise from now on: `{"faults": "none|default|kind=share,…"}`."""
        try:
            shares = read_faults(str(as_object(await request.read()).get("faults")))
        except BadFaults as error:
            return as_json({"code": "faults", "message": str(error)}, status=400)
        self._desk.faults.shares = shares
        return as_json({"faults": {fault.value: share for fault, share in shares.items()}})

    async def _emit(self, request: web.Request) -> web.Response:
        """Send a receipt made by hand, such as a reply or a complaint."""
        told = as_object(await request.read())
        account, receipt = told.get("account"), told.get("receipt")
        if not isinstance(account, str) or not isinstance(receipt, dict):
            return as_json({"code": "emit", "message": "account and receipt"}, status=400)
        self._desk.courier.tell(account=account, body=receipt)
        return as_json({"receipts_pending": self._desk.courier.pending})

    async def _smpp_reply(self, request: web.Request) -> web.Response:
        """Hand a reply made by hand to every open bind."""
        told = as_object(await request.read())
        sent = self._centre.reply(source=str(told.get("from")), text=str(told.get("text")))
        return as_json({"binds": sent})

    async def _flush(self, _request: web.Request) -> web.Response:
        """Record what is late, sync the ledger, wait for receipts up to 10 s."""
        self._desk.settle()
        self._desk.ledger.flush()
        await self._desk.courier.drain(within=10.0)
        return as_json(self._figures())

    def _figures(self) -> dict[str, object]:
        courier = self._desk.courier
        return {
            **self._desk.ledger.counts(),
            "receipts_pending": courier.pending,
            "receipts_last_failure": courier.last_failure,
            "late_pending": self._desk.late_pending,
            "path": str(self._desk.ledger.path),
        }


@web.middleware
async def _one_clear_error(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer unusable input in JSON like everything else."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return as_json(
            {"code": f"http_{error.status}", "message": error.reason}, status=error.status
        )
    except UnicodeDecodeError:
        # A form that is no UTF-8; nothing of it was taken.
        return as_json({"code": "http_400", "message": "The body is not UTF-8."}, status=400)


def _read_sms(body: bytes, account: str) -> list[Arrival]:
    messages = as_object(body).get("messages")
    arrivals = []
    for item in messages if isinstance(messages, list) else []:
        if not isinstance(item, dict) or not all(
            isinstance(item.get(name), str) for name in ("key", "to", "text")
        ):
            return []
        arrivals.append(
            Arrival(
                channel="sms",
                account=account,
                key=item["key"],
                address=item["to"],
                content={"text": item["text"]},
            )
        )
    return arrivals


def _read_push(body: bytes, project: str) -> Arrival | None:
    match as_object(body).get("message"):
        case {
            "token": str(token),
            "notification": {"title": str(title), "body": str(text)},
            "data": {"key": str(key), **data},
        } if token:
            content = {"title": title, "body": text, "url": str(data.get("url", ""))}
            return Arrival(channel="push", account=project, key=key, address=token, content=content)
        case _:
            return None


def _fcm_error(status: int, name: str, code: str, *, retry_after: str = "") -> web.Response:
    kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
    error = {
        "code": status,
        "status": name,
        "message": name.lower().replace("_", " "),
        "details": [{"@type": kind, "errorCode": code}],
    }
    headers = {"Retry-After": retry_after} if retry_after else None
    return as_json({"error": error}, status=status, headers=headers)


def _whole(request: web.Request, name: str, default: int) -> int | None:
    text = request.query.get(name, str(default))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
