"""The directory of a bank in pages that fit a frame, and put together again."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bayward.core.errors import LimitExceeded
from bayward.wire import limits
from bayward.wire.errors import RemoteProtocolError
from bayward.wire.messages import Directory, Recipient


def directory_pages(revision: int, recipients: Sequence[Recipient]) -> list[Directory]:
    """Cut a directory; an empty one is one empty page.

    Raises `LimitExceeded("directory.recipients")` beyond `RECIPIENTS_MAX`.
    """
    total = len(recipients)
    if total > limits.RECIPIENTS_MAX:
        raise LimitExceeded("directory.recipients", limit=limits.RECIPIENTS_MAX)
    pages: list[Directory] = []
    first = 0
    while first < total or not pages:
        count = _fitting(recipients[first : first + limits.RECIPIENTS_PER_PAGE_MAX])
        page = list(recipients[first : first + count])
        pages.append(Directory(revision=revision, total=total, first=first, recipients=page))
        first += count
    return pages


class Collector:
    """Puts pages together; pages of one revision come in order, a first page starts anew."""

    def __init__(self) -> None:
        self._revision = 0
        self._found: list[Recipient] | None = None

    def take(self, page: Directory) -> tuple[Recipient, ...] | None:
        """The whole directory with its last page, until then None.

        Raises `RemoteProtocolError("link.page")` for a page out of order.
        """
        if page.first == 0:
            self._revision, self._found = page.revision, []
        found = self._found
        if found is None or page.revision != self._revision or page.first != len(found):
            raise RemoteProtocolError("link.page", first=page.first)
        found += page.recipients
        if len(found) > page.total or (not page.recipients and len(found) < page.total):
            raise RemoteProtocolError("link.page", first=page.first)
        if len(found) < page.total:
            return None
        self._found = None
        return tuple(found)


def _fitting(recipients: Sequence[Recipient]) -> int:
    """How many of these fit one page; a single one always does."""
    room = limits.PAGE_BYTES_MAX
    for count, one in enumerate(recipients):
        room -= len(msgspec.json.encode(one, enc_hook=str)) + 1
        if room < 0:
            return count
    return len(recipients)
