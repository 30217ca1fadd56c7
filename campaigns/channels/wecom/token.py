"""The access token of one WeCom application, kept until it expires."""

from urllib.parse import urlencode

from campaigns.channels.errors import RequestLost, RequestUnsent
from campaigns.channels.http import Http, read_object
from campaigns.channels.kept_token import KeptToken

_ACCOUNT_FAULTS = frozenset({"40001", "40013", "41002", "41004", "60020"})


class AccessToken(KeptToken):
    """Fetched by corp id and secret; WeCom gives the same one to all until it expires."""

    def __init__(self, *, http: Http, base: str, corp_id: str, secret: str) -> None:
        super().__init__()
        self._http = http
        self._url = f"{base}/cgi-bin/gettoken"
        self._query = urlencode({"corpid": corp_id, "corpsecret": secret})

    async def _fetch(self) -> tuple[str, int]:
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
        return token, lifetime
