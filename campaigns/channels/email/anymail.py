"""`anymail`: e-mail service providers by their HTTP APIs; the option `esp` names the one.

django-anymail knows each provider's payload, its answer and its webhook events; we take those and
nothing else.  The request goes through our own connections, which tell exactly whether bytes left,
and events come through our own door, which verifies before it reads (see anymail_events.py).
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import requests
from anymail.backends.base_requests import AnymailRequestsBackend, RequestsPayload
from anymail.backends.brevo import EmailBackend as Brevo
from anymail.backends.mailgun import EmailBackend as Mailgun
from anymail.backends.mailjet import EmailBackend as Mailjet
from anymail.backends.postmark import EmailBackend as Postmark
from anymail.backends.sendgrid import EmailBackend as SendGrid
from anymail.exceptions import AnymailError
from anymail.message import AnymailMessage
from requests.structures import CaseInsensitiveDict

from campaigns.channels import accounts
from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Outgoing,
    Receipt,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.callbacks import text
from campaigns.channels.email.anymail_events import KEY, read_events
from campaigns.channels.email.mime import Unmailable, read_address, sender_address
from campaigns.channels.handing import hand_over, reference_headers
from campaigns.channels.http import Answer, judge_status, read_object
from campaigns.channels.meanings import Meaning, judge_code
from campaigns.channels.remote import OneByOne, Wiring, wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Esp:
    """One provider: its backend, which of our secrets are which of its settings, its codes.

    `codes` holds what an error code in the answer means where the HTTP status alone would
    mislead.
    """

    backend: Callable[..., AnymailRequestsBackend]
    secrets: tuple[str, ...]
    settings: Mapping[str, object]
    codes: Mapping[str, Meaning]


ESPS: Final[Mapping[str, Esp]] = {
    "brevo": Esp(
        backend=Brevo,
        secrets=("api_key",),
        settings={},
        codes={
            "not_enough_credits": Meaning.OUT_OF_SERVICE,
            "account_under_validation": Meaning.OUT_OF_SERVICE,
            "permission_denied": Meaning.UNAUTHORISED,
        },
    ),
    "mailgun": Esp(backend=Mailgun, secrets=("api_key",), settings={}, codes={}),
    "mailjet": Esp(
        backend=Mailjet,
        secrets=("api_key", "secret_key"),
        settings={},
        codes={
            "mj-0002": Meaning.UNAUTHORISED,
            "send-0008": Meaning.SENDER_REFUSED,
            "send-0009": Meaning.SENDER_REFUSED,
        },
    ),
    # https://postmarkapp.com/developer/api/overview#error-codes
    "postmark": Esp(
        backend=Postmark,
        secrets=("server_token",),
        settings={},
        codes={
            "10": Meaning.UNAUTHORISED,
            "400": Meaning.SENDER_REFUSED,
            "401": Meaning.SENDER_REFUSED,
            "405": Meaning.OUT_OF_SERVICE,
            "412": Meaning.OUT_OF_SERVICE,
            "413": Meaning.OUT_OF_SERVICE,
            "1235": Meaning.SENDER_REFUSED,
        },
    ),
    # Its message ids are made by the vendor: an id of Anymail's own would be a third key.
    "sendgrid": Esp(
        backend=SendGrid,
        secrets=("api_key",),
        settings={"generate_message_id": False},
        codes={},
    ),
}


class Anymail(OneByOne):
    """One account at one provider.  Options and secrets are listed in `build`."""

    name = "anymail"
    channel = Channel.EMAIL

    def __init__(self, config: AccountConfig, wiring: Wiring, *, esp: str) -> None:
        super().__init__(config, wiring)
        self._esp = esp
        self._codes = ESPS[esp].codes
        self._backend = _backend(config, ESPS[esp])

    def read_receipts(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[Receipt]:
        """Verify by what the provider signs with, then read its events."""
        return read_events(self._config, self._esp, headers, body, now)

    async def _send_one(self, message: Outgoing) -> Outcome:
        try:
            mail = _mail(message)
            payload = self._backend.build_message_payload(mail, self._backend.send_defaults)
            request = requests.Request(**payload.get_request_params(self._backend.api_url))
            prepared = request.prepare()
        except Unmailable as error:
            return Refused(key=message.key, code=error.code, message=str(error))
        except (AnymailError, requests.RequestException, ValueError) as error:
            return Refused(key=message.key, code="content_invalid", message=str(error)[:200])
        answer = await hand_over(
            http=self._http,
            batch=[message],
            url=prepared.url or "",
            body=_octets(prepared.body),
            headers={
                **{name: str(value) for name, value in prepared.headers.items()},
                **reference_headers(self._config, [message]),
            },
        )
        return (
            answer[0] if isinstance(answer, list) else self._judge(message, mail, payload, answer)
        )

    def _judge(
        self, message: Outgoing, mail: AnymailMessage, payload: RequestsPayload, answer: Answer
    ) -> Outcome:
        """Read the answer as Anymail does; what it calls an error is judged by code and status."""
        if not self._is_of_provider(answer):
            return self._judge_error(message.key, answer)
        response = _as_response(answer)
        try:
            self._backend.raise_for_status(response, payload, mail)
            told = self._backend.parse_recipient_status(response, payload, mail)
        except (AnymailError, AttributeError, LookupError, TypeError, ValueError):
            return self._judge_error(message.key, answer)
        for status in told.values():
            match status.status:
                case "sent" | "queued":
                    known_as = status.message_id or answer.headers.get("x-message-id")
                    return Accepted(key=message.key, provider_id=str(known_as or message.key)[:200])
                case "rejected" | "invalid" | "failed":
                    return self._judge_verdict(message.key, str(status.status), answer)
        return self._judge_error(message.key, answer)

    def _is_of_provider(self, answer: Answer) -> bool:
        """Whether a success is the provider's own: Anymail takes any 2xx of SendGrid for one."""
        if self._esp == "sendgrid" and answer.status < 400:
            return answer.status == 202 and not answer.body.strip()
        return bool(read_object(answer.body))

    def _judge_verdict(self, key: str, verdict: str, answer: Answer) -> Outcome:
        """Judge what was refused in a word, or by its code where the word says no more than that.

        What the provider says besides may hold the address, and is left out.
        """
        code = text(_reasons(read_object(answer.body)), "ErrorCode") if verdict == "failed" else ""
        said = f"the provider calls the address {verdict}"
        if code in self._codes:
            return judge_code(key=key, code=code, message="", table=self._codes)
        return Refused(key=key, code=code or verdict, message=said)

    def _judge_error(self, key: str, answer: Answer) -> Outcome:
        told = _reasons(read_object(answer.body))
        code = str(told.get("ErrorCode") or told.get("code") or "")
        said = str(told.get("Message") or told.get("message") or told.get("ErrorMessage") or "")
        if code in self._codes:
            return judge_code(key=key, code=code, message=said, table=self._codes)
        if 200 <= answer.status < 300:
            return Unknown(key=key, code="bad_answer", message="the answer cannot be read")
        if answer.status in (404, 405):
            wrong = "the API is not there: is the base URL right, the domain verified?"
            return Unavailable(key=key, code="out_of_service", message=wrong)
        return judge_status(key=key, answer=answer, code=code[:80], message=said[:200])


def build(config: AccountConfig) -> Anymail:
    """Build a provider.

    options: `esp` (brevo, mailgun, mailjet, postmark, sendgrid), `sender_domain` (mailgun, where
    it is not that of From), `message_stream` (postmark), `lookup_url`, `concurrency` (32),
    `deadline_seconds` (10), `settle_seconds` (300).
    secrets: `api_key` (brevo, mailgun, sendgrid; mailjet with `secret_key`) or `server_token`
    (postmark); for events `webhook_signing_key` (mailgun), `webhook_verification_key` (sendgrid),
    `receipt_token` (the others); `lookup_secret` with `lookup_url`; `receipt_secret`.
    """
    esp = accounts.choice_option(config, "esp", tuple(ESPS))
    wiring = wire(
        config,
        concurrency=32,
        most=500,
        settle=300,
    )
    return Anymail(config, wiring, esp=esp)


def _reasons(told: Mapping[str, object]) -> Mapping[str, object]:
    """Where the reasons stand: Mailjet tells those of a message inside the message."""
    match told.get("Messages"):
        case [{"Errors": [dict() as first, *_]}]:
            return first
        case _:
            return told


def _backend(config: AccountConfig, esp: Esp) -> AnymailRequestsBackend:
    given = {name: accounts.secret(config, name) for name in esp.secrets}
    known = ("sender_domain", "message_stream")
    chosen = {name: config.options[name] for name in known if config.options.get(name)}
    with warnings.catch_warnings():
        # Anymail has no test account with SendGrid any more and says so with each backend made.
        warnings.simplefilter("ignore")
        return esp.backend(
            api_url=f"{accounts.http_base(config)}/", **given, **chosen, **esp.settings
        )


def _mail(message: Outgoing) -> AnymailMessage:
    """The message in Django's form, its key in the metadata.  Raises Unmailable."""
    content = message.content
    sender_address(content)
    headers = {}
    if url := content.get("unsubscribe_url"):
        if not (url.isprintable() and url.isascii()) or set(url) & set("<> "):
            raise Unmailable("content_invalid", "unsubscribe_url is not a plain URL")
        headers["List-Unsubscribe"] = f"<{url}>"
        if not url.startswith("mailto:"):
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    reply_to = content.get("reply_to")
    if reply_to:
        sender_address({"from": reply_to})
    mail = AnymailMessage(
        subject=" ".join(content["subject"].split()),
        body=content.get("text", ""),
        from_email=content["from"],
        to=[read_address(message.address)],
        reply_to=[reply_to] if reply_to else None,
        headers=headers,
        metadata={KEY: message.key},
    )
    mail.attach_alternative(content["html"], "text/html")
    return mail


def _octets(body: object) -> bytes:
    """A prepared body; without attachments it is never a stream."""
    match body:
        case str():
            return body.encode()
        case bytes():
            return body
        case _:
            raise TypeError(f"a body of type {type(body).__name__}")


def _as_response(answer: Answer) -> requests.Response:
    """The answer in the form that Anymail reads."""
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(answer.headers)
    response.encoding = "utf-8"
    response._content = answer.body
    return response
