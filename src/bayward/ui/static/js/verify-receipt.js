// @ts-check
/** `<verify-receipt>`: takes a receipt (pasted, dropped or chosen), checks it here, and says the
 * outcome in the words that stand ready in the page. The server is asked for the keys of the logs
 * that the receipt names, by their origins; of the receipt itself it learns nothing. */

import "./relative-time.js";
import Bayward from "./verifier.js"; // the one in verify.html

export class VerifyReceipt extends HTMLElement {
  connectedCallback() {
    const text = /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
    const file = /** @type {HTMLInputElement} */ (this.querySelector("input[type=file]"));
    this.querySelector("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#check(text.value);
    });
    file.addEventListener("change", async () => this.#take(text, file.files?.[0]));
    this.#fromLink(text);
    text.addEventListener("dragover", (event) => event.preventDefault());
    text.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.#take(text, event.dataTransfer.files[0]);
    });
  }

  /** @param {HTMLTextAreaElement} text @param {File | undefined} file */
  async #take(text, file) {
    if (!file) return;
    const raw = new Uint8Array(await file.arrayBuffer());
    const isZip = raw[0] === 0x50 && raw[1] === 0x4b;
    text.value = isZip ? "" : new TextDecoder().decode(raw.subarray(0, RECEIPT_BYTES_MAX + 1));
    if (isZip) this.#say({ verdict: "bad", title: "is_pack" });
    else await this.#check(text.value);
  }

  /** A receipt that came in the fragment of a scanned link; it was not sent to anybody.
   * @param {HTMLTextAreaElement} text */
  async #fromLink(text) {
    const told = new URLSearchParams(location.hash.slice(1)).get("r");
    if (!told || !/^[\w-]+$/.test(told)) return;
    try {
      const raw = Uint8Array.from(atob(told.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
      const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
      text.value = await bounded(stream.getReader());
    } catch {
      text.value = told; // no receipt, and is said to be none
    }
    await this.#check(text.value);
  }

  /** @param {string} text */
  async #check(text) {
    let found = await Bayward.verifyReceipt(text);
    if (!found.parts) {
      this.#say({ verdict: "bad", title: text.slice(0, 200).includes('"bayward-log"') ? "is_log" : "is_none" });
      return;
    }
    const known = await keysOf([found.origin, ...found.chain.map((/** @type {Link} */ one) => one.origin)]);
    const own = known.find((log) => log.vkey === found.vkey);
    // With the keys that this server knows, what the logs above say is known to be theirs.
    if (own) found = await Bayward.verifyReceipt(text, known.map((log) => Bayward.parseKey(log.vkey)));
    const steps = [
      step("leaf", found.parts.leaf ? "" : "bad"),
      step("path", found.parts.path ? "" : "bad", found.steps),
      step("signature", found.parts.signature ? "" : "bad"),
      own ? step("known", "", 0, own.name) : step("unknown", "open", 0, found.origin),
      ...found.chain.map((/** @type {Link} */ one) => {
        const name = known.find((log) => log.origin === one.origin)?.name;
        const told = name ? `${name} (${one.origin})` : one.origin;
        return step("above", one.trust === "trusted" ? "" : "open", one.size, told);
      }),
    ];
    const verdict = !found.ok ? "bad" : own ? "good" : "unknown_log";
    const open = found.ok ? ["not_truth", ...(own ? [] : ["not_key"]), ...(found.unexamined.includes("chain") ? ["not_above"] : [])] : [];
    this.#say({ verdict, steps, open, fields: found.fields, wrong: found.findings.map(Bayward.said) });
  }

  /** @param {{verdict: string, title?: string, steps?: Step[], open?: string[], fields?: Record<string, unknown>, wrong?: string[]}} told */
  #say({ verdict, title: word = verdict, steps = [], open = [], fields = {}, wrong = [] }) {
    const box = /** @type {HTMLElement} */ (this.querySelector(".verdict"));
    const title = document.createElement("h2");
    title.textContent = this.#word(word);
    const list = document.createElement("ul");
    list.append(...steps.map((step) => {
      const item = document.createElement("li");
      item.textContent = this.#word(`step_${step.key}`).replace("{n}", String(step.n)).replace("{name}", () => step.name);
      if (step.state) item.toggleAttribute(`data-${step.state}`, true);
      return item;
    }));
    const entry = document.createElement("pre");
    entry.tabIndex = 0;
    entry.textContent = JSON.stringify(fields, null, 2);
    const notes = open.map((key) => {
      const note = document.createElement("p");
      note.textContent = this.#word(key);
      return note;
    });
    const faults = wrong.map((told) => Object.assign(document.createElement("code"), { textContent: told }));
    box.replaceChildren(title, list, ...faults, ...notes, ...(Object.keys(fields).length ? [entry] : []));
    box.dataset.verdict = verdict;
    box.hidden = false;
    box.focus();
  }

  /** @param {string} key */
  #word(key) {
    return this.querySelector(`[data-word="${key}"]`)?.textContent ?? key;
  }
}

/** @typedef {{key: string, state: string, n: number, name: string}} Step */
/** @typedef {{origin: string, size: number, trust: string}} Link */
/** @typedef {{origin: string, vkey: string, name: string}} Log */

const RECEIPT_BYTES_MAX = 1024 * 1024;
const LOGS_MAX = 4;
const TOO_MANY = 429, TRIES_MAX = 5, WAIT_S_MAX = 5; // not known and not asked are two things

/** @param {string} key @param {string} state @param {number} n @param {string} name @returns {Step} */
const step = (key, state, n = 0, name = "") => ({ key, state, n, name });

/** The logs of these origins that this server knows: those on the page, and those it is asked for.
 * @param {string[]} origins @returns {Promise<Log[]>} */
async function keysOf(origins) {
  const here = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-vkey]"))].map(({ dataset }) => ({
    origin: (dataset.vkey ?? "").split("+")[0], vkey: dataset.vkey ?? "", name: dataset.name ?? "",
  }));
  const found = here.filter((log) => origins.includes(log.origin));
  const missing = [...new Set(origins)].filter((one) => !found.some((log) => log.origin === one));
  return [...found, ...(await Promise.all(missing.slice(0, LOGS_MAX).map(keyOf))).flat()];
}

/** @param {string} origin @returns {Promise<Log[]>} */
async function keyOf(origin) {
  const parts = origin.split("/");
  if (parts.some((part) => ["", ".", ".."].includes(part))) return [];
  try {
    const path = `/verify/${parts.map(encodeURIComponent).join("/")}`, headers = { Accept: "application/json" };
    let answer = await fetch(path, { headers });
    for (let tries = 1; answer.status === TOO_MANY && tries < TRIES_MAX; tries++) {
      await new Promise((go) => setTimeout(go, 1000 * Math.min(WAIT_S_MAX, Number(answer.headers.get("retry-after")) || 1)));
      answer = await fetch(path, { headers });
    }
    return answer.ok ? (await answer.json()).logs.filter((/** @type {Log} */ log) => log.origin === origin) : [];
  } catch {
    return []; // not known, and said to be that
  }
}

/** What a stream holds, as text, as long as it could be a receipt.
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader */
async function bounded(reader) {
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > RECEIPT_BYTES_MAX) throw new Error("too long");
    text += decoder.decode(value, { stream: true });
  }
}

customElements.define("verify-receipt", VerifyReceipt);
