"""`case.jsonld`: the pack in the words of CASE/UCO 1.4, for tools of examiners.

It says what the pack is (files and hashes), by what authority it was asked for, that making it was
an investigative action, and each hand-over of an item in it: when, from whom to whom, before which
witness. They are the rows of the custody form, and each names its entry. Ids are derived from the
pack's name, so that the same pack is the same graph.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bayward.core.clock import Instant
from bayward.core.ids import CompartmentId, PartyId, PersonId

_SPACE = uuid.UUID("5f0c6f6e-6b8f-5d0e-9a55-6c2f2b1f8a01")
_IDS = tuple(f"{kind.prefix}_" for kind in (CompartmentId, PartyId, PersonId))
_UCO = "https://ontology.unifiedcyberontology.org/uco/"
_CONTEXT = {
    "kb": "http://example.org/kb/",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": f"{_UCO}action/",
    "uco-core": f"{_UCO}core/",
    "uco-identity": f"{_UCO}identity/",
    "uco-location": f"{_UCO}location/",
    "uco-observable": f"{_UCO}observable/",
    "uco-tool": f"{_UCO}tool/",
    "uco-types": f"{_UCO}types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def graph(
    name: str,
    *,
    at: Instant,
    authority: str,
    handed_to: str,
    reason: str,
    files: Mapping[str, str],
    custody: Sequence[Mapping[str, str]] = (),
) -> bytes:
    """The graph of a pack; `files` are SHA-256 in hex by path, `custody` the rows of the form."""

    def one(kind: str, what: str, type_: str, **more: Any) -> dict[str, Any]:
        return {"@id": f"kb:{kind}-{uuid.uuid5(_SPACE, f'{name}/{what}')}", "@type": type_, **more}

    def ref(node: Mapping[str, Any]) -> dict[str, str]:
        return {"@id": node["@id"]}

    tool = one(
        "tool", "tool", "uco-tool:Tool", **{"uco-core:name": "Bayward", "uco-tool:toolType": "log"}
    )
    authorization = one(
        "authorization",
        "authorization",
        "case-investigation:Authorization",
        **{"case-investigation:authorizationIdentifier": authority},
    )
    receiver = one("identity", "receiver", "uco-identity:Identity", **{"uco-core:name": handed_to})
    nodes = [_file(one, path, digest) for path, digest in sorted(files.items())]
    record = one(
        "provenance-record",
        "record",
        "case-investigation:ProvenanceRecord",
        **{
            "uco-core:description": "An evidence pack: a range of a tamper-evident log",
            "case-investigation:exhibitNumber": name,
            "uco-core:object": [ref(node) for node in nodes],
        },
    )
    action = one(
        "investigative-action",
        "action",
        "case-investigation:InvestigativeAction",
        **{
            "uco-core:name": "Export of log entries",
            "uco-core:description": reason,
            "uco-action:endTime": _time(at),
            "uco-action:instrument": ref(tool),
            "uco-action:participant": ref(receiver),
            "uco-action:result": ref(record),
            "case-investigation:relevantAuthorization": ref(authorization),
        },
    )
    moved = _hand_overs(one, custody)
    every = [tool, authorization, receiver, *nodes, record, action, *moved]
    told = {"@context": _CONTEXT, "@graph": every}
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def _hand_overs(one: Any, custody: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Items, who and where had them, and the actions by which they changed hands."""
    parties: dict[str, dict[str, Any]] = {}
    items: dict[str, dict[str, Any]] = {}
    actions = []

    def party(row: Mapping[str, str], field: str) -> dict[str, str]:
        name, ref = row[field], row[f"{field}_id"]
        who = ref if ref.startswith(_IDS) else name
        if who not in parties:
            is_place = who.startswith(f"{CompartmentId.prefix}_")
            kind = "uco-location:Location" if is_place else "uco-identity:Identity"
            slug = "location" if is_place else "identity"
            told = {"uco-core:name": name}
            if who != name:  # the name is the control plane's word, the id the entry's
                told["uco-core:description"] = f"{who} in the log"
            parties[who] = one(slug, f"party {who}", kind, **told)
        return {"@id": parties[who]["@id"]}

    for row in custody:
        if not row["released_by"] and not row["received_by"]:
            continue
        label = row["item"]
        if label not in items:
            told = {"uco-core:description": row["description"] or "An item in custody"}
            told |= {"case-investigation:exhibitNumber": label}
            kind = "case-investigation:ProvenanceRecord"
            items[label] = one("provenance-record", f"item {label}", kind, **told)
        members: dict[str, Any] = {
            "uco-core:name": row["what"],
            "uco-core:description": f"Entry {row['entry']} of {row['log']}",
            "uco-action:endTime": {"@type": "xsd:dateTime", "@value": _from_text(row["time_utc"])},
            "uco-action:object": {"@id": items[label]["@id"]},
        }
        if row["released_by"]:
            members["uco-action:performer"] = party(row, "released_by")
        others = [party(row, name) for name in ("received_by", "witness") if row[name]]
        if others:
            members["uco-action:participant"] = others
        place = f"row {label} {row['log']} {row['entry']}"
        kind = "case-investigation:InvestigativeAction"
        actions.append(one("investigative-action", place, kind, **members))
    return [*items.values(), *parties.values(), *actions]


def _from_text(time: str) -> str:
    """`2026-11-18 11:06:40 UTC` as XML Schema writes it."""
    return time.removesuffix(" UTC").replace(" ", "T") + "+00:00"


def _file(one: Any, path: str, digest: str) -> dict[str, Any]:
    sum_ = one(
        "hash",
        f"hash of {path}",
        "uco-types:Hash",
        **{
            "uco-types:hashMethod": "SHA256",
            "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": digest},
        },
    )
    named = {"uco-observable:fileName": path.rpartition("/")[2], "uco-observable:filePath": path}
    name = one("file-facet", f"name of {path}", "uco-observable:FileFacet", **named)
    content = one(
        "content-data-facet",
        f"content of {path}",
        "uco-observable:ContentDataFacet",
        **{"uco-observable:hash": [sum_]},
    )
    made: dict[str, Any] = one(
        "file", path, "uco-observable:File", **{"uco-core:hasFacet": [name, content]}
    )
    return made


def _time(at: Instant) -> dict[str, str]:
    told = datetime.fromtimestamp(at / 1000, tz=UTC).isoformat(timespec="milliseconds")
    return {"@type": "xsd:dateTime", "@value": told}
