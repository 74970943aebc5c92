// @ts-check
/** `<pass-digits parcel="prc_…" label="…">`: the code of a parcel, which only this phone knows.
 *
 * It comes once behind `#c=` in the link of the message, is kept in this browser for this parcel,
 * and is taken out of the address at once, so that it stands in no history and no screenshot of
 * the address bar. `forget` erases it when the parcel is gone. The QR is the signed pass where the
 * page has one, and the digits otherwise. */

import { generate } from "../vendor/lean-qr.mjs";

const QUIET_MODULES = 4;

export class PassDigits extends HTMLElement {
  connectedCallback() {
    const name = `pass:${this.getAttribute("parcel")}`;
    const fresh = new URLSearchParams(location.hash.slice(1)).get("c")?.replace(/\D/g, "") ?? "";
    if (fresh) history.replaceState(null, "", location.pathname + location.search);
    if (this.hasAttribute("forget")) return localStorage.removeItem(name);
    if (fresh) localStorage.setItem(name, fresh);
    const digits = localStorage.getItem(name);
    if (digits) this.#show(digits);
  }

  /** @param {string} digits */
  #show(digits) {
    const canvas = this.querySelector("canvas"); // only where no signed pass is drawn
    if (canvas) {
      generate(digits).toCanvas(canvas, { on: [11, 16, 23, 255], off: [255, 255, 255, 255], pad: QUIET_MODULES });
      canvas.setAttribute("aria-label", this.getAttribute("label") ?? "");
      canvas.hidden = false;
    }
    const text = /** @type {HTMLElement} */ (this.querySelector(".digits"));
    text.textContent = digits.replace(/(\d{4})(?=\d)/g, "$1 ");
    text.hidden = false;
    /** @type {HTMLElement} */ (this.querySelector(".missing")).hidden = true;
  }
}

customElements.define("pass-digits", PassDigits);
