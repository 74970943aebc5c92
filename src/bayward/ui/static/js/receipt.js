// @ts-check
/** Checks a receipt of `bayward.ledger.receipt` with nothing but WebCrypto: salted commitments
 * open the leaf, the leaf leads to the root of the tree (RFC 9162 §2.1.3.2), the root is signed
 * in a C2SP checkpoint. Refuses every spelling but the canonical one, as the ledger does. */

const ED25519 = 1;
const ECDSA_P256 = 2;
const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const encoder = new TextEncoder();

/** @typedef {{key: string, is_good: boolean, n?: number, name?: string}} Step */
/** @typedef {{steps: Step[], fields: Record<string, unknown>, origin: string}} Verdict */

/** Checks a receipt; `known` maps verifier keys to names. Throws on a malformed receipt.
 * @param {string} text @param {Map<string, string>} known @returns {Promise<Verdict>} */
export async function check(text, known) {
  const receipt = JSON.parse(text);
  if (receipt.v !== 1 || receipt.kind !== "bayward-receipt") throw new Error("not a receipt");
  const leaf = base64(receipt.leaf);
  const { fields, isOpen } = await open(leaf, receipt.disclosures);
  const proof = parseProof(receipt.tlog_proof);
  const { signed, origin, size, root, signatures } = parseCheckpoint(proof.checkpoint);
  const computed = await rootFrom(leaf, proof.index, size, proof.hashes);
  const key = parseKey(receipt.vkey);
  const name = known.get(receipt.vkey);
  return {
    origin,
    fields: isOpen ? fields : {},
    steps: [
      { key: "leaf", is_good: isOpen },
      { key: "path", is_good: same(computed, root), n: proof.hashes.length },
      { key: "signature", is_good: key.name === origin && (await isSigned(signed, key, signatures)) },
      { key: "known", is_good: name !== undefined, name: name ?? origin },
    ],
  };
}

/** @param {Uint8Array} leaf @param {string[]} disclosures */
async function open(leaf, disclosures) {
  /** @type {Record<string, unknown>} */
  const fields = {};
  const committed = new Set(JSON.parse(new TextDecoder().decode(leaf))._sd);
  let isOpen = true;
  for (const disclosure of disclosures) {
    const digest = base64url(await sha256(encoder.encode(disclosure)));
    const [, name, value] = JSON.parse(new TextDecoder().decode(base64(disclosure.replace(/-/g, "+").replace(/_/g, "/"), false)));
    isOpen &&= committed.has(digest) && !(name in fields);
    fields[name] = value;
  }
  return { fields, isOpen };
}

/** @param {string} text */
function parseProof(text) {
  const cut = text.indexOf("\n\n");
  const lines = text.slice(0, cut).split("\n");
  if (cut < 0 || lines.shift() !== PROOF_HEADER) throw new Error("not a proof");
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const index = decimal(lines.shift()?.match(/^index (.*)$/)?.[1]);
  return { index, hashes: lines.map((line) => base64(line)), checkpoint: text.slice(cut + 2) };
}

/** @param {string} note */
function parseCheckpoint(note) {
  const cut = note.lastIndexOf("\n\n");
  const signed = note.slice(0, cut + 1);
  const [origin, size, root, ...rest] = signed.split("\n");
  if (cut < 0 || rest.length !== 1 || rest[0]) throw new Error("not a checkpoint");
  const signatures = note.slice(cut + 2).split("\n").filter(Boolean).map((line) => {
    const [dash, name, data] = line.split(" ");
    if (dash !== "—" || !data) throw new Error("not a signature line");
    const raw = base64(data);
    return { name, id: hex(raw.slice(0, 4)), blob: raw.slice(4) };
  });
  return { signed, origin, size: decimal(size), root: base64(root), signatures };
}

/** @param {Uint8Array} leaf @param {number} index @param {number} size @param {Uint8Array[]} hashes */
async function rootFrom(leaf, index, size, hashes) {
  if (index >= size) return new Uint8Array();
  let [at, last] = [index, size - 1];
  let root = await sha256(join([0], leaf));
  for (const hash of hashes) {
    if (last === 0) return new Uint8Array();
    if (at % 2 === 1 || at === last) {
      root = await sha256(join([1], hash, root));
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      root = await sha256(join([1], root, hash));
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 ? root : new Uint8Array();
}

/** @param {string} vkey */
function parseKey(vkey) {
  const [, name, id, data] = vkey.match(/^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/) ?? [];
  const raw = base64(data ?? "");
  return { name, id, kind: raw[0], bytes: raw.slice(1) };
}

/** @param {string} text @param {ReturnType<typeof parseKey>} key
 * @param {{name: string, id: string, blob: Uint8Array}[]} signatures */
async function isSigned(text, key, signatures) {
  if ((await keyId(key)) !== key.id) return false;
  const line = signatures.find((one) => one.name === key.name && one.id === key.id);
  if (!line) return false;
  const message = encoder.encode(text);
  if (key.kind === ED25519) {
    const imported = await crypto.subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]);
    return crypto.subtle.verify("Ed25519", imported, line.blob, message);
  }
  if (key.kind !== ECDSA_P256) return false;
  const imported = await crypto.subtle.importKey("spki", key.bytes, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, imported, fromDer(line.blob), message);
}

/** @param {{name: string, kind: number, bytes: Uint8Array}} key */
async function keyId(key) {
  const head = key.kind === ECDSA_P256 ? new Uint8Array() : join(encoder.encode(`${key.name}\n`), [key.kind]);
  return hex((await sha256(join(head, key.bytes))).slice(0, 4));
}

/** An ECDSA signature in DER as the 64 bytes WebCrypto wants.
 * @param {Uint8Array} der */
function fromDer(der) {
  const length = der[3];
  const parts = [der.slice(4, 4 + length), der.slice(6 + length)];
  return join(...parts.map((part) => {
    const number = part.slice(Math.max(0, part.length - 32));
    return join(new Uint8Array(32 - number.length), number);
  }));
}

/** @param {string | undefined} text */
function decimal(text) {
  if (!text || !/^(0|[1-9]\d{0,15})$/.test(text)) throw new Error("not a number");
  return Number(text);
}

/** @param {string} text @param {boolean} isPadded */
function base64(text, isPadded = true) {
  const raw = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const again = btoa(String.fromCharCode(...raw));
  if ((isPadded ? again : again.replace(/=+$/, "")) !== text) throw new Error("not canonical base64");
  return raw;
}

/** @param {Uint8Array} raw */
function base64url(raw) {
  return btoa(String.fromCharCode(...raw)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {Uint8Array} raw */
const hex = (raw) => [...raw].map((byte) => byte.toString(16).padStart(2, "0")).join("");
/** @param {number} n */
const half = (n) => Math.floor(n / 2);
/** @param {BufferSource} bytes */
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
/** @param {(ArrayLike<number>)[]} parts */
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...Array.from(part)]));
/** @param {Uint8Array} a @param {Uint8Array} b */
const same = (a, b) => a.length === b.length && a.every((byte, place) => byte === b[place]);
