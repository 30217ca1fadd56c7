"""Twilio: the Messages resource with Basic authentication."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web

from campaigns.sandbox.answers import as_json
from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.forms import Post
from campaigns.sandbox.ledger import Entry
from campaigns.sandbox.mischief import answer_or_misbehave, keys_of


class StatusCallback:
    """One form a message, signed over URL and fields; the query is the client's own."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def item(self, entry: Entry, event: str, facts: Mapping[str, str]) -> Mapping[str, object]:
        """Return the form's fields, and beside them the query to post to."""
        return {
            "query": facts["query"],
            "fields": {
                "MessageSid": entry.provider_id,
                "SmsSid": entry.provider_id,
                "AccountSid": "sandbox",
                "MessageStatus": "delivered" if event == "delivered" else "undelivered",
                "ErrorCode": "" if event == "delivered" else "30005",
                "To": entry.address,
            },
        }

    def posts(self, items: Sequence[Mapping[str, object]], *, url: str, secret: str) -> list[Post]:
        """Return a post for each message."""
        return [self._post(item, url) for item in items]

    def is_taken(self, status: int, body: bytes) -> bool:
        """Return whether the status says so."""
        return status // 100 == 2

    def _post(self, item: Mapping[str, object], url: str) -> Post:
        fields = item["fields"]
        assert isinstance(fields, dict)
        target = f"{url}?{item['query']}" if item["query"] else url
        signed = target + "".join(f"{name}{fields[name]}" for name in sorted(fields))
        mac = base64.b64encode(hmac.digest(self._token, signed.encode(), "sha1")).decode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": mac,
        }
        return Post(url=target, headers=headers, body=urlencode(fields).encode())


class Twilio:
    """The door of api.twilio.com; account sid `sandbox`."""

    def __init__(self, desk: Desk, secret: str) -> None:
        self._desk = desk
        pair = base64.b64encode(f"sandbox:{secret}".encode()).decode()
        self._authorization = f"Basic {pair}".encode()
        self._reports = StatusCallback(secret)

    def routes(self) -> list[web.RouteDef]:
        """Return the one door."""
        return [web.post("/twilio/2010-04-01/Accounts/{sid}/Messages.json", self._create)]

    async def _create(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, self._authorization):
            return _error(401, 20003)
        form = await request.post()
        to, text = str(form.get("To", "")), str(form.get("Body", ""))
        if not (form.get("From") or form.get("MessagingServiceSid")):
            return _error(400, 21603)
        if not text:
            return _error(400, 21602)
        callback = urlsplit(str(form.get("StatusCallback", "")))
        reference = parse_qs(callback.query).get("key", [""])[0]
        [key] = keys_of(request, count=1, reference=reference)
        arrival = Arrival(
            channel="sms",
            account="twilio",
            key=key,
            address=to,
            content={"text": text},
            form=self._reports,
            facts={"query": callback.query},
        )
        return await answer_or_misbehave(
            desk=self._desk,
            request=request,
            arrivals=[arrival],
            work=lambda: self._accept(arrival),
            throttled=lambda: _error(429, 20429),
        )

    def _accept(self, arrival: Arrival) -> web.Response:
        if not arrival.address.removeprefix("+").isdigit():
            return _error(400, 21211)
        if self._desk.refuses(arrival):
            return _error(400, 21610)
        sid = self._desk.accept(arrival)
        told = {"sid": sid, "status": "queued", "num_segments": "1", "error_code": None}
        return as_json(told, status=201)


def _error(status: int, code: int) -> web.Response:
    told = {"code": code, "message": f"sandbox error {code}", "status": status}
    return as_json(told, status=status)
