"""Which hosts a URL may lead to.

Of a URL from outside: public ones, and those the installation names. Of a provider's own address,
which a second person approved: inside the house, too, but never where no provider can stand, such
as the services that tell a cloud machine's own credentials. There `private_hosts` is None.

A name is judged by every address it resolves to, at the moment of connecting: what was public when
the account was saved may point inside by now.
"""

import asyncio
import errno
import ipaddress
import socket
import ssl
from collections.abc import Collection
from typing import TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

# Addresses in here carry another one inside them, which a gateway may turn private again: IPv4 as
# compatible, as translated (SIIT), by NAT64 (well-known, and local: RFC 8215), by 6to4, by Teredo.
# Site-local ones were private before they were given up.
_CARRIERS = tuple(
    ipaddress.ip_network(net)
    for net in (
        *("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"),
        "fec0::/10",
    )
)
_AT_THE_END = _CARRIERS[:4]
_NAT64_LOCAL, _6TO4, _TEREDO = _CARRIERS[3:6]
_ISATAP = (0x5EFE, 0x0200_5EFE)  # the upper half of an interface's name (RFC 5214)
_ALL = 0xFFFF_FFFF


_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)


_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenHost(OSError):
    """The host is, or resolves to, an address that may not be connected to."""

    def __init__(self, host: str) -> None:
        # With a number, since aiohttp tells only the text that stands beside one.
        super().__init__(errno.EHOSTUNREACH, f"{host} does not lead to a public address")


class GuardedResolver(AbstractResolver):
    """Resolves as the system does, and drops whatever may not be connected to."""

    def __init__(self, private_hosts: Collection[str] | None) -> None:
        self._private_hosts = private_hosts
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The host's addresses.  Raises ForbiddenHost when none may be connected to."""
        found = await self._system.resolve(host, port, family)
        if host.lower() in (self._private_hosts or ()):
            return found
        allowed = [one for one in found if _is_allowed(one["host"], self._private_hosts)]
        if not allowed:
            raise ForbiddenHost(host)
        return allowed

    async def close(self) -> None:
        """Hold nothing open."""
        await self._system.close()


async def connect(
    host: str, port: int, *, context: ssl.SSLContext | None, limit: int = 65_536
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection to a provider's own host, at an address that was judged.

    Addresses are tried one after the other. TLS, where there is a context, verifies the host's
    name and not the address. `limit`: octets of a line that the reader holds.
    Raises ForbiddenHost, or what `asyncio.open_connection` raises.
    """
    if _is_address(host):
        if not _is_allowed(host, None):
            raise ForbiddenHost(host)
        addresses = [host]
    else:
        found = await GuardedResolver(None).resolve(host, port, socket.AF_UNSPEC)
        addresses = [one["host"] for one in found]
    name = host if context is not None else None
    for address in addresses[:-1]:
        try:
            return await asyncio.open_connection(
                address, port, limit=limit, ssl=context, server_hostname=name
            )
        except ssl.SSLError:
            raise  # somebody answered there
        except OSError:
            continue  # nobody stands at this one of its addresses
    return await asyncio.open_connection(
        addresses[-1], port, limit=limit, ssl=context, server_hostname=name
    )


def check_url(url: str, private_hosts: Collection[str] | None) -> None:
    """Refuse an address that stands in a URL as such: no resolver is asked for it.

    The host is read as the client reads it, which makes `127.0.0.1` of `①②⑦。0。0。1`.
    Raises ForbiddenHost, or ValueError where the URL cannot be read.
    """
    host = (URL(url).host or "").lower()
    if host in (private_hosts or ()):
        return
    # A name is judged when it is resolved.
    if _is_address(host) and not _is_allowed(host, private_hosts):
        raise ForbiddenHost(host)


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet."""
    address = _read(text)
    if _carried(address) or any(address in carrier for carrier in _CARRIERS):
        return False
    return address.is_global and not is_nobodys(text)


def is_nobodys(text: str) -> bool:
    """Whether no provider can stand at an address, neither outside nor inside the house."""
    address = _read(text)
    return any(
        one.is_link_local or one.is_multicast or one.is_unspecified or one in _METADATA
        for one in (address, *_carried(address))
    )


def _is_address(host: str) -> bool:
    """Whether a host is written as an address: no resolver is asked for it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_allowed(text: str, private_hosts: Collection[str] | None) -> bool:
    return not is_nobodys(text) if private_hosts is None else is_public(text)


def _read(text: str) -> _Address:
    """The address; of an IPv4 address in the clothes of IPv6, that one."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _carried(address: _Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that a gateway may find in one of IPv6."""
    if address.version == 4:
        return []
    bits, found = int(address), list[int]()
    if any(address in carrier for carrier in _AT_THE_END) or bits >> 32 & _ALL in _ISATAP:
        found.append(bits & _ALL)
    if address in _NAT64_LOCAL:
        # Behind 48 bits of prefix; the eight in the middle are none of it (RFC 6052).
        found.append((bits >> 64 & 0xFFFF) << 16 | bits >> 40 & 0xFFFF)
    if address in _6TO4:
        found.append(bits >> 80 & _ALL)
    if address in _TEREDO:
        found += [bits >> 64 & _ALL, ~bits & _ALL]
    return [ipaddress.IPv4Address(one) for one in found]
