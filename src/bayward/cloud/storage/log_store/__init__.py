"""How logs are kept, and the sequencer that lets many clients of many logs share a commit.

    segment     the bytes all keep: what one commit adds, as one row and its hashes
    tables      the statements for SQLite, in the transaction of whoever asks
    logs        what a store of many logs promises
    sqlite      one file, one writer
    postgres    a server, several writers of which the head lets one through
    one_call    a statement of PostgreSQL without psycopg's steps
    sequencer   group commit over either
    sealers     processes that seal events for it, where that is asked for

The control plane uses `tables` inside its own transactions (`cloud.audit.store`), because there an
event, its entry and all that it causes are one. The stores are for programs whose log stands by
itself, and for several writers. They share a protocol and the form of the bytes, no code that talks
to a database: what is right for one would be a compromise for the other.

Their guards stop accidents, and programs that mean well. Who owns the file, or the database,
gets past them; that shows, since everything read is checked against a signed checkpoint.
"""
