// @ts-check
/** `<screen-keys for="input id">`: letters and digits on a screen without a keyboard. */

const TALL = ["1234567890", "QWERTYUIOP", "ASDFGHJKL<", "ZXCVBNM-_"];
const WIDE = ["1234567890-_<", "ABCDEFGHIJKLM", "NOPQRSTUVWXYZ"]; // four rows do not fit a low screen
const NAMES = { "<": "erase", _: "space" };
const FACES = { "<": "⌫", _: "␣" };

export class ScreenKeys extends HTMLElement {
  connectedCallback() {
    if (this.childElementCount) return;
    this.className = "screen-keys";
    const rows = window.matchMedia("(orientation: landscape)").matches ? WIDE : TALL;
    this.append(...rows.map((row) => {
      const line = document.createElement("div");
      line.append(...[...row].map((sign) => this.#key(FACES[sign] ?? sign, NAMES[sign] ?? sign)));
      return line;
    }));
  }

  /** @param {string} face @param {string} does */
  #key(face, does) {
    const key = document.createElement("button");
    key.type = "button";
    key.className = "key";
    key.textContent = face;
    key.setAttribute("aria-label", does);
    key.addEventListener("click", () => this.#press(does));
    return key;
  }

  /** @param {string} does */
  #press(does) {
    const input = document.getElementById(this.getAttribute("for") ?? "");
    if (!(input instanceof HTMLInputElement)) return;
    const letter = does === "space" ? " " : does;
    input.value = does === "erase" ? input.value.slice(0, -1) : (input.value + letter).slice(0, input.maxLength);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

customElements.define("screen-keys", ScreenKeys);
