"""Datagrams: a port of this machine, or a multicast group, that a sender sends to.

There is no connection to lose. A sender that has stopped is seen by the age; what the
kernel threw away because we were too slow is asked of it and counted.
"""

from __future__ import annotations

import ipaddress
import selectors
import socket
import struct
from collections.abc import Callable
from threading import Event

from truceline.sources.feed import Feed, Reader, Take

LARGEST = 65_535
BUFFER_BYTES = 4 * 1024 * 1024
MOST_AT_ONCE = 512
_TICK_S = 0.2
_OVERFLOW = 40
"""SO_RXQ_OVFL of Linux: how many datagrams this socket has lost so far."""


class UdpFeed(Feed):
    """Listens on an address of this machine, or joins a multicast group.

    `interface` is the address of the network card on which a group is joined.
    """

    def __init__(
        self,
        host: str,
        port: int,
        reader: Reader,
        *,
        clock: Callable[[], int],
        interface: str = "0.0.0.0",  # noqa: S104 -- the card that the system chooses
        address: str = "",
    ) -> None:
        super().__init__(address or f"{host}:{port}", reader, clock=clock)
        self.host, self.port, self._interface = host, port, interface
        self.bound_port: int | None = None
        self._lost_before = 0

    def _once(self, take: Take, stop: Event) -> str:
        with self._socket() as link:
            self.bound_port = link.getsockname()[1]
            self._lost_before = 0
            self._began()
            with selectors.DefaultSelector() as waiting:
                waiting.register(link, selectors.EVENT_READ)
                while not stop.is_set():
                    if waiting.select(_TICK_S):
                        self._drain(link, take)
        return ""

    def _socket(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        link = socket.socket(family, socket.SOCK_DGRAM)
        try:
            link.setblocking(False)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            link.setsockopt(socket.SOL_SOCKET, _OVERFLOW, 1)
            self._bind(link)
        except BaseException:
            link.close()
            raise
        return link

    def _bind(self, link: socket.socket) -> None:
        if not _is_group(self.host):
            link.bind((self.host, self.port))
            return
        link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        link.bind((self.host, self.port))
        if link.family == socket.AF_INET6:
            wanted = socket.inet_pton(socket.AF_INET6, self.host) + struct.pack("@I", 0)
            link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, wanted)
        else:
            wanted = socket.inet_aton(self.host) + socket.inet_aton(self._interface)
            link.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, wanted)

    def _drain(self, link: socket.socket, take: Take) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                data, marks, _flags, _sender = link.recvmsg(LARGEST, socket.CMSG_SPACE(4))
            except BlockingIOError:
                return
            for level, kind, value in marks:
                if level == socket.SOL_SOCKET and kind == _OVERFLOW:
                    self._count_lost(struct.unpack("@I", value)[0])
            self._take(data, self._clock(), take)

    def _count_lost(self, in_all: int) -> None:
        if in_all > self._lost_before:
            self._reader.dropped["lost_in_kernel"] += in_all - self._lost_before
            self._lost_before = in_all


def _is_group(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_multicast
    except ValueError:
        return False
