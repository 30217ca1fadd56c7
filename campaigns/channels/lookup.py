"""Asking a vendor by client reference whether it accepted a message.

The request is `{"keys": [...]}`, signed; the answer
`{"found": [{"key", "id", "accepted_at"}], "absent": [...]}`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import orjson

from campaigns.channels import accounts
from campaigns.channels.base import Absent, AccountConfig, Found
from campaigns.channels.errors import LookupUnavailable, RequestLost, RequestUnsent
from campaigns.channels.http import Answer, Http, read_object
from campaigns.channels.signing import signed_headers

_KEYS_PER_REQUEST = 500


class Lookup:
    """One vendor's lookup door."""

    def __init__(self, *, http: Http, url: str, account: str, secret: str) -> None:
        self._http = http
        self._url = url
        self._account = account
        self._secret = secret

    async def find(self, keys: Sequence[str]) -> dict[str, Found | Absent]:
        """Return what the vendor knows of each key.

        A key the answer leaves out is not in the result: silence is no proof.
        Raises LookupUnavailable.
        """
        known: dict[str, Found | Absent] = {}
        for start in range(0, len(keys), _KEYS_PER_REQUEST):
            wanted = list(keys[start : start + _KEYS_PER_REQUEST])
            known.update(_read(await self._ask(wanted), frozenset(wanted)))
        return known

    async def _ask(self, keys: list[str]) -> Answer:
        body = orjson.dumps({"keys": keys})
        headers = signed_headers(account=self._account, secret=self._secret, body=body)
        try:
            answer = await self._http.post(url=self._url, body=body, headers=headers)
        except (RequestUnsent, RequestLost) as error:
            raise LookupUnavailable(error.message, code=error.code) from error
        if answer.status != 200:
            raise LookupUnavailable(
                f"the lookup answered HTTP {answer.status}", code=f"http_{answer.status}"
            )
        return answer


class NoLookup:
    """Stands where a vendor can tell nothing of a key."""

    async def find(self, keys: Sequence[str]) -> dict[str, Found | Absent]:
        """Raise LookupUnavailable."""
        raise LookupUnavailable("this vendor cannot be asked by our key", code="no_lookup")


def build_lookup(
    config: AccountConfig, http: Http, *, account: str | None = None
) -> Lookup | NoLookup:
    """Build the lookup named by the option `lookup_url`, with the secret `lookup_secret`.

    account: as whom the relay knows us; by default the account's key.
    """
    url = config.options.get("lookup_url")
    if not url:
        return NoLookup()
    return Lookup(
        http=http,
        url=accounts.http_url(config, url),
        account=account or config.key,
        secret=accounts.secret(config, "lookup_secret"),
    )


def _read(answer: Answer, wanted: frozenset[str]) -> dict[str, Found | Absent]:
    told = read_object(answer.body)
    found, absent = told.get("found"), told.get("absent")
    if not isinstance(found, list) or not isinstance(absent, list):
        raise LookupUnavailable("the lookup's answer cannot be read", code="bad_answer")
    named = (key for key in absent if isinstance(key, str))
    known: dict[str, Found | Absent] = {key: Absent() for key in named if key in wanted}
    # Found last: where a confused answer says both, the safe reading is "sent".
    for item in found:
        key = item.get("key") if isinstance(item, dict) else None
        if isinstance(key, str) and key in wanted:
            known[key] = Found(
                provider_id=str(item.get("id", "")), accepted_at=_time(item.get("accepted_at"))
            )
    return known


def _time(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise LookupUnavailable("the lookup's time cannot be read", code="bad_answer") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
