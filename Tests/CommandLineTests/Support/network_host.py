"""A host of the test network: answers on its ports, and connects to others when it is told to.

    network_host.py NAME PORT,PORT,...

Reads a JSON object for each request from standard input and writes one for each answer, in any order. A server answers each
connection and datagram with its name, the address it was reached at and the address the client seems to have."""

import errno
import json
import socket
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

NAME = sys.argv[1]
PORTS = [int(port) for port in sys.argv[2].split(",")]
# ip(7), ipv6(7); not all of them are in the module.
IP_PKTINFO, IP_RECVERR, IPV6_RECVERR, IPV6_RECVPKTINFO = 8, 11, 25, 49


def description(local, port, peer):
    return json.dumps({"server": NAME, "local": local, "port": port, "peer": peer}).encode()


def serve_tcp(family, port):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind(("", port))
    listener.listen(512)

    def loop():
        while True:
            connection, peer = listener.accept()
            with connection:
                local = connection.getsockname()
                try:
                    connection.sendall(description(local[0], local[1], peer[0]))
                except OSError:
                    pass

    threading.Thread(target=loop, daemon=True).start()


def serve_udp(family, port):
    server = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    else:
        server.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    server.bind(("", port))

    def loop():
        while True:
            _, ancillary, _, peer = server.recvmsg(64, 128)
            level, kind, data = ancillary[0]
            if family == socket.AF_INET6:
                address = data[:16]
                reply = address + bytes(4)
            else:
                # ipi_addr is where the datagram was sent to; ipi_spec_dst is where the answer shall come from.
                address = struct.unpack("=i4s4s", data)[2]
                reply = struct.pack("=i4s4s", 0, address, bytes(4))
            local = socket.inet_ntop(family, address)
            try:
                server.sendmsg([description(local, port, peer[0])], [(level, kind, reply)], 0, peer)
            except OSError:
                pass

    threading.Thread(target=loop, daemon=True).start()


def attempt(request):
    """One connection: what its server says, the name of the error, or 'timeout'."""
    family = socket.AF_INET6 if ":" in request["to"] else socket.AF_INET
    kind = socket.SOCK_STREAM if request["protocol"] == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind) as client:
        client.settimeout(request["timeout"])
        if kind == socket.SOCK_DGRAM:
            # Errors that are not lasting are told too.
            if family == socket.AF_INET:
                client.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            else:
                client.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        try:
            client.bind((request["from"], 0))
            client.connect((request["to"], request["port"]))
            if kind == socket.SOCK_DGRAM:
                try:
                    client.send(b"?")
                except PermissionError:
                    # The host's own rules took the datagram; an error that they answer with comes next.
                    pass
            data = client.recv(4096)
            return json.loads(data) if data else {"error": "EMPTY"}
        except TimeoutError:
            return {"error": "timeout"}
        except OSError as error:
            return {"error": errno.errorcode.get(error.errno, str(error))}


def serve(request):
    """Attempts until as many different ends were seen as are expected, but where there are several, a dozen times at least."""
    seen = []
    for number in range(request["attempts"]):
        result = attempt(request)
        if result not in seen:
            seen.append(result)
        if len(seen) >= request["expected"] and (request["expected"] < 2 or number >= 12):
            break
    return {"id": request["id"], "seen": seen}


def main():
    for family in (socket.AF_INET, socket.AF_INET6):
        for port in PORTS:
            serve_tcp(family, port)
            serve_udp(family, port)
    lock = threading.Lock()

    def answer(request):
        result = serve(request)
        with lock:
            print(json.dumps(result), flush=True)

    print(json.dumps({"ready": NAME}), flush=True)
    with ThreadPoolExecutor(max_workers=128) as pool:
        for line in sys.stdin:
            pool.submit(answer, json.loads(line))


main()
