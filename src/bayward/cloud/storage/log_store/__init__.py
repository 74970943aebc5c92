"""Two stores for `bayward.ledger.log`, and the sequencer that lets many clients share a commit.

    segment     the bytes both keep: what one commit adds, as one row and its hashes
    sqlite      one file, one writer
    postgres    a server, several writers of which the head lets one through
    sequencer   group commit over either

The stores share the protocol `bayward.ledger.log.Store` and the form of the bytes, no code that
talks to a database: what is right for one would be a compromise for the other.

Their guards stop accidents, and programs that mean well. Who owns the file, or the database,
gets past them; that shows, since everything read is checked against a signed checkpoint.
"""
