// @ts-check
/** `<code-field digits="8">`: a real input under drawn cells, and a keypad of real buttons.
 *
 * All digits but the last are masked, and the last one too after a moment: eyes stand behind
 * you in a lobby. Physical keyboards and paste work because the input is real. What is typed is
 * forgotten after `FORGET_MS` without a touch. */

const SHOW_MS = 1500;
const FORGET_MS = 20_000;

export class CodeField extends HTMLElement {
  /** @type {number | undefined} */ #hide;
  /** @type {number | undefined} */ #forget;

  connectedCallback() {
    const input = this.#input();
    input.addEventListener("input", () => this.#changed());
    input.addEventListener("focus", () => input.setSelectionRange(input.value.length, input.value.length));
    this.addEventListener("click", (event) => {
      const key = /** @type {Element} */ (event.target).closest("[data-key]");
      if (key instanceof HTMLElement) this.#press(key.dataset.key ?? "");
    });
    this.#changed();
  }

  get digits() {
    return Number(this.getAttribute("digits"));
  }

  #input() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input"));
  }

  /** @param {string} key */
  #press(key) {
    const input = this.#input();
    if (key === "clear") input.value = "";
    else if (key === "erase") input.value = input.value.slice(0, -1);
    else input.value += key;
    this.#changed();
  }

  #changed() {
    const input = this.#input();
    const typed = input.value.replace(/\D/g, "").slice(0, this.digits);
    if (input.value !== typed) input.value = typed;
    this.#draw(typed, true);
    window.clearTimeout(this.#hide);
    window.clearTimeout(this.#forget);
    if (typed) {
      this.#hide = window.setTimeout(() => this.#draw(typed, false), SHOW_MS);
      this.#forget = window.setTimeout(() => this.#press("clear"), FORGET_MS);
    }
    const status = this.querySelector("[data-typed]");
    if (status) status.textContent = typed ? (this.getAttribute("typed") ?? "").replace("#", String(typed.length)) : "";
    const go = /** @type {HTMLButtonElement | null} */ (this.querySelector("[data-go]"));
    if (go) go.disabled = typed.length !== this.digits;
  }

  /** @param {string} typed @param {boolean} showsLast */
  #draw(typed, showsLast) {
    this.querySelectorAll(".code-cells i").forEach((cell, place) => {
      const isLast = place === typed.length - 1;
      cell.textContent = place >= typed.length ? "" : isLast && showsLast ? typed[place] : "•";
      cell.classList.toggle("now", place === typed.length);
    });
  }
}

customElements.define("code-field", CodeField);
