"""What each case against the log consists of, and a test of each part.

`test[id]` is one row of a test's table. A part whose test is gone stops the making of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

PARTS: Mapping[int, Mapping[str, str]] = {
    1: {
        "a byte flipped": "a_byte_flipped",
        "an entry replaced": "an_entry_replaced",
        "its leaf hash fixed up": "its_leaf_hash_fixed_up",
        "a hash of the tree alone": "a_node_alone",
        "the whole right spine recomputed": "the_whole_right_spine_recomputed",
        "and signed by another key": "the_spine_signed_by_another_key",
        "and signed by the stolen key": "the_spine_signed_by_the_stolen_key",
        "in Chromium": "attacked_logs_in_the_browser",
        "nothing is signed on top of it": "nothing_is_signed_on_top_of_a_touched_log",
    },
    2: {
        "deleted": "deleted",
        "deleted and the rest renumbered": "deleted_and_renumbered",
        "duplicated": "duplicated",
        "reordered": "reordered",
        "swapped under their numbers": "swapped_under_their_numbers",
        "inserted in the past": "inserted_in_the_past",
        "`INSERT OR REPLACE` in a journal": "tables_refuse_to_be_rewritten",
        "`INSERT OR REPLACE` in the control plane": "entries_are_guarded_against_accidents",
        "`INSERT OR REPLACE` in a witness's memory": "the_memory_of_a_witness_refuses_to_go_back",
    },
    3: {
        "the tail cut": "the_tail_cut",
        "cut with head and checkpoint; the log alone": (
            "a_perfect_rollback_alone_cannot_be_known"
        ),
        "the same, and an older receipt or monitor": "a_perfect_rollback_and_a_memory",
        "a forged memory": "a_memory_that_is_forged_proves_no_rollback",
        "the same, and a witness": "a_log_that_went_back_is_named",
    },
    4: {
        "an old backup, continued": "a_backup_restored_and_continued",
        "two signed checkpoints show it": (
            "a_restored_backup_is_shown_by_two_signed_checkpoints"
        ),
        "a witness refuses it": "a_log_that_goes_on_from_a_restored_backup_is_a_fork",
        "a bank that went back": "a_rolled_back_bank_is_refused_at_hello_and_kept_as_evidence",
        "an image of a bank's disk": "an_image_that_was_continued_is_a_fork",
    },
    5: {
        "another tree for this auditor": "another_tree_for_this_auditor",
        "two auditors compare": "two_auditors_compare_what_they_were_shown",
        "a monitor keeps the evidence": (
            "another_tree_for_this_auditor_is_a_fork_with_evidence"
        ),
    },
    6: {
        "forged signature": "signatures[a bit of s]",
        "wrong key with the same name": "signatures[wrong key, same name]",
        "key with the same name and id": "signatures[same name and key id, another key]",
        "R of low order": "signatures[R of low order]",
        "keys of low order": "every_spelling_of_a_small_order_key_is_refused",
        "s plus the order": "signatures[s plus the order]",
        "base64 without padding": "malformed_notes[base64 without its padding]",
        "surplus bits of base64": "malformed_notes[surplus bits of base64]",
        "CRLF": "malformed_notes[CRLF]",
        "an extra empty line": "malformed_notes[an empty line behind]",
        "17 signatures": "malformed_notes[17 signatures]",
        "lines of strangers": "lines_of_strangers_do_no_harm",
        "a forged line of a known witness": "a_forged_line_of_a_known_witness",
        "a size with a leading zero, signed": "malformed_notes[a signed leading zero]",
        "extension lines, signed": "malformed_notes[a signed extension line]",
    },
    7: {
        "a cosignature as signature of the log": "a_cosignature_as_signature_of_the_log",
        "a signature of the log as cosignature": "a_signature_of_the_log_as_cosignature",
        "a checkpoint of another origin": "a_checkpoint_of_another_origin",
        "a proof for another index or size": "a_proof_for_another_index_or_size",
        "a node as a leaf": "a_node_as_a_leaf",
        "a node as an entry": "a_node_as_an_entry",
    },
    8: {
        "a hash of 31 bytes": "proofs[31 bytes]",
        "a hash of 33 bytes": "proofs[33 bytes]",
        "a surplus hash": "proofs[a surplus hash]",
        "a missing hash": "proofs[a missing hash]",
        "an index not below the size": "proofs[index at the size]",
        "index 2^63": "proofs[index 2^63]",
        "size 2^63": "a_tree_of_2_63_entries",
        "vectors, by the library and verify.py": "inclusion_vectors",
        "vectors of others": "the_vectors_of_another",
    },
    9: {
        "a replayed batch": "replayed_batch_is_acknowledged_and_stored_once",
        "a gap, and packages out of order": "gap_and_out_of_order_batches_are_refused",
        "the same index with new content": "same_index_with_new_content_is_a_fork",
        "a cloned key": "cloned_key_with_its_own_history_is_a_fork",
        "a truncated upload": "a_truncated_upload_gives_the_packages_that_are_complete",
        "a stale ticket": "a_stale_or_forged_ticket_is_no_ticket",
        "interleaved uploads": "interleaved_uploads_lose_nothing",
        "a crash after storing, before cosigning": (
            "a_crash_after_storing_and_before_cosigning_is_made_good"
        ),
    },
    10: {
        "a time outside its bounds": "a_time_outside_its_bounds_is_suspect",
        "no beacon": "without_beacons_there_is_only_an_upper_bound",
        "an invented beacon": "a_beacon_that_is_none_of_ours_proves_no_time",
        "a counter that falls without a boot": (
            "a_counter_that_falls_without_a_boot_turns_nothing_back"
        ),
        "set back, set forward, 1970, a leap second: suspect or not, never refused": (
            "a_clock_that_contradicts_what_is_proven_is_flagged_and_not_rejected"
        ),
    },
    11: {
        "failed, at every step": "each_step_failed_or_failed_but_persisted[failed]",
        "failed but persisted, at every step": (
            "each_step_failed_or_failed_but_persisted[failed but persisted]"
        ),
        "at every call of a journal": "a_fault_at_any_call_keeps_every_receipt_true",
        "`kill -9` of a bank": "kill_9_takes_back_no_receipt",
        "`kill -9` of the control plane": "every_answer_survives_a_kill",
        "a torn WAL": "a_torn_wal_leaves_a_whole_prefix",
        "a stale `-wal`": "a_stale_wal_beside_a_restored_file_is_no_silent_mixture",
        "a full disk": "a_full_disk_loses_nothing_and_heals",
        "two writers at once": "two_writers_at_once_are_fenced",
        "two sequencers at once": "two_sequencers_at_once",
        "a lease that ends in the middle of a commit": "a_lease_ends_in_the_middle_of_a_commit",
        "logs being moved into segments": "killed_while_moving_nothing_is_half_moved",
    },
    12: {
        "a wrong salt": "disclosures[a wrong salt]",
        "moved from another record": "disclosures[moved from another record]",
        "duplicate names": "disclosures[two for one name]",
        "one that is not in `_sd`": "disclosures[one too many]",
        "a name that collides with `_sd`": "disclosures[the name _sd]",
        "decoys": "decoys_open_nothing",
    },
    13: {
        "database and files": "nothing_names_who_was_erased",
        "a backup": "a_backup_from_before_brings_nobody_back",
        "a restored database": "a_restored_database_forgets_again",
        "proofs of all records hold": "every_proof_holds_and_says_what_is_left",
        "a hold": "a_hold_blocks_the_erasure_until_it_is_lifted",
    },
    14: {
        "a file added": "file_added",
        "removed": "file_removed",
        "renamed": "file_renamed",
        "changed, manifests made anew": "file_changed_and_manifests_made_anew",
        "path traversal, NFC and NFD": "path_traversal_and_unicode_forms",
        "a bomb": "bomb",
        "duplicate and case-folding names": "duplicate_and_case_folding_names",
        "a symbolic link": "link",
        "the verifier itself altered": "the_verifier_itself_altered",
        "in Chromium": "hostile_packs_in_the_browser",
    },
    15: {
        "a record omitted": "record_omitted",
        "shifted bounds": "shifted_bounds",
        "a proof for a part of the range": "proof_for_a_sub_range",
        "two checkpoints mixed": "two_checkpoints_mixed",
    },
    16: {
        "two requests race": "racing_requests_over_two_connections_never_roll_back",
        "the memory fails before the answer": "nothing_is_signed_when_the_memory_fails",
        "`kill -9`": "kill_9_never_takes_a_cosignature_back",
        "the body of a 409": "a_conflict_says_the_size_in_its_own_type",
        "a forged line in our own name": (
            "a_forged_line_in_our_name_does_not_poison_the_memory"
        ),
    },
    17: {
        "over another digest": "token_for_another_digest",
        "an expired certificate": "expired_certificate",
        "an injected certificate": "another_root_and_an_injected_certificate",
        "another extended key usage": "wrong_extended_key_usage",
        "another nonce": "nonce_mismatch",
    },
    18: {
        "superuser in the database": "superuser_sql",
        "superuser with a backup": "superuser_sql_with_a_backup",
        "the key of the log only": "stolen_log_key_only",
        "the key and the database": "stolen_log_key_and_database",
        "everything but the witnesses": "stolen_everything_but_witnesses",
    },
}  # fmt: skip


def rows(files: Iterable[Path]) -> list[str]:
    """The table of all parts; raises `LookupError` for one whose test is gone."""
    texts = [path.read_text(encoding="utf-8") for path in files]
    lines = ["| case | what is tried | test |", "|---|---|---|"]
    for number, parts in PARTS.items():
        for what, told in parts.items():
            test = f"test_audit_{number:02}_{told}"
            if not any(_holds(text, test) for text in texts):
                raise LookupError(f"audit {number}, {what}: {test} is gone")
            lines.append(f"| audit {number} | {what} | `{test}` |")
    return lines


def _holds(text: str, test: str) -> bool:
    name, _, row = test.partition("[")
    is_there = re.search(rf"^ *(?:async )?def {name}\(", text, re.MULTILINE) is not None
    return is_there and (not row or f'"{row.removesuffix("]")}"' in text)
