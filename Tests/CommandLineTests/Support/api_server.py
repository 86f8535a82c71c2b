#!/usr/bin/env python3
"""A small read-only stand-in for a Kubernetes API server, for tests that run kubectl.

    python3 api_server.py CLUSTER.json

CLUSTER.json is a list as `kubectl get services,endpointslices,nodes -A -o json` prints it. The server binds a free port of
127.0.0.1, prints its URL and a newline, and answers plain HTTP until its standard input ends or a signal ends it, so that it
never outlives the process that holds the other end of the pipe. (Started with `< /dev/null` it ends at once.)

It answers discovery and lists of Services, Endpoints, EndpointSlices and Nodes, of the whole cluster or of one namespace, in
pages where `limit` asks for them. Whatever else is asked for gets a `Status` object, never a wrong answer.
"""

import base64
import json
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

VERSION = "v1.36.2"
DISCOVERY_GROUP = "discovery.k8s.io"


class Resource(NamedTuple):
    api_version: str
    plural: str
    kind: str
    namespaced: bool
    short_names: tuple = ()

    def root(self):
        """The path of the group and version: core resources live under /api, all others under /apis."""
        return ("/apis/" if "/" in self.api_version else "/api/") + self.api_version

    def discovery(self):
        entry = {"name": self.plural, "singularName": self.kind.lower(), "namespaced": self.namespaced,
                 "kind": self.kind, "verbs": ["get", "list"]}
        return entry | ({"shortNames": list(self.short_names)} if self.short_names else {})


RESOURCES = (
    Resource("v1", "endpoints", "Endpoints", True, ("ep",)),
    Resource("v1", "nodes", "Node", False, ("no",)),
    Resource("v1", "services", "Service", True, ("svc",)),
    Resource(DISCOVERY_GROUP + "/v1", "endpointslices", "EndpointSlice", True),
)


class Refused(Exception):
    """A request that ends in a Status object."""

    def __init__(self, code, reason, message):
        super().__init__(message)
        self.status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                       "message": message, "reason": reason, "code": code}


def discovery_documents():
    """What a client reads before its first list, by path.

    kubectl 1.26 and later ask /api and /apis for an aggregated form (`as=APIGroupDiscoveryList`) and also accept plain JSON.
    An answer of type `application/json` tells them to go the old way, path by path, which is all that kubectl 1.20 knows.
    """
    group_version = {"groupVersion": DISCOVERY_GROUP + "/v1", "version": "v1"}
    group = {"name": DISCOVERY_GROUP, "versions": [group_version], "preferredVersion": group_version}
    documents = {
        "/version": {"major": "1", "minor": "36", "gitVersion": VERSION, "platform": "linux/amd64"},
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]},
        "/apis/" + DISCOVERY_GROUP: {"kind": "APIGroup", "apiVersion": "v1"} | group,
    }
    for resource in RESOURCES:
        listing = documents.setdefault(resource.root(), {
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": resource.api_version, "resources": []})
        listing["resources"].append(resource.discovery())
    return documents


class Cluster:
    """The objects of the file, and the answers made of them."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            objects = json.load(file)["items"]
        self.documents = discovery_documents()
        versions = [int(o["metadata"].get("resourceVersion") or 0) for o in objects]
        self.resource_version = str(max(versions, default=1))
        # In the order of the server's storage keys; items of a list carry neither apiVersion nor kind.
        objects.sort(key=lambda o: (o["metadata"].get("namespace", "") + "/" + o["metadata"]["name"]).encode())
        self.items = {resource: [{k: v for k, v in o.items() if k not in ("apiVersion", "kind")} for o in objects
                                 if (o["apiVersion"], o["kind"]) == (resource.api_version, resource.kind)]
                      for resource in RESOURCES}

    def answer(self, path, query):
        if path in self.documents:
            return self.documents[path]
        for resource in RESOURCES:
            if path == f"{resource.root()}/{resource.plural}":
                return self.list(resource, self.items[resource], query)
            before, after = f"{resource.root()}/namespaces/", f"/{resource.plural}"
            namespace = path.removeprefix(before).removesuffix(after)
            if resource.namespaced and path == before + namespace + after and "/" not in namespace:
                items = [item for item in self.items[resource] if item["metadata"]["namespace"] == namespace]
                return self.list(resource, items, query)
        raise Refused(404, "NotFound", "the server could not find the requested resource")

    def list(self, resource, items, query):
        """One page: `limit` items (0 or absent: all) from where the `continue` token of the page before points."""
        unknown = sorted(query.keys() - {"limit", "continue", "timeout"})
        if unknown:
            raise Refused(400, "BadRequest", "this server has limit and continue, not " + ", ".join(unknown))
        try:
            start = int(base64.urlsafe_b64decode(query["continue"])) if query.get("continue") else 0
            limit = int(query.get("limit") or 0)
        except ValueError:
            raise Refused(400, "BadRequest", "limit or continue is not valid") from None
        end = start + limit if limit > 0 else len(items)
        metadata = {"resourceVersion": self.resource_version}
        if end < len(items):
            metadata["continue"] = base64.urlsafe_b64encode(str(end).encode()).decode()
            metadata["remainingItemCount"] = len(items) - end
        return {"kind": resource.kind + "List", "apiVersion": resource.api_version,
                "metadata": metadata, "items": items[start:end]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # Connections stay open between requests, as with the real server.
    disable_nagle_algorithm = True  # Headers and body are two writes; the second must not wait for an acknowledgement.

    def do_GET(self):
        url = urlsplit(self.path)
        try:
            self.send(200, self.server.cluster.answer(url.path.rstrip("/"), dict(parse_qsl(url.query))))
        except Refused as refusal:
            self.send(refusal.status["code"], refusal.status)

    def refuse_method(self):
        self.close_connection = True  # The body of the request is not read.
        self.send(405, Refused(405, "MethodNotAllowed", "this server is read-only").status)

    do_POST = do_PUT = do_PATCH = do_DELETE = refuse_method

    def send(self, code, document):
        # Always plain JSON, also where a Table is asked for first: kubectl takes both.
        body = json.dumps(document).encode() + b"\n"
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: api_server.py CLUSTER.json")
    with Server(("127.0.0.1", 0), Handler) as server:
        server.cluster = Cluster(sys.argv[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        while sys.stdin.buffer.read(4096):
            pass
        server.shutdown()


if __name__ == "__main__":
    main()
