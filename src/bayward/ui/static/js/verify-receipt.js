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
    this.#say(!found.ok ? "bad" : name === undefined ? "unknown_log" : "good", steps, found.fields);
  }

  /** @param {string} verdict @param {{key: string, is_good: boolean, n?: number, name?: string}[]} steps @param {Record<string, unknown>} fields */
  #say(verdict, steps, fields) {
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
    box.replaceChildren(title, list, ...(Object.keys(fields).length ? [entry] : []));
    box.dataset.verdict = verdict;
    box.hidden = false;
    box.focus();
  }

  /** @param {string} key */
  #word(key) {
    return this.querySelector(`[data-word="${key}"]`)?.textContent ?? key;
  }
}

customElements.define("verify-receipt", VerifyReceipt);
