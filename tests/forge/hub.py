"""A stand-in for GitHub: repositories served to git, and an API with a memory, on one port.

Every request and every answer is held against GitHub's own description (see description.py); what
does not fit is in `violations`, which each test looks at in the end. Faults are asked for by
`fail`: the next requests that match get them instead of, or after, what they ask for.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from description import description
from openapi_core import Config, OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from state import State, answer
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

API, GRAPHQL = "/api/v3", "/api/graphql"  # as on a GitHub Enterprise Server
TOKEN = "ghs_" + "Marked0" * 6


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None: ...


@dataclass
class Fault:
    """What becomes of a request. `after`: it is carried out all the same. `act` is called first,
    for what happens meanwhile."""

    matches: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    after: bool = False
    silence: float = 0.0
    act: Callable[[], object] | None = None


@dataclass
class Seen:
    method: str
    path: str
    status: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@cache
def _spec() -> dict[str, Any]:
    return description()


class Hub:
    """Args:
    root: where the bare repositories lie, as `root`/owner/name.git.
    """

    def __init__(self, root: Path, token: str = TOKEN) -> None:
        self.root, self.token = root, token
        self.seen: list[Seen] = []
        self.violations: list[str] = []
        self.faults: list[Fault] = []
        self.states: dict[str, State] = {}
        self._lock = threading.Lock()
        self._server = make_server(
            "127.0.0.1", 0, self._application, threaded=True, request_handler=Quiet
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        spec = {**_spec(), "servers": [{"url": self.url + API}]}
        self._api = OpenAPI.from_dict(spec, config=Config(spec_validator_cls=None))  # type: ignore
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What Actions would have in the environment, and the token."""
        return {
            "GITHUB_SERVER_URL": self.url,
            "GITHUB_API_URL": self.url + API,
            "SYNC_TOKEN": self.token,
        }

    # ---- repositories

    def repository(self, name: str, like: Path | None = None) -> State:
        """Make an empty repository, or a copy of the bare one `like`."""
        bare = self.root / f"{name}.git"
        bare.parent.mkdir(parents=True, exist_ok=True)
        if like:
            shutil.copytree(like, bare)
        else:
            self._init(bare)
        self.states[name] = State(name, bare, self.url, _spec()["components"]["examples"])
        return self.states[name]

    def _init(self, bare: Path) -> None:
        git(None, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
        for key in ("http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
            git(bare, "config", key, "true")

    # ---- faults

    def fail(self, matches: str, status: int = 0, times: int = 1, **more: Any) -> None:
        """The next `times` requests of which "METHOD path" has `matches` in it fail."""
        self.faults += [Fault(matches, status, **more) for _ in range(times)]

    def limit(self, matches: str, seconds: int, times: int = 1) -> None:
        """GitHub's secondary rate limit."""
        said = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}
        self.fail(matches, 403, times, headers={"Retry-After": str(seconds)}, body=said)

    def _fault(self, seen: Seen) -> Fault | None:
        with self._lock:
            found = next((f for f in self.faults if f.matches in str(seen)), None)
            if found:
                self.faults.remove(found)
            return found

    # ---- serving

    def _application(self, environ: Any, start: Any) -> Any:
        request = Request(environ)
        request.get_data(cache=True)
        seen = Seen(request.method, request.full_path.rstrip("?"))
        fault = self._fault(seen)
        serve = self._answer if request.path.startswith("/api/") else self._git
        try:
            response = serve(request, fault)
        except Exception:  # a fault of the stand-in's own must not pass for GitHub's
            self.violations.append(traceback.format_exc())
            response = Response("", 500)
        seen.status = response.status_code
        with self._lock:
            self.seen.append(seen)
        return response(environ, start)

    def _answer(self, request: Request, fault: Fault | None) -> Response:
        if fault and fault.act:
            fault.act()
        if fault and fault.silence:
            time.sleep(fault.silence)
        if fault and fault.status and not fault.after:
            return _json(fault.status, fault.body or {"message": "Server Error"}, fault.headers)
        if request.headers.get("Authorization") != f"token {self.token}":
            return _json(401, {"message": "Bad credentials", "status": "401"})
        if request.path == GRAPHQL:
            return self._graphql(request)
        problem = self._check_request(request)
        if problem:
            return _json(422, {"message": problem})
        with self._lock:
            status, body = answer(self.states, request.method, request.path[len(API) :], request)
        response = _json(status, body)
        self._check_answer(request, response)
        if fault and fault.status:
            return _json(fault.status, fault.body or {"message": "Server Error"}, fault.headers)
        return response

    def _check_request(self, request: Request) -> str:
        try:
            self._api.validate_request(WerkzeugOpenAPIRequest(request))
        except Exception as error:
            problem = f"{request.method} {request.path}: {type(error).__name__}: {_causes(error)}"
            self.violations.append(problem)
            return problem
        if unknown := self._unknown(request):
            self.violations.append(f"{request.method} {request.path}: no such keys: {unknown}")
        return ""

    def _check_answer(self, request: Request, response: Response) -> None:
        try:
            self._api.validate_response(
                WerkzeugOpenAPIRequest(request), WerkzeugOpenAPIResponse(response)
            )
        except Exception as error:
            self.violations.append(
                f"answer {response.status_code} to {request.method} {request.path}: "
                f"{type(error).__name__}: {_causes(error)}"
            )

    def _unknown(self, request: Request) -> list[str]:
        """Keys of a body that the description does not name: it hardly ever forbids others."""
        body = request.get_json(silent=True) if request.data else None
        template = self._template(request.path[len(API) :])
        operation = _spec()["paths"].get(template, {}).get(request.method.lower(), {})
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        names = _properties(schema.get("schema", {}))
        return [key for key in body if key not in names] if isinstance(body, dict) and names else []

    def _template(self, path: str) -> str:
        parts = path.split("/")
        fits = [
            template
            for template in _spec()["paths"]
            if len(template.split("/")) == len(parts)
            and all(t == p or t[:1] == "{" for t, p in zip(template.split("/"), parts, strict=True))
        ]
        return min(fits, key=lambda template: template.count("{"), default="")

    def _graphql(self, request: Request) -> Response:
        """The two mutations that only GraphQL has; the description does not cover it."""
        said = request.get_json()
        wanted = said["variables"]["input"]["pullRequestId"]
        for draft, name in (
            (True, "convertPullRequestToDraft"),
            (False, "markPullRequestReadyForReview"),
        ):
            if name in said["query"]:
                for state in self.states.values():
                    for pull in state.pulls.values():
                        if pull["node_id"] == wanted:
                            pull["draft"] = draft
                            found = {"pullRequest": {"id": wanted, "isDraft": draft}}
                            return _json(200, {"data": {name: found}})
        return _json(200, {"errors": [{"message": "Could not resolve to a node"}]})

    # ---- git

    def _git(self, request: Request, fault: Fault | None) -> Response:
        if fault and fault.act:
            fault.act()
        if fault and fault.status and not fault.after:
            return Response(str(fault.body or ""), fault.status)
        sent = request.headers.get("Authorization", "")
        wanted = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        if sent.partition(" ")[2] != wanted:
            return Response("", 401, {"WWW-Authenticate": 'Basic realm="GitHub"'})
        environment = {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "HOME": str(self.root),
            "PATH": os.environ["PATH"],
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query_string.decode(),
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.content_type or "",
            "REMOTE_USER": "bot",
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=request.data, capture_output=True, env=environment
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        status = int(headers.pop("Status", "200").split()[0])
        if fault and fault.status:
            return Response("", fault.status)
        return Response(body, status, headers)


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    import json

    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json; charset=utf-8"
    return Response(text, status, {"Content-Type": kind, **(headers or {})})


def _causes(error: BaseException) -> list[str]:
    found = getattr(error.__cause__, "schema_errors", [])
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in found]


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        _, _, kind, name = schema["$ref"].split("/", 3)
        schema = _spec()["components"][kind][name]
    return schema


def _properties(schema: dict[str, Any]) -> set[str]:
    schema = _resolved(schema)
    found = set(schema.get("properties", {}))
    for key in ("oneOf", "anyOf", "allOf"):
        for part in schema.get(key, []):
            found |= _properties(part)
    return found


def git(folder: Path | None, *arguments: str, input: str | None = None) -> str:
    """Run git as a person would, and return what it says."""
    where = ["-C", str(folder)] if folder else []
    who = ["-c", "user.name=A Person", "-c", "user.email=person@example.invalid"]
    done = subprocess.run(
        ["git", *where, *who, *arguments], input=input, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout.strip()


@contextmanager
def serving(root: Path) -> Iterator[Hub]:
    """A hub for one test, of which nothing broke GitHub's description."""
    hub = Hub(root)
    try:
        yield hub
    finally:
        hub.close()
    assert not hub.violations, "\n".join(hub.violations)
