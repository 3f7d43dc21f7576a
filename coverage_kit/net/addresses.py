"""Which IP addresses belong to the public internet, by a list that no Python version changes."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# IANA's registry of special IPv4 addresses (2025-10), multicast, and what clouds keep for
# themselves: none of them is a public site.
_SPECIAL_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network; Linux takes 0.0.0.0 for the machine itself
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by the customers of a provider
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # the platform of Azure, as its machines see it
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocols, and the metadata of Oracle's cloud
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# All public IPv6 addresses are here today. Loopback, link-local, unique local, site-local and
# multicast addresses are outside, and so are IPv4-compatible (::/96), IPv4-translated
# (::ffff:0:0:0/96), discard-only (100::/64), SRv6 (5f00::/16) and local NAT64 (64:ff9b:1::/48).
_UNICAST_6 = IPv6Network("2000::/3")
# IANA's registry of special IPv6 addresses within it.
_SPECIAL_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocols: Teredo (it stands for a client), ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
        "3ffe::/16",  # 6bone, given back
    )
)
# IPv6 addresses that stand for an IPv4 address, and the bits to the right of it.
_CARRIERS = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
)


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to the public internet.

    Private, loopback, link-local and reserved addresses do not, and an IPv6 address that stands for
    an IPv4 address is as public as that. Raises ValueError for text that is no IP address.

    >>> is_public("127.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("1.1.1.1")
    (False, False, True)
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _SPECIAL_4)
    inner = _inner(ip)
    if inner is not None:
        return is_public(str(inner))
    return ip in _UNICAST_6 and not any(ip in network for network in _SPECIAL_6)


def _inner(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, or None."""
    for network, bits in _CARRIERS:
        if ip in network:
            return IPv4Address(int(ip) >> bits & 0xFFFFFFFF)
    return None
