"""A tamper-evident log in the formats of C2SP, as a library of its own.

It imports nothing of Bayward and does no I/O: hashes, notes, proofs and verdicts are computed
from values; salts, keys and times come in as arguments.

    merkle, dense       the tree: hashing and verifying; storing and proving
    keys, note          verifier keys and signed notes
    checkpoint, proof   what a log says of itself, and that an entry is in it
    cosignature         what others sign about it
    witness             who remembers a log, and signs only what continues it
    subtree             a witness's word on a part of a tree
    mirror, upload      who keeps a log's entries, and how they get there
    policy              whom to trust, and how many of them
    tiles, proven       the log as static files, and how to read them without trust
    leaf                entries as salted commitments that can be opened field by field
    log                 appending, over a store that commits
    receipt, export     the two documents people hold in their hands
    pack                evidence: a range of a log, complete, sealed, with its papers
    standalone          verifiers in one file each, for people who have nothing of ours
    verify, verdict     what is wrong with them, by name

Who can change what: the store of hashes and entries is *not* trusted, since everything read
from it is checked against a signed checkpoint. The signing key is trusted not to sign two
logs under one name; witnesses, and anybody who kept an old checkpoint, find out if it does.
"""
