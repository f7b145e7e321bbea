"""A provider of OpenID Connect on this machine, for the tests: whoever comes chooses who they are. It gives a code once, to
the client that has the secret and the verifier of PKCE, and signs what it says of a person with a key that it publishes."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "macrid-tests", "not-a-secret-at-all"
PEOPLE = {"ann": "Ann", "bob": "Bob"}


class Provider(ThreadingHTTPServer):
    """The server; `given`: what was asked for each code that is not used yet."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.address = f"http://localhost:{self.server_port}"
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        self.given: dict[str, dict[str, str]] = {}

    def about(self) -> dict:
        at = self.address
        return {"issuer": at, "authorization_endpoint": f"{at}/authorize", "token_endpoint": f"{at}/token",
                "jwks_uri": f"{at}/keys", "end_session_endpoint": f"{at}/end", "response_types_supported": ["code"],
                "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"]}

    def told(self, asked: dict[str, str]) -> dict:
        """The tokens for a code, which is used up; KeyError or AssertionError for what is not right."""
        of = self.given.pop(asked["code"])
        proof = base64.urlsafe_b64encode(hashlib.sha256(asked["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        assert (of["code_challenge_method"], of["code_challenge"]) == ("S256", proof)
        assert of["redirect_uri"] == asked["redirect_uri"]
        now = int(time.time())
        claims = {"iss": self.address, "sub": of["who"], "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": of["nonce"],
                  "name": PEOPLE[of["who"]]}
        signed = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        return {"access_token": secrets.token_hex(8), "token_type": "Bearer", "expires_in": 60, "id_token": signed}


class Answer(BaseHTTPRequestHandler):
    """One question to the provider."""

    server: Provider

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, {key: each[0] for key, each in parse_qs(urlsplit(self.path).query).items()}
        if path == "/.well-known/openid-configuration":
            self._say(self.server.about())
        elif path == "/keys":
            self._say({"keys": [self.server.key.as_dict(private=False)]})
        elif path == "/authorize" and asked["client_id"] == CLIENT:
            links = "".join(f'<p><a href="/chosen?{urlencode(asked | {"who": who})}">{name}</a></p>'
                            for who, name in PEOPLE.items()).replace("&", "&amp;")
            self._say(f'<!doctype html><link rel="icon" href="data:,"><title>Who are you?</title>{links}')
        elif path == "/chosen":
            code = secrets.token_urlsafe(12)
            self.server.given[code] = asked
            self._go(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")
        elif path == "/end":
            self._go(asked["post_logout_redirect_uri"])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        try:
            assert self.headers["Authorization"] == f"Basic {basic}"
            self._say(self.server.told({key: each[0] for key, each in parse_qs(body).items()}))
        except (AssertionError, KeyError):
            self._say({"error": "invalid_grant"}, 400)

    def _say(self, what: dict | str, status: int = 200) -> None:
        body = (what if isinstance(what, str) else json.dumps(what)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(what, str) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _go(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def provider() -> Iterator[Provider]:
    """A provider that answers within a block."""
    with Provider() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def secrets_for(app: str, issuer: str) -> str:
    """What stands in .streamlit/secrets.toml of an app whose people sign in there."""
    return (f'[auth]\nredirect_uri = "{app}/oauth2callback"\ncookie_secret = "{secrets.token_hex(16)}"\n'
            f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
            f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\n')
