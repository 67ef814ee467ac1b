"""Asking witnesses over HTTP for their cosignatures (C2SP tlog-witness, the log's side).

A witness that does not answer, lags or turns the checkpoint down is told in words; it
never stops the log, and its silence is shown with the quorum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from truceline.errors import Malformed, Reason, Refused, Unavailable, Unproven
from truceline.ledger import witness as witnesses
from truceline.ledger.checkpoint import SignedCheckpoint
from truceline.ledger.note import SignatureLine, VerifierKey
from truceline.ledger.witness import MAX_REQUEST_BYTES, Prove, Reply


@dataclass(frozen=True, slots=True)
class Told:
    """What one witness answered: its line, or why there is none."""

    witness: VerifierKey
    line: SignatureLine | None = None
    failure: str = ""


class Witnesses:
    """The witnesses of a log and where each is asked; remembers what each saw last."""

    def __init__(
        self, keys: Sequence[VerifierKey], urls: Mapping[str, str], *, timeout_s: float
    ) -> None:
        self.keys = tuple(keys)
        self._urls = {name: f"{url.rstrip('/')}/add-checkpoint" for name, url in urls.items()}
        import httpx  # noqa: PLC0415 -- slow to load, and not every log has witnesses

        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False, trust_env=False)
        self._seen: dict[str, int] = {}

    def ask(self, signed: SignedCheckpoint, prove: Prove) -> list[Told]:
        """Ask each witness that has an address for its cosignature of `signed`."""
        return [self._ask(one, signed, prove) for one in self.keys if one.name in self._urls]

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _ask(self, witness: VerifierKey, signed: SignedCheckpoint, prove: Prove) -> Told:
        try:
            line, _ = witnesses.cosign(
                signed,
                witness,
                old_size=self._seen.get(witness.name, 0),
                prove=prove,
                post=lambda body: self._post(witness.name, body),
            )
        except Unproven as failure:
            # Not carried on with: the line is not published. The log goes on without it.
            return Told(witness, failure=f"its answer does not hold: {failure}")
        except (Unavailable, Refused, Malformed) as failure:
            return Told(witness, failure=str(failure))
        self._seen[witness.name] = signed.checkpoint.size
        return Told(witness, line)

    def _post(self, name: str, body: bytes) -> Reply:
        import httpx  # noqa: PLC0415

        try:
            with self._client.stream("POST", self._urls[name], content=body) as answer:
                data = b""
                for chunk in answer.iter_bytes():
                    data += chunk
                    if len(data) > MAX_REQUEST_BYTES:
                        break
                return Reply(answer.status_code, answer.headers.get("content-type", ""), data)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(
                Reason.BUSY, where=name, detail=f"the witness cannot be reached: {error}"
            ) from None
