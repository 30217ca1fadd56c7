"""`wecom`: WeCom application messages, and tasks to write to a customer.

`kind=message` tells a member of staff (address: userid) through message/send.
`kind=contact_task` asks the member `sender` to send a text to a customer
(address: external_userid) through externalcontact/add_msg_template: WeCom only
creates the task, the member confirms it in the app.
Neither has a client reference; WeCom's own check for repeated content
(`duplicate_check_seconds`) softens a resend of `kind=message`.
Source: WeCom developer centre, "发送应用消息", "创建企业群发", "全局错误码" (document/path/90455).
Of the codes those are listed that a send of ours may meet, compared on 29 November 2026 with a
client library's copy of that list.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import orjson

from campaigns.channels import accounts
from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Outgoing,
    Refused,
    Unknown,
)
from campaigns.channels.callbacks import text
from campaigns.channels.errors import RequestUnsent
from campaigns.channels.handing import hand_over, reference_headers, unsent
from campaigns.channels.http import Answer, judge_status, read_object
from campaigns.channels.meanings import Meaning, judge_code
from campaigns.channels.remote import OneByOne, Wiring, wire
from campaigns.channels.wecom.token import AccessToken

# WeCom, "Sending application messages", "Creating a group message task": octets of a text, and of a
# link's title; characters of a card.
_TEXT_MOST, _TASK_MOST, _CARD_TITLE_MOST, _CARD_TEXT_MOST = 2048, 4000, 128, 512
_LINK_TITLE_MOST = 128
_STALE_TOKEN = frozenset({"40014", "42001"})
_ADDRESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@+")
_MEANINGS: Final[Mapping[str, Meaning]] = {
    "-1": Meaning.RETRY,
    "6000": Meaning.RETRY,
    "40001": Meaning.UNAUTHORISED,
    "40003": Meaning.REFUSED,
    "40008": Meaning.REFUSED,
    "40013": Meaning.UNAUTHORISED,
    "40014": Meaning.RETRY,
    "40031": Meaning.REFUSED,
    "40033": Meaning.REFUSED,
    "40035": Meaning.REFUSED,
    "40056": Meaning.SENDER_REFUSED,
    "40058": Meaning.REFUSED,
    "40039": Meaning.REFUSED,  # length of a link
    "40063": Meaning.REFUSED,  # an empty parameter
    "40091": Meaning.UNAUTHORISED,  # secret
    "40094": Meaning.REFUSED,  # no link
    "40096": Meaning.REFUSED,
    "41001": Meaning.UNAUTHORISED,  # no token
    "41011": Meaning.SENDER_REFUSED,  # no agentid
    "41048": Meaning.REFUSED,  # no customer that could be written to
    "41054": Meaning.REFUSED,  # the member has not activated his account
    "41056": Meaning.REFUSED,  # no id of an external contact
    "42001": Meaning.RETRY,
    "43004": Meaning.REFUSED,  # the member is not bound
    "43009": Meaning.UNAUTHORISED,  # the enterprise is not verified
    "44004": Meaning.REFUSED,
    "45002": Meaning.REFUSED,
    "45009": Meaning.RETRY,
    "45033": Meaning.RETRY,
    "45034": Meaning.REFUSED,  # a link without a scheme
    "46004": Meaning.REFUSED,  # no such member
    "48002": Meaning.UNAUTHORISED,
    "48004": Meaning.UNAUTHORISED,  # the authorisation has ended
    "48005": Meaning.OUT_OF_SERVICE,  # the API was given up
    "48006": Meaning.UNAUTHORISED,  # the permission was withdrawn
    "50002": Meaning.REFUSED,  # a member out of our reach
    "50003": Meaning.OUT_OF_SERVICE,  # the application is switched off
    "60011": Meaning.REFUSED,
    "60020": Meaning.UNAUTHORISED,
    "60021": Meaning.REFUSED,  # a member who does not see the application
    "60111": Meaning.REFUSED,
    "81013": Meaning.REFUSED,
    "82001": Meaning.REFUSED,  # to nobody
    "82004": Meaning.REFUSED,  # content
    "84061": Meaning.REFUSED,
    "84074": Meaning.UNAUTHORISED,  # no permission for external contacts
    "84084": Meaning.REFUSED,  # the sender does not look after this customer
    "84085": Meaning.OUT_OF_SERVICE,  # the application was taken down
    "85002": Meaning.REFUSED,  # words WeCom does not let pass
    "92000": Meaning.REFUSED,  # a member who does not see the application
    "301002": Meaning.UNAUTHORISED,  # no permission for this application
    "301021": Meaning.REFUSED,  # userid
    "301042": Meaning.UNAUTHORISED,  # our address is not on their list
    "610004": Meaning.SENDER_REFUSED,  # a member who may write to no customers
    "701008": Meaning.REFUSED,  # nobody among them with a licence
    "2000002": Meaning.UNAUTHORISED,  # corp id
}


class WeCom(OneByOne):
    """One application.  Options and secrets are listed in `build`."""

    name = "wecom"
    channel = Channel.WECOM

    def __init__(self, config: AccountConfig, wiring: Wiring, *, tokens: AccessToken) -> None:
        super().__init__(config, wiring)
        self._tokens = tokens
        self._base = accounts.http_base(config)
        self._is_task = _read_kind(config) == "contact_task"
        self._sender = accounts.option(config, "sender") if self._is_task else ""
        self._agent = 0
        if not self._is_task:
            accounts.option(config, "agent_id")
            self._agent = accounts.whole_option(config, "agent_id", 0, least=0, most=999_999_999)
        self._check = accounts.whole_option(
            config, "duplicate_check_seconds", 0, least=0, most=14_400
        )

    async def _send_one(self, message: Outgoing) -> Outcome:
        key = message.key
        # A bar would name several people, and `@all` every one.
        if not message.address or set(message.address) - _ADDRESS or message.address == "@all":
            return Refused(key=key, code="address_invalid", message="not one WeCom user id")
        fields = self._task(message) if self._is_task else self._note(message)
        if part := _too_long(fields, is_task=self._is_task):
            said = f"WeCom would cut the {part}"
            return Refused(key=key, code="content_too_long", message=said)
        path = "externalcontact/add_msg_template" if self._is_task else "message/send"
        try:
            token = await self._tokens.token()
        except RequestUnsent as error:
            return unsent([message], error)[0]
        answer = await hand_over(
            http=self._http,
            batch=[message],
            url=f"{self._base}/cgi-bin/{path}?access_token={quote(token, safe='')}",
            body=orjson.dumps(fields),
            headers={
                "Content-Type": "application/json",
                **reference_headers(self._config, [message]),
            },
        )
        if isinstance(answer, list):
            return answer[0]
        told = read_object(answer.body)
        if str(told.get("errcode")) in _STALE_TOKEN:
            self._tokens.forget(token)
        return _read_outcome(message, answer, told)

    def _note(self, message: Outgoing) -> dict[str, object]:
        content = message.content
        fields: dict[str, object] = {"touser": message.address, "agentid": self._agent}
        if self._check:
            fields |= {"enable_duplicate_check": 1, "duplicate_check_interval": self._check}
        title, url = content.get("title"), content.get("url")
        if title and url:
            card = {"title": title, "description": content["text"], "url": url}
            return {**fields, "msgtype": "textcard", "textcard": card}
        text = f"{content['text']}\n{url}" if url else content["text"]
        return {**fields, "msgtype": "text", "text": {"content": text}}

    def _task(self, message: Outgoing) -> dict[str, object]:
        content = message.content
        fields: dict[str, object] = {
            "chat_type": "single",
            "external_userid": [message.address],
            "sender": content.get("sender") or self._sender,
            "text": {"content": content["text"]},
        }
        if url := content.get("url"):
            link = {"title": content.get("title") or url[:40], "url": url}
            fields["attachments"] = [{"msgtype": "link", "link": link}]
        return fields


def build(config: AccountConfig) -> WeCom:
    """Build a provider.

    secrets: `corp_secret`; `lookup_secret` with `lookup_url`; `receipt_secret`.
    options: `corp_id`, `kind` (message | contact_task), `agent_id` for
    messages, `sender` for tasks, `duplicate_check_seconds` (0, off),
    `lookup_url`, `concurrency` (8), `deadline_seconds` (10),
    `settle_seconds` (60).
    """
    wiring = wire(
        config,
        concurrency=8,
        most=100,
        batch_max=200,
        settle=60,
    )
    tokens = AccessToken(
        http=wiring.http,
        base=accounts.http_base(config),
        corp_id=accounts.option(config, "corp_id"),
        secret=accounts.secret(config, "corp_secret"),
    )
    return WeCom(config, wiring, tokens=tokens)


def _read_kind(config: AccountConfig) -> str:
    return accounts.choice_option(config, "kind", ("message", "contact_task"), "message")


def _too_long(fields: Mapping[str, object], *, is_task: bool) -> str:
    """Return which part WeCom would cut off in silence, or nothing."""
    match fields:
        case {"textcard": {"title": str(title), "description": str(text)}}:
            if len(title) > _CARD_TITLE_MOST:
                return "title"
            return "text" if len(text) > _CARD_TEXT_MOST else ""
        case {"attachments": [{"link": {"title": str(title)}}]} if (
            len(title.encode("utf-8", "replace")) > _LINK_TITLE_MOST
        ):
            return "title"
        case {"text": {"content": str(text)}}:
            most = _TASK_MOST if is_task else _TEXT_MOST
            return "text" if len(text.encode("utf-8", "replace")) > most else ""
        case _:
            return ""


def _read_outcome(message: Outgoing, answer: Answer, told: Mapping[str, object]) -> Outcome:
    key, code = message.key, text(told, "errcode")
    if answer.status != 200:
        return judge_status(key=key, answer=answer)
    if not code:
        return Unknown(key=key, code="bad_answer", message="the answer has no errcode")
    if code != "0":
        said = text(told, "errmsg")
        return judge_code(key=key, code=code, message=said, table=_MEANINGS)
    if left_out := _left_out(message.address, told):
        return Refused(key=key, code=left_out, message="WeCom cannot reach this user")
    msgid = told.get("msgid")
    if not isinstance(msgid, str) or not msgid:
        return Unknown(key=key, code="bad_answer", message="the answer has no msgid")
    return Accepted(key=key, provider_id=msgid)


def _left_out(address: str, told: Mapping[str, object]) -> str:
    """Return under which name an errcode of 0 tells that the addressee was not reached, or "".

    Unlicensed is who sees the application and whose account has no basic licence, or no more.
    """
    for name in ("invaliduser", "unlicenseduser"):
        if address.lower() in str(told.get(name) or "").lower().split("|"):
            return name
    failed = told.get("fail_list")
    return "invaliduser" if isinstance(failed, list) and address in failed else ""
