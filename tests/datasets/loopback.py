"""A web server on this machine that behaves as badly as a test asks it to."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server does: give `body`; with or without ranges; each answer cut after `cuts[i]` bytes."""

    body: bytes
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    status: int = 200
    location: str = ""
    hold: threading.Event | None = None
    asked: list[str] = field(default_factory=list)
    address: str = ""


@contextlib.contextmanager
def serving(site: Site):
    """Run `site` on a free loopback port while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"site": site}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_port}/data.bin"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self):
        site, wanted = self.site, self.headers.get("Range", "")
        site.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and site.ranges else 0
        if site.status != 200:
            self.send_response(site.status)
            if site.location:
                self.send_header("Location", site.location)
            self.end_headers()
            return
        if start >= len(site.body) > 0:
            self.send_response(416)
            self.end_headers()
            return
        self._body(start, partial=bool(wanted) and site.ranges)

    def do_HEAD(self):
        site = self.site
        self.send_response(site.status)
        self.send_header("Content-Length", str(len(site.body)) if site.status == 200 else "0")
        self.end_headers()

    def _body(self, start, partial):
        site = self.site
        body = site.body[start:]
        self.send_response(206 if partial else 200)
        if partial:
            end = len(site.body) - 1
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(site.body)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = site.cuts.pop(0) if site.cuts else len(body)
        with contextlib.suppress(OSError):  # the other side may be gone, killed by the test
            self.wfile.write(body[:cut])
            self.wfile.flush()
            if site.hold is not None and cut < len(body):
                site.hold.wait(20)

    def log_message(self, *words):
        """Say nothing."""
