// @ts-check
/** `<relative-time mode="elapsed|ago" at="ms" now="ms">`: text from the server that goes on by
 * itself, so that an old picture grows old before your eyes. `now` is the server's clock: what
 * counts is how long we have had the text, not what this clock says. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export class RelativeTime extends HTMLElement {
  static observedAttributes = ["at", "now", "mode"];
  /** @type {number | undefined} */ #timer;
  #skew = 0;

  connectedCallback() {
    this.attributeChangedCallback();
    this.#timer = window.setInterval(() => this.#tell(), SECOND);
  }

  disconnectedCallback() {
    window.clearInterval(this.#timer);
  }

  attributeChangedCallback() {
    this.#skew = Date.now() - Number(this.getAttribute("now"));
  }

  #tell() {
    const ms = Math.max(0, Date.now() - this.#skew - Number(this.getAttribute("at")));
    const text = this.getAttribute("mode") === "elapsed" ? elapsed(ms) : ago(ms);
    if (text && this.textContent !== text) this.textContent = text;
  }
}

/** @param {number} ms @returns {string | null} null: the server's text still holds */
function elapsed(ms) {
  if (ms >= HOUR) return null;
  return `${Math.floor(ms / MINUTE)}:${String(Math.floor((ms % MINUTE) / SECOND)).padStart(2, "0")}`;
}

/** @param {number} ms @returns {string | null} */
function ago(ms) {
  if (ms < 3 * SECOND || document.documentElement.lang !== "en") return null;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`;
  return ms < HOUR ? `${Math.floor(ms / MINUTE)} min ago` : null;
}

customElements.define("relative-time", RelativeTime);
