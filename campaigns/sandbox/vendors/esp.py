"""E-mail service providers: Brevo, Mailgun, Mailjet, Postmark, SendGrid, each in its protocol."""

import base64
import hmac
from collections.abc import Mapping

from aiohttp import web

from campaigns.sandbox.answers import as_json, as_object
from campaigns.sandbox.desk import Arrival, Desk
from campaigns.sandbox.mischief import answer_or_misbehave

_KEY = "touchstone_key"


class Esp:
    """A door for each by its name; all their keys are the sandbox's secret."""

    def __init__(self, desk: Desk, secret: str) -> None:
        self._desk = desk
        self._secret = secret

    def routes(self) -> list[web.RouteDef]:
        """Return the doors."""
        return [
            web.post("/brevo/smtp/email", self._brevo),
            web.post("/mailgun/{domain}/messages", self._mailgun),
            web.post("/mailjet/send", self._mailjet),
            web.post("/postmark/email", self._postmark),
            web.post("/sendgrid/mail/send", self._sendgrid),
        ]

    async def _brevo(self, request: web.Request) -> web.Response:
        if not self._knows(request.headers.get("api-key", ""), self._secret):
            return as_json({"code": "unauthorized", "message": "Key not found"}, status=401)
        arrival = _read_brevo(as_object(await request.read()))
        if arrival is None:
            return as_json({"code": "missing_parameter", "message": "to is missing"}, status=400)

        def work() -> web.Response:
            if self._desk.refuses(arrival):
                told = {"code": "invalid_parameter", "message": "email is not valid in to"}
                return as_json(told, status=400)
            return as_json({"messageId": self._desk.accept(arrival)}, status=201)

        throttled = as_json({"code": "too_many_requests", "message": "Rate limit"}, status=429)
        throttled.headers["Retry-After"] = "1"
        return await self._take(request, arrival, work, throttled)

    async def _mailjet(self, request: web.Request) -> web.Response:
        pair = base64.b64encode(f"{self._secret}:{self._secret}".encode()).decode()
        if not self._knows(request.headers.get("Authorization", ""), f"Basic {pair}"):
            told = {"ErrorMessage": "API key authentication/authorization failure"}
            return as_json(told, status=401)
        arrival = _read_mailjet(as_object(await request.read()))
        if arrival is None:
            return as_json({"ErrorCode": "mj-0003", "ErrorMessage": "Missing"}, status=400)

        def work() -> web.Response:
            if self._desk.refuses(arrival):
                wrong = {"ErrorCode": "mj-0013", "StatusCode": 400, "ErrorRelatedTo": ["To"]}
                return as_json({"Messages": [{"Status": "error", "Errors": [wrong]}]}, status=400)
            to = {"Email": arrival.address, "MessageID": self._desk.accept(arrival)}
            return as_json({"Messages": [{"Status": "success", "To": [to]}]})

        throttled = as_json({"ErrorMessage": "Too many requests"}, status=429)
        throttled.headers["Retry-After"] = "1"
        return await self._take(request, arrival, work, throttled)

    async def _sendgrid(self, request: web.Request) -> web.Response:
        if not self._knows(request.headers.get("Authorization", ""), f"Bearer {self._secret}"):
            return _sendgrid_error(401, "The provided authorization grant is invalid")
        arrival = _read_sendgrid(as_object(await request.read()))
        if arrival is None:
            return _sendgrid_error(400, "The content is required")

        def work() -> web.Response:
            if self._desk.refuses(arrival):
                return _sendgrid_error(400, "Does not contain a valid address.")
            accepted = self._desk.accept(arrival)
            return web.Response(status=202, headers={"X-Message-Id": accepted})

        throttled = _sendgrid_error(429, "too many requests")
        throttled.headers["Retry-After"] = "1"
        return await self._take(request, arrival, work, throttled)

    async def _postmark(self, request: web.Request) -> web.Response:
        if not self._knows(request.headers.get("X-Postmark-Server-Token", ""), self._secret):
            return as_json({"ErrorCode": 10, "Message": "Bad or missing API token"}, status=401)
        arrival = _read_postmark(as_object(await request.read()))
        if arrival is None:
            return as_json({"ErrorCode": 402, "Message": "Invalid JSON"}, status=422)

        def work() -> web.Response:
            if self._desk.refuses(arrival):
                told = (
                    "You tried to send to recipient(s) that have been marked as inactive.\n"
                    f"Found inactive addresses: {arrival.address}.\n"
                    "Inactive recipients are ones that have generated a hard bounce"
                )
                return as_json({"ErrorCode": 406, "Message": told}, status=422)
            accepted = self._desk.accept(arrival)
            return as_json(
                {"ErrorCode": 0, "Message": "OK", "MessageID": accepted, "To": arrival.address}
            )

        throttled = as_json({"ErrorCode": 429, "Message": "Rate limit"}, status=429)
        throttled.headers["Retry-After"] = "1"
        return await self._take(request, arrival, work, throttled)

    async def _mailgun(self, request: web.Request) -> web.Response:
        pair = base64.b64encode(f"api:{self._secret}".encode()).decode()
        if not self._knows(request.headers.get("Authorization", ""), f"Basic {pair}"):
            return web.Response(status=401, text="Forbidden")
        arrival = _read_mailgun(
            {name: str(value) for name, value in (await request.post()).items()}
        )
        if arrival is None:
            return as_json({"message": "'from' parameter is missing"}, status=400)

        def work() -> web.Response:
            if self._desk.refuses(arrival):
                return as_json({"message": "'to' parameter is not a valid address"}, status=400)
            accepted = self._desk.accept(arrival)
            return as_json({"id": accepted, "message": "Queued. Thank you."})

        throttled = as_json({"message": "Too many requests"}, status=429)
        throttled.headers["Retry-After"] = "1"
        return await self._take(request, arrival, work, throttled)

    async def _take(
        self, request: web.Request, arrival: Arrival, work: object, throttled: web.Response
    ) -> web.Response:
        assert callable(work)
        return await answer_or_misbehave(
            desk=self._desk,
            request=request,
            arrivals=[arrival],
            work=work,
            throttled=lambda: throttled,
        )

    def _knows(self, given: str, expected: str) -> bool:
        return hmac.compare_digest(given.encode(), expected.encode())


def _read_brevo(mail: Mapping[str, object]) -> Arrival | None:
    match mail:
        case {
            "to": [{"email": str(to)}],
            "sender": {"email": str(sender)},
            "subject": str(subject),
            "htmlContent": str(html),
            "headers": {"X-Mailin-custom": str(custom), **headers},
        }:
            key = str(as_object(custom.encode()).get(_KEY, ""))
            texts = {"text/plain": str(mail.get("textContent", "")), "text/html": html}
            return _arrival("brevo", key, to, sender, subject, texts, headers) if key else None
        case _:
            return None


def _read_mailjet(mail: Mapping[str, object]) -> Arrival | None:
    """What all messages share stands in Globals; one message is all we send at once."""
    match mail:
        case {
            "Messages": [{"To": [{"Email": str(to)}]}],
            "Globals": {
                "From": {"Email": str(sender)},
                "Subject": str(subject),
                "HTMLPart": str(html),
                "EventPayload": str(payload),
                **shared,
            },
        }:
            key = str(as_object(payload.encode()).get(_KEY, ""))
            texts = {"text/plain": str(shared.get("TextPart", "")), "text/html": html}
            headers = shared.get("Headers")
            return _arrival("mailjet", key, to, sender, subject, texts, headers) if key else None
        case _:
            return None


def _read_sendgrid(mail: Mapping[str, object]) -> Arrival | None:
    match mail:
        case {
            "personalizations": [{"to": [{"email": str(to)}], **person}],
            "from": {"email": str(sender)},
            "subject": str(subject),
            "content": list(parts),
            "custom_args": {"touchstone_key": str(key)},
        }:
            texts = {part["type"]: part["value"] for part in parts}
            headers = person.get("headers") or mail.get("headers") or {}
            return _arrival("sendgrid", key, to, sender, subject, texts, headers)
        case _:
            return None


def _read_postmark(mail: Mapping[str, object]) -> Arrival | None:
    match mail:
        case {
            "To": str(to),
            "From": str(sender),
            "Subject": str(subject),
            "HtmlBody": str(html),
            "Metadata": {"touchstone_key": str(key)},
        }:
            texts = {"text/plain": str(mail.get("TextBody", "")), "text/html": html}
            given = mail.get("Headers")
            pairs = given if isinstance(given, list) else []
            headers = {pair["Name"]: pair["Value"] for pair in pairs}
            return _arrival("postmark", key, to, sender, subject, texts, headers)
        case _:
            return None


def _read_mailgun(form: Mapping[str, str]) -> Arrival | None:
    if not all(form.get(name) for name in ("to", "from", "subject", "html", f"v:{_KEY}")):
        return None
    texts = {"text/plain": form.get("text", ""), "text/html": form["html"]}
    headers = {name[2:]: value for name, value in form.items() if name.startswith("h:")}
    key = form[f"v:{_KEY}"]
    return _arrival("mailgun", key, form["to"], form["from"], form["subject"], texts, headers)


def _arrival(
    account: str,
    key: str,
    to: str,
    sender: str,
    subject: str,
    texts: Mapping[str, str],
    headers: object,
) -> Arrival:
    named = headers if isinstance(headers, dict) else {}
    return Arrival(
        channel="email",
        account=account,
        key=key,
        address=to,
        content={
            "from": sender,
            "subject": subject,
            "text": texts.get("text/plain", ""),
            "html": texts.get("text/html", ""),
            "unsubscribe_url": str(named.get("List-Unsubscribe", "")).strip("<>"),
            "headers": ",".join(sorted(str(name).lower() for name in named)),
        },
    )


def _sendgrid_error(status: int, message: str) -> web.Response:
    return as_json({"errors": [{"message": message, "field": None}]}, status=status)
