"""The HTTP client of the calls: no answer may take longer than the timeout, however slowly it arrives.

Imported at the first call, like stripe itself.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import stripe

CHUNK_BYTES = 64 * 1024


class BoundedClient(stripe.RequestsClient):
    """Stripe's client with a limit on the whole answer: its own timeout starts again with every byte."""

    def request(  # type: ignore[override]  # its base class says str for bytes
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        raw, status, answered = self.request_stream(method, url, headers, post_data)
        _to_connect, to_read = self._timeout if isinstance(self._timeout, tuple) else (0.0, self._timeout)
        try:
            body = b"".join(_pieces(raw, time.monotonic() + to_read))
        except Exception as error:
            raw.close()
            raise stripe.APIConnectionError(f"The answer did not arrive: {error}") from error  # type: ignore[no-untyped-call]
        raw.release_conn()
        return body, status, answered


def _pieces(raw: Any, deadline: float) -> Iterator[bytes]:
    """Yield what arrives of an answer; raise TimeoutError once it takes too long."""
    while piece := raw.read1(CHUNK_BYTES, decode_content=True):
        yield piece
        if time.monotonic() > deadline:
            raise TimeoutError("it is too slow")
