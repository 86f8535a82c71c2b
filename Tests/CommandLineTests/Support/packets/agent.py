"""A host of the test network: answers whoever comes to it, and makes the flows that it is told to make.

    agent.py ipv4|ipv6 PORT...

A server on every port answers each connection and each datagram with the address it was reached at and the address
that it sees as the client's. A line of standard input is a command, a line of standard output its answer, in JSON:

    {"flows": [{"source": ADDRESS or "", "to": ADDRESS, "port": N, "protocol": P, "attempts": N, "timeout": SECONDS}]}
    {"seen": [[[OUTCOME, N], ...] for each of the flows]}

An outcome is [ADDRESS OF THE SERVER, ADDRESS OF THE CLIENT] as the server saw them, or "refused", or "silence", or the
name of another error. The agent ends when its standard input does, so it never outlives the driver.
"""

from __future__ import annotations

import asyncio
import errno
import json
import socket
import struct
import sys
from collections import Counter
from typing import Any, Iterator, Union

Outcome = Union[tuple[str, str], str]


TRANSPORTS = {
    "tcp": (socket.SOCK_STREAM, socket.IPPROTO_TCP),
    "udp": (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    "sctp": (socket.SOCK_STREAM, socket.IPPROTO_SCTP),
}
IP_PKTINFO = 8  # Python has no name for it before 3.14.

# How many flows are under way at once; less than any listener's backlog.
CONCURRENCY = 128

# Each flow has a source port of its own, above the node ports: with a port used twice the kernel could take a new
# datagram for one of an older flow, and translate it as it did that one.
SOURCE_PORTS = range(32768, 65536)


def available_protocols() -> list[str]:
    """The transport protocols that this kernel has."""
    available = []
    for name, (kind, protocol) in TRANSPORTS.items():
        try:
            socket.socket(socket.AF_INET, kind, protocol).close()
            available.append(name)
        except OSError:
            pass
    return available


class Server:
    """Answers on a port of all addresses."""

    def __init__(self, family: socket.AddressFamily, protocol: str, port: int) -> None:
        self.family = family
        self.socket = socket.socket(family, *TRANSPORTS[protocol])
        self.socket.setblocking(False)
        if family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.is_stream = self.socket.type == socket.SOCK_STREAM
        if self.is_stream:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        elif family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            self.socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        self.socket.bind(("", port))
        if self.is_stream:
            self.socket.listen(4096)

    def start(self) -> None:
        asyncio.get_running_loop().add_reader(self.socket, self.answer_all)

    def answer_all(self) -> None:
        """Answers whatever has come by now."""
        while True:
            try:
                self.answer_connection() if self.is_stream else self.answer_datagram()
            except BlockingIOError:
                return
            except OSError:
                pass  # This client has gone already; the next one counts.

    def answer_connection(self) -> None:
        connection, peer = self.socket.accept()
        with connection:
            connection.sendall(json.dumps([connection.getsockname()[0], peer[0]]).encode())

    def answer_datagram(self) -> None:
        _, ancillary, _, peer = self.socket.recvmsg(64, 128)
        level, kind, data = ancillary[0]
        if self.family == socket.AF_INET6:
            address = data[:16]
            reply = data
        else:
            # The last field is where the datagram was sent to; the one before it is where the answer shall come from.
            address = struct.unpack("=i4s4s", data)[2]
            reply = struct.pack("=i4s4s", 0, address, bytes(4))
        answer = json.dumps([socket.inet_ntop(self.family, address), peer[0]]).encode()
        self.socket.sendmsg([answer], [(level, kind, reply)], 0, peer)


class Client:
    """Makes flows."""

    def __init__(self, family: socket.AddressFamily) -> None:
        self.family = family
        self.ports: Iterator[int] = iter(SOURCE_PORTS)

    async def make(self, flows: list[dict[str, Any]]) -> list[Counter[Outcome]]:
        """All attempts of all flows, many at once: how often each outcome was seen, for each flow."""
        seen: list[Counter[Outcome]] = [Counter() for _ in flows]
        attempts = iter([(flow, count) for flow, count in zip(flows, seen) for _ in range(flow["attempts"])])

        async def work() -> None:
            for flow, count in attempts:
                count[await self.attempt(flow)] += 1

        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
        return seen

    async def attempt(self, flow: dict[str, Any]) -> Outcome:
        task = asyncio.current_task()
        assert task is not None
        timer = asyncio.get_running_loop().call_later(flow["timeout"], task.cancel)
        try:
            with socket.socket(self.family, *TRANSPORTS[flow["protocol"]]) as client:
                return await self.exchange(client, flow)
        except asyncio.CancelledError:
            return "silence"
        except ConnectionRefusedError:
            return "refused"
        except OSError as error:
            return errno.errorcode.get(error.errno or 0, str(error))
        finally:
            timer.cancel()

    async def exchange(self, client: socket.socket, flow: dict[str, Any]) -> Outcome:
        loop = asyncio.get_running_loop()
        client.setblocking(False)
        if client.type == socket.SOCK_STREAM:
            # Closing resets the connection, which leaves no TIME_WAIT behind.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.bind((flow["source"], next(self.ports)))
        await loop.sock_connect(client, (flow["to"], flow["port"]))
        if client.type == socket.SOCK_DGRAM:
            try:
                client.send(b"?")
            except PermissionError:
                pass  # The host's own rules took the datagram away: what a client sees of it follows, or does not.
        answer = await loop.sock_recv(client, 256)
        if not answer:
            return "closed"
        server, seen = json.loads(answer)
        return server, seen


async def main() -> None:
    family = socket.AF_INET6 if sys.argv[1] == "ipv6" else socket.AF_INET
    for port in sys.argv[2:]:
        for protocol in available_protocols():
            Server(family, protocol, int(port)).start()
    client = Client(family)
    commands = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        seen = await client.make(json.loads(line)["flows"])
        print(json.dumps({"seen": [list(count.items()) for count in seen]}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
