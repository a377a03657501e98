"""One request to GitHub: what is repeated, how long is waited, and what a refusal means.

GitHub's own documentation asks to honour Retry-After and X-RateLimit-Reset, and to wait a minute
where a secondary limit names no time ("Best practices for using the REST API"). A request that was
refused for its rate was not carried out and is always repeated. One that went unanswered may have
been: it is repeated only where that does no harm, or where `landed` can tell.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from syncer.errors import Exit, SyncError
from syncer.forge.token import Token

T = TypeVar("T")

# What PyGithub stumbles into over an answer that is no GitHub's.
_MISSHAPEN = (AttributeError, IndexError, KeyError, TypeError)

_AGAIN = "Run `sync publish` again: what is done already is not done twice."
_PERMISSIONS = "contents: write, pull-requests: write and issues: write"
_HINTS = {
    401: "Give a token that is valid and has not expired, in SYNC_TOKEN.",
    403: f"The token needs {_PERMISSIONS} in that repository.",
    404: "Look at [publish] in port.toml; a repository that a token may not see is not there for "
    "it either.",
    409: _AGAIN,
    410: "Turn the repository's issues on, in its settings.",
}
# Said by GitHub in its own words; what to do about it, which it does not say.
_SAID = {
    "not permitted to create or approve pull requests": "Allow it under the repository's Settings, "
    "Actions, General, or use the token of a GitHub App.",
    "archived": "The repository is archived and can only be read.",
    "not accessible by integration": f"Give the job {_PERMISSIONS}.",
    "not accessible by personal access token": f"Give the token {_PERMISSIONS}.",
    "SAML": "Authorise the token for the organisation's single sign-on.",
}


@dataclass
class Calls:
    """Carries out requests with patience.

    Args:
        patience: the most seconds that are waited in all, over every request.
        attempts: how often one is tried that gets no answer, or one that says it is GitHub's fault.
    """

    token: Token | None
    patience: float = 120.0
    attempts: int = 4
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    waited: float = field(default=0.0, init=False)

    def do(
        self,
        what: str,
        call: Callable[[], T],
        *,
        landed: Callable[[], T | None] | None = None,
        safe: bool = True,
    ) -> T:
        """The answer of `call`.

        Args:
            what: what it does, in the infinitive, for messages: "open a pull request in o/r".
            landed: looks whether an unanswered attempt was carried out all the same; its result.
            safe: carrying it out twice is the same as once, so it may simply be repeated.

        Raises:
            SyncError: it was refused, or went unanswered too often or too long.
        """
        import github  # late, as it takes a while and few commands need it
        import requests

        for attempt in range(1, self.attempts + 1):
            try:
                return call()
            except github.GithubException as error:
                if self._is_limited(error):
                    self._wait_for_rate(what, error)
                elif error.status < 500 or not (safe or landed) or attempt == self.attempts:
                    raise self._refused(what, error) from None
                else:
                    self._wait(what, 2.0 ** (attempt - 1), f"GitHub answers {error.status}")
            except (github.BadAttributeException, *_MISSHAPEN) as error:
                raise SyncError(
                    f"cannot {what}: GitHub's answer is not what it should be",
                    hint=f"Is GITHUB_API_URL that of GitHub's API? {_AGAIN}",
                    exit=Exit.PUBLISH,
                    detail=self._masked(f"{type(error).__name__}: {error}"[:300]),
                ) from None
            except (requests.RequestException, ValueError) as error:
                reason = self._network(error)
                if attempt == self.attempts or not (safe or landed):
                    raise self._silent(what, reason) from None
                self._wait(what, 2.0 ** (attempt - 1), reason)
            if landed and (found := landed()) is not None:
                return found
        raise self._silent(what, "it asked to wait each time")

    # ---- waiting

    def _is_limited(self, error: Any) -> bool:
        if error.status not in (403, 429):
            return False
        headers = error.headers or {}
        said = self._message(error).lower()
        return (
            error.status == 429
            or "retry-after" in headers
            or headers.get("x-ratelimit-remaining") == "0"
            or "rate limit" in said
            or "abuse detection" in said
        )

    def _wait_for_rate(self, what: str, error: Any) -> None:
        headers = error.headers or {}
        if after := _number(headers.get("retry-after")):
            seconds = after
        elif headers.get("x-ratelimit-remaining") == "0" and "x-ratelimit-reset" in headers:
            seconds = max(1.0, _number(headers["x-ratelimit-reset"]) - self.clock())
        else:
            seconds = 60.0
        self._wait(what, seconds, "GitHub limits how much may be asked of it")

    def _wait(self, what: str, seconds: float, reason: str) -> None:
        if self.waited + seconds > self.patience:
            raise SyncError(
                f"cannot {what}: {reason}, and asks to wait {seconds:.0f} s"
                if seconds > 10
                else f"cannot {what}: {reason}",
                hint=f"Wait that long. {_AGAIN}" if seconds > 10 else _AGAIN,
                exit=Exit.PUBLISH,
            )
        self.waited += seconds
        self.sleep(seconds)

    # ---- saying what went wrong

    def _refused(self, what: str, error: Any) -> SyncError:
        said = self._message(error)
        hint = next((h for words, h in _SAID.items() if words.lower() in said.lower()), "")
        hint = hint or _HINTS.get(error.status, _AGAIN if error.status >= 500 else "")
        details = [line for line in self._details(error) if line not in said]
        return SyncError(
            self._masked(f"cannot {what}: GitHub says {error.status}: {said or 'nothing more'}"),
            hint=hint or "Look at [publish] in port.toml.",
            exit=Exit.PUBLISH,
            detail=self._masked("\n".join(details)),
        )

    def _silent(self, what: str, reason: str) -> SyncError:
        return SyncError(
            self._masked(f"cannot {what}: {reason}"),
            hint=f"Look at the network. {_AGAIN}",
            exit=Exit.ENVIRONMENT,
        )

    def _network(self, error: Exception) -> str:
        import requests

        if isinstance(error, requests.Timeout):
            return "GitHub does not answer in time"
        if isinstance(error, requests.exceptions.SSLError):
            return "GitHub's certificate cannot be verified"
        if isinstance(error, requests.exceptions.InvalidHeader):
            return "the token cannot be sent in a header"
        if isinstance(error, requests.ConnectionError):
            return "GitHub cannot be reached"
        return "GitHub's answer was cut off or is none"

    def _message(self, error: Any) -> str:
        data = error.data
        said = data.get("message", "") if isinstance(data, dict) else ""
        return " ".join(str(said).split())[:300]

    def _details(self, error: Any) -> list[str]:
        data = error.data
        errors = data.get("errors", []) if isinstance(data, dict) else []
        lines = []
        for item in errors if isinstance(errors, list) else [errors]:
            if isinstance(item, dict):
                words = (item.get(key) for key in ("resource", "field", "code", "message"))
                lines.append(" ".join(str(word) for word in words if word))
            else:
                lines.append(str(item))
        return [line[:300] for line in lines]

    def _masked(self, text: str) -> str:
        return self.token.mask(text) if self.token else text


def _number(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return 0.0
