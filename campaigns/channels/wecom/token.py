"""The access token of one WeCom application, kept until it expires."""

import asyncio
import time
from urllib.parse import urlencode

from campaigns.channels.errors import RequestLost, RequestUnsent
from campaigns.channels.http import Http, read_object

_MARGIN = 60.0  # seconds before expiry when a new token is fetched
_ACCOUNT_FAULTS = frozenset({"40001", "40013", "41002", "41004", "60020"})


class AccessToken:
    """Fetched by corp id and secret; WeCom gives the same one to all until it expires."""

    def __init__(self, *, http: Http, base: str, corp_id: str, secret: str) -> None:
        self._http = http
        self._url = f"{base}/cgi-bin/gettoken"
        self._query = urlencode({"corpid": corp_id, "corpsecret": secret})
        self._token = ""
        self._expires_at = 0.0  # monotonic seconds
        self._renewing = asyncio.Lock()

    async def token(self) -> str:
        """Return a token valid now.  Raises RequestUnsent: nothing was sent without one."""
        if time.monotonic() < self._expires_at:
            return self._token
        async with self._renewing:
            # Looked at again: another sender may have renewed it meanwhile.
            if time.monotonic() >= self._expires_at:
                await self._renew()
            return self._token

    def forget(self, token: str) -> None:
        """Drop a token WeCom has refused, unless it was renewed meanwhile."""
        if token == self._token:
            self._expires_at = 0.0

    async def _renew(self) -> None:
        try:
            answer = await self._http.get(url=f"{self._url}?{self._query}", headers={})
        except RequestLost as error:
            # Asked for twice, the same token comes back: no message has left yet.
            raise RequestUnsent("the token was not answered", code=error.code) from error
        told = read_object(answer.body)
        code, token, lifetime = (told.get(n) for n in ("errcode", "access_token", "expires_in"))
        if code != 0 or not isinstance(token, str) or not isinstance(lifetime, int):
            fault = "unauthorised" if str(code) in _ACCOUNT_FAULTS else "no_token"
            raise RequestUnsent(f"gettoken answered {str(code)[:20]}", code=fault)
        self._token = token
        self._expires_at = time.monotonic() + max(1.0, lifetime - _MARGIN)
