"""The word of the receipt, from what the journal has just made durable.

The entry is in the log under a signed checkpoint before anybody is shown anything, so the bank
needs nobody to say where its receipt is to be had.
"""

from __future__ import annotations

from bayward.core.ids import CompartmentId
from bayward.edge.agent import ReceiptWord
from bayward.edge.journal import Receipt
from bayward.wire import receipt_word


def newest_word(written: Receipt, origin: str) -> ReceiptWord | None:
    """The word of the last deposit or collection in it; None when there is none."""
    for event, disclosures in zip(
        reversed(written.events), reversed(written.disclosures), strict=True
    ):
        raw = receipt_word.word_of(event.type, origin, disclosures)
        if raw is not None:
            return ReceiptWord(CompartmentId(event.compartment or ""), receipt_word.spell(raw))
    return None
