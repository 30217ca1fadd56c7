"""The institution's own door: signed JSON, one message a request, its key as Idempotency-Key."""

from aiohttp import web

from campaigns.sandbox.answers import as_json, as_object
from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.mischief import answer_or_misbehave
from campaigns.sandbox.signed import is_signed


class Webhook:
    """`/webhook`; every channel by name."""

    def __init__(self, desk: Desk, secret: str) -> None:
        self._desk = desk
        self._secret = secret

    def routes(self) -> list[web.RouteDef]:
        """Return the door."""
        return [web.post("/webhook", self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not is_signed(request, body, self._secret):
            return as_json({"code": "unauthorised", "message": "bad signature"}, status=401)
        arrival = _read(request, body)
        if arrival is None:
            return as_json({"code": "fields", "message": "key, channel, to, content"}, status=422)

        def work() -> web.Response:
            if self._desk.refuses(arrival):
                return as_json({"status": "refused", "code": "not_here", "message": "refused"})
            return as_json({"id": self._desk.accept(arrival)}, status=202)

        return await answer_or_misbehave(
            desk=self._desk,
            request=request,
            arrivals=[arrival],
            work=work,
            throttled=lambda: as_json({}, status=429, headers={"Retry-After": "1"}),
        )


def _read(request: web.Request, body: bytes) -> Arrival | None:
    match as_object(body):
        case {"key": str(key), "channel": str(channel), "to": str(to), "content": dict(content)}:
            if request.headers.get("Idempotency-Key") != key:
                return None
            return Arrival(
                channel=channel,
                account=request.headers.get("X-Account", ""),
                key=key,
                address=to,
                content={name: str(value) for name, value in content.items()},
            )
        case _:
            return None
