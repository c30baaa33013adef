"""A whole, consistent copy of an installation, made while the server runs, and put back.

    stand still (facts, events, erasures) → cut (a snapshot of each SQLite file or of PostgreSQL) → copy the event
    store's file → go on → copy from the snapshots → copy the files → see that the parts fit → manifest, last

A folder without a manifest is no backup: whoever is killed on the way leaves one that is refused.
"""


class BackupError(RuntimeError):
    """The backup cannot be made or put back; the message says why, and what to do."""
