// @ts-check
/** `<verify-receipt>`: takes a receipt (pasted, dropped or chosen), checks it here, and says the
 * outcome in the words that stand ready in the page's `<template data-…>` attributes. */

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
    text.value = await file.text();
    await this.#check(text.value);
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
    const known = new Map([...document.querySelectorAll("[data-vkey]")].map((item) => [
      /** @type {HTMLElement} */ (item).dataset.vkey ?? "", /** @type {HTMLElement} */ (item).dataset.name ?? "",
    ]));
    const found = await Bayward.verifyReceipt(text);
    if (!found.parts) {
      this.#say("bad", [], {}); // not a receipt at all
      return;
    }
    const name = known.get(found.vkey);
    const steps = [
      { key: "leaf", is_good: found.parts.leaf },
      { key: "path", is_good: found.parts.path, n: found.steps },
      { key: "signature", is_good: found.parts.signature },
      { key: "known", is_good: name !== undefined, name: name ?? found.origin },
    ];
    const isAlone = found.unexamined.includes("chain");
    this.#say(!found.ok ? "bad" : name === undefined ? "unknown_log" : "good", steps, found.fields, isAlone);
  }

  /** @param {string} verdict @param {{key: string, is_good: boolean, n?: number, name?: string}[]} steps @param {Record<string, unknown>} fields @param {boolean} isAlone */
  #say(verdict, steps, fields, isAlone = false) {
    const box = /** @type {HTMLElement} */ (this.querySelector(".verdict"));
    const title = document.createElement("h2");
    title.textContent = this.#word(verdict);
    const list = document.createElement("ul");
    list.append(...steps.map((step) => {
      const item = document.createElement("li");
      item.textContent = this.#word(`step_${step.key}`).replace("{n}", String(step.n)).replace("{name}", step.name ?? "");
      item.toggleAttribute("data-bad", !step.is_good);
      return item;
    }));
    const entry = document.createElement("pre");
    entry.tabIndex = 0;
    entry.textContent = JSON.stringify(fields, null, 2);
    const open = ["good", "unknown_log"].includes(verdict) ? ["not_truth", ...(verdict === "good" ? [] : ["not_key"]), ...(isAlone ? ["not_above"] : [])] : [];
    const notes = open.map((key) => {
      const note = document.createElement("p");
      note.textContent = this.#word(key);
      return note;
    });
    box.replaceChildren(title, list, ...notes, ...(Object.keys(fields).length ? [entry] : []));
    box.dataset.verdict = verdict;
    box.hidden = false;
    box.focus();
  }

  /** @param {string} key */
  #word(key) {
    return this.querySelector(`[data-word="${key}"]`)?.textContent ?? key;
  }
}

const RECEIPT_BYTES_MAX = 1024 * 1024;

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
