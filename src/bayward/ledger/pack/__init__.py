"""The evidence pack: part of a log, whole within its bounds, for people who were not there.

A pack is a BagIt 1.0 bag (RFC 8493), as a folder or the same tree in a ZIP. Pure bytes in and
bytes out, like all of this library.

    archive     the ZIP: written one way, read with suspicion
    bag         manifests: that no file was added, removed or changed
    seal        the signed note over them
    records     the entries of a contiguous range, as lines
    range       the proof that a range is complete
    chain       receipts with which one log vouches for the checkpoint of another
    policy      the keys that are named
    build       the layout
    verify      all of it, with names for what is wrong
"""
