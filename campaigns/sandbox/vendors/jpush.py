"""JPush: single pushes and the batch of single pushes, each under its cid."""

import base64
import hmac
import re
from collections.abc import Mapping

from aiohttp import web

from campaigns.sandbox.answers import as_json, as_object
from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.mischief import answer_or_misbehave

_CID = re.compile(r"sandbox-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_BATCH_MOST = 1000


class JPush:
    """The doors of api.jpush.cn; app key `sandbox`."""

    def __init__(self, desk: Desk, secret: str) -> None:
        self._desk = desk
        pair = base64.b64encode(f"sandbox:{secret}".encode()).decode()
        self._authorization = f"Basic {pair}".encode()
        self._results: dict[str, dict[str, object]] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return both doors."""
        return [
            web.post("/jpush/v3/push", self._single),
            web.post("/jpush/v3/push/batch/regid/single", self._batch),
        ]

    async def _single(self, request: web.Request) -> web.Response:
        push = as_object(await request.read())
        match push.get("audience"):
            case {"registration_id": [str(target)]}:
                arrivals = {str(push.get("cid")): _read(str(push.get("cid")), target, push)}
            case _:
                return _error(400, 1003)
        return await self._take(request, arrivals, is_batch=False)

    async def _batch(self, request: web.Request) -> web.Response:
        pushes = as_object(await request.read()).get("pushlist")
        if not isinstance(pushes, dict) or not 0 < len(pushes) <= _BATCH_MOST:
            return _error(400, 1003)
        arrivals = {
            cid: _read(cid, str(push.get("target")), push)
            for cid, push in pushes.items()
            if isinstance(push, dict)
        }
        return await self._take(request, arrivals, is_batch=True)

    async def _take(
        self, request: web.Request, read: Mapping[str, Arrival | None], *, is_batch: bool
    ) -> web.Response:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, self._authorization):
            return _error(401, 1004)
        arrivals = {cid: arrival for cid, arrival in read.items() if arrival is not None}
        if len(arrivals) < len(read):
            return _error(400, 1003)

        def work() -> web.Response:
            results = {cid: self._accept(cid, arrival) for cid, arrival in arrivals.items()}
            if is_batch:
                return as_json(results)
            [result] = results.values()
            return as_json(result, status=400 if "error" in result else 200)

        return await answer_or_misbehave(
            desk=self._desk,
            request=request,
            arrivals=list(arrivals.values()),
            work=work,
            throttled=lambda: _error(429, 2002),
        )

    def _accept(self, cid: str, arrival: Arrival) -> dict[str, object]:
        if cid in self._results:
            # The documented promise: a repeated cid gets the first result.
            self._desk.ledger.note_replay(
                channel="push", key=arrival.key, content_sha256=arrival.content_sha256
            )
            return self._results[cid]
        if self._desk.refuses(arrival):
            return {"error": {"code": 1011, "message": "cannot find user by this audience"}}
        self._results[cid] = {"sendno": "0", "msg_id": self._desk.accept(arrival)}
        return self._results[cid]


def _read(cid: str, target: str, push: Mapping[str, object]) -> Arrival | None:
    named = _CID.fullmatch(cid)
    match push.get("notification"):
        case {
            "android": {"title": str(title), "alert": str(text), "extras": dict(extras)},
            "ios": {"alert": dict()},
        } if named is not None and push.get("platform") == "all":
            content = {"title": title, "body": text, "url": str(extras.get("url", ""))}
        case _:
            return None
    return Arrival(
        channel="push",
        account="jpush",
        key=named[1].replace("-", ""),
        address=target,
        content=content,
    )


def _error(status: int, code: int) -> web.Response:
    headers = {"X-Rate-Limit-Reset": "1"} if code == 2002 else None
    told = {"error": {"code": code, "message": f"sandbox error {code}"}}
    return as_json(told, status=status, headers=headers)
