"""WeCom: gettoken, message/send, externalcontact/add_msg_template."""

import secrets
import time

from aiohttp import web

from campaigns.sandbox.answers import as_json, as_object
from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.mischief import answer_or_misbehave, keys_of

_LIFETIME = 7200


class WeCom:
    """The doors of qyapi.weixin.qq.com; corp id `sandbox`."""

    def __init__(self, desk: Desk, secret: str) -> None:
        self._desk = desk
        self._secret = secret
        self._tokens: dict[str, float] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the three doors, and one that makes all tokens stale."""
        base = "/wecom/cgi-bin"
        return [
            web.get(f"{base}/gettoken", self._gettoken),
            web.post(f"{base}/message/send", self._send),
            web.post(f"{base}/externalcontact/add_msg_template", self._task),
            web.delete("/wecom/tokens", self._forget),
        ]

    async def _gettoken(self, request: web.Request) -> web.Response:
        if request.query.get("corpid") != "sandbox":
            return _error(40013)
        if request.query.get("corpsecret") != self._secret:
            return _error(40001)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + _LIFETIME
        return as_json(
            {"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": _LIFETIME}
        )

    async def _forget(self, _request: web.Request) -> web.Response:
        count = len(self._tokens)
        self._tokens.clear()
        return as_json({"revoked": count})

    async def _send(self, request: web.Request) -> web.Response:
        fields = as_object(await request.read())
        match fields:
            case {"touser": str(user), "agentid": int(), "msgtype": "text", "text": dict(text)}:
                content = {"text": str(text.get("content", ""))}
            case {
                "touser": str(user),
                "agentid": int(),
                "msgtype": "textcard",
                "textcard": dict(c),
            }:
                content = {
                    "title": str(c.get("title", "")),
                    "text": str(c.get("description", "")),
                    "url": str(c.get("url", "")),
                }
            case _:
                return _error(40008)
        return await self._take(request, user, content, left_out="invaliduser")

    async def _task(self, request: web.Request) -> web.Response:
        fields = as_object(await request.read())
        match fields:
            case {
                "chat_type": "single",
                "external_userid": [str(user)],
                "sender": str(sender),
                "text": {"content": str(text)},
            } if sender:
                content = {"text": text, "sender": sender}
            case _:
                return _error(40058)
        return await self._take(request, user, content, left_out="fail_list")

    async def _take(
        self, request: web.Request, user: str, content: dict[str, str], *, left_out: str
    ) -> web.Response:
        token = request.query.get("access_token", "")
        if self._tokens.get(token, 0.0) < time.monotonic():
            return _error(40014)
        [key] = keys_of(request, count=1, reference="")
        arrival = Arrival(channel="wecom", account="wecom", key=key, address=user, content=content)
        return await answer_or_misbehave(
            desk=self._desk,
            request=request,
            arrivals=[arrival],
            work=lambda: self._accept(arrival, left_out),
            throttled=lambda: _error(45009),
        )

    def _accept(self, arrival: Arrival, left_out: str) -> web.Response:
        if self._desk.refuses(arrival):
            if left_out == "invaliduser":
                return _error(81013)
            # A task is made all the same, for nobody.
            told: dict[str, object] = {"fail_list": [arrival.address], "msgid": "none"}
        else:
            told = {"msgid": self._desk.accept(arrival)}
        return as_json({"errcode": 0, "errmsg": "ok", **told})


def _error(code: int) -> web.Response:
    return as_json({"errcode": code, "errmsg": f"sandbox error {code}"})
