"""Which hosts a URL from outside may lead to: public ones, and those the installation names.

A name is judged by every address it resolves to, at the moment of connecting: what was public when
the account was saved may point inside by now.
"""

import errno
import ipaddress
import socket
from collections.abc import Collection

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

# Addresses in here carry another one inside them, which a gateway may turn private again.
_CARRIERS = tuple(
    ipaddress.ip_network(net) for net in ("::/96", "64:ff9b::/96", "2002::/16", "2001::/32")
)


class ForbiddenHost(OSError):
    """The host is, or resolves to, an address that is not public."""

    def __init__(self, host: str) -> None:
        # With a number, since aiohttp tells only the text that stands beside one.
        super().__init__(errno.EHOSTUNREACH, f"{host} does not lead to a public address")


class PublicResolver(AbstractResolver):
    """Resolves as the system does, and drops whatever is not public."""

    def __init__(self, private_hosts: Collection[str]) -> None:
        self._private_hosts = frozenset(private_hosts)
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The host's addresses.  Raises ForbiddenHost when none may be connected to."""
        found = await self._system.resolve(host, port, family)
        if host.lower() in self._private_hosts:
            return found
        public = [one for one in found if is_public(one["host"])]
        if not public:
            raise ForbiddenHost(host)
        return public

    async def close(self) -> None:
        """Hold nothing open."""
        await self._system.close()


def check_url(url: str, private_hosts: Collection[str]) -> None:
    """Refuse an address that stands in a URL as such: no resolver is asked for it.

    The host is read as the client reads it, which makes `127.0.0.1` of `①②⑦。0。0。1`.
    Raises ForbiddenHost, or ValueError where the URL cannot be read.
    """
    host = (URL(url).host or "").lower()
    if host in private_hosts:
        return
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return  # a name: judged when it is resolved
    if not is_public(host):
        raise ForbiddenHost(host)


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if any(address in carrier for carrier in _CARRIERS):
            return False
    return address.is_global and not address.is_multicast
