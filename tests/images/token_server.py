"""A service that gives out tokens for an image registry, signed as registries want them."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


@dataclass
class TokenService:
    """A running service."""

    #: The section of the registry's configuration that sends people here.
    config: str
    #: The scopes of each token asked for.
    asked: list[list[str]] = field(default_factory=list)


@contextmanager
def token_service(folder: Path, users: Mapping[str, str]) -> Iterator[TokenService]:
    """Serve tokens on a loopback port to whoever knows a password."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tests"]
    subprocess.run([*words, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    service = TokenService("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            user = self._user()
            if user is None:
                self.send_error(401)
                return
            scopes = query.get("scope", [])
            service.asked.append(scopes)
            body = json.dumps({"token": _token(folder, user, query["service"][0], scopes)}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def _user(self) -> str | None:
            kind, _, given = self.headers.get("Authorization", "").partition(" ")
            user, _, password = base64.b64decode(given).decode().partition(":") if kind == "Basic" else ("", "", "")
            return user if users.get(user) == password else None

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.config = (
        f"auth: {{token: {{realm: 'http://127.0.0.1:{server.server_port}/token', service: tests, issuer: tests, "
        f"rootcertbundle: {certificate}}}}}\n"
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _token(folder: Path, user: str, service: str, scopes: list[str]) -> str:
    now = int(time.time())
    access = [
        {"type": kind, "name": name, "actions": actions.split(",")}
        for kind, name, actions in (scope.split(":") for scope in scopes)
    ]
    claims = {
        "iss": "tests",
        "sub": user,
        "aud": service,
        "iat": now,
        "nbf": now - 60,
        "exp": now + 300,
        "access": access,
    }
    body = "".join((folder / "certificate.pem").read_text().splitlines()[1:-1])
    head = {"typ": "JWT", "alg": "RS256", "x5c": [body]}
    signed = f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps({**claims, 'jti': str(now)}).encode())}"
    words = ["openssl", "dgst", "-sha256", "-sign", folder / "key.pem"]
    signature = subprocess.run(words, input=signed.encode(), check=True, capture_output=True).stdout
    return f"{signed}.{_encoded(signature)}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
