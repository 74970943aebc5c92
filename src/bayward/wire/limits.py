"""Every limit of the link, with its reason.

The largest frame decides the rest: an upload of `UPLOAD_BYTES_MAX` with its checkpoint, its proof
and its envelope must fit `FRAME_BYTES_MAX`, and so must the layout of a bank of
`COMPARTMENTS_MAX` doors and readings of all of them (`tests/wire/test_messages.py` measures it).
Numbers of bytes are bytes of JSON in UTF-8.
"""

from __future__ import annotations

from bayward.core.clock import MINUTE_MS, SECOND_MS
from bayward.ledger.proof import HASHES_MAX

FRAME_BYTES_MAX = 64 * 1024  # what either side buffers per frame; photos never go by the link

# One upload.
UPLOAD_ENTRIES_MAX = 128  # bounds one transaction of the control plane
UPLOAD_BYTES_MAX = 48 * 1024  # entries and letters; leaves room for checkpoint and proof
UPLOAD_LETTERS_MAX = 64
PROOF_HASHES_MAX = HASHES_MAX  # a tree of 2^63 leaves
NOTE_CHARS_MAX = 4 * 1024  # three lines and some sixteen signatures of P-256
LEAF_CHARS_MAX = 12 * 1024  # 256 digests (ledger.leaf), more than an event has
DISCLOSURES_MAX = 64  # twice the fields of an event

# A bank and what it shows.
COMPARTMENTS_MAX = 200  # a larger wall is two banks; its layout must fit one frame
LOCKDOWNS_MAX = COMPARTMENTS_MAX + 1  # each door and the bank
NAME_CHARS_MAX = 120
FIRMWARE_CHARS_MAX = 64
ORIGIN_CHARS_MAX = 255  # ledger.keys.NAME_CHARS_MAX
VERSIONS_MAX = 8  # two are supported at a time; the rest is a neighbour's future
EPOCH_CHARS = 26  # 128 random bits in base32: nobody guesses the nonce of a connection

# What the control plane gives.
WITNESS_KEYS_MAX = 4  # Ed25519 and ML-DSA-44, today's and the next
VKEY_CHARS_MAX = 2_200  # a name of 255, eight hex digits, ML-DSA's 1,312 bytes in base64
ISSUERS_MAX = 16  # keys overlap for a month; more is a mistake
SPKI_BYTES_MAX = 256  # P-256 has 91
KEY_BYTES_MAX = 256
RECIPIENTS_MAX = 20_000  # of one bank: bounds the memory of its directory
RECIPIENTS_PER_PAGE_MAX = 256
PAGE_BYTES_MAX = 48 * 1024
UNIT_CHARS_MAX = 40

# Commands.
REASON_CHARS_MAX = 500  # core.events.TEXT_CHARS_MAX
CARRIER_CHARS_MAX = 64
PRESENCE_CHARS_MAX = 16
RESULT_CHARS_MAX = 64
FACT_CHARS_MAX = 255  # text in an error frame

# Flow.
UPLOADS_IN_FLIGHT_MAX = 4  # hides a round trip and a commit; more only queues in the cloud
COMMANDS_IN_FLIGHT_MAX = 8  # a bank opens one door at a time; this bounds what may be overdue
CALLS_IN_FLIGHT_MAX = 32  # all kinds together

# Time.
ANSWER_MS = 20 * SECOND_MS  # hello, heartbeat, layout, directory: no commit takes longer
UPLOAD_ANSWER_MS = 60 * SECOND_MS  # may wait behind a busy database
HEARTBEAT_MS_MIN = 25 * SECOND_MS  # below the usual 60 s of NAT and load balancers,
HEARTBEAT_MS_MAX = 50 * SECOND_MS  # drawn between the two so that a fleet does not beat in step
SILENCE_MS_MAX = 2 * HEARTBEAT_MS_MAX + ANSWER_MS  # the control plane gives a bank up after this
RETRY_AFTER_MS_MAX = 60 * SECOND_MS  # a busy control plane may not silence a bank for longer
OFFER_AGAIN_MS = 10 * MINUTE_MS  # entries that were refused for good; somebody may have mended it
TENANT_LOG_MS = (
    15 * MINUTE_MS
)  # how old a quiet bank's beacon is at the most; four questions an hour
READINGS_MS_MIN = 500  # a door that rattles is not news ten times a second
