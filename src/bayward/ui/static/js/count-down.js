// @ts-check
/** `<count-down seconds="90" [enables="id"] [go="/path"] [clock] [quiet] [paused]>`: counts to zero, then
 * makes the link with that id usable, or moves on. Says each minute, then 30, 10, to listeners. */

export class CountDown extends HTMLElement {
  /** @type {number | undefined} */ #timer;
  #end = 0;

  connectedCallback() {
    if (!this.hasAttribute("paused")) this.start();
  }

  disconnectedCallback() {
    window.clearInterval(this.#timer);
  }

  start() {
    this.#end = performance.now() + Number(this.getAttribute("seconds")) * 1000;
    window.clearInterval(this.#timer);
    this.#timer = window.setInterval(() => this.#tell(), 250);
    this.#tell();
  }

  stop() {
    window.clearInterval(this.#timer);
  }

  #tell() {
    const left = Math.max(0, Math.ceil((this.#end - performance.now()) / 1000));
    const long = this.hasAttribute("clock") || Number(this.getAttribute("seconds")) >= 60;
    const text = long ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : String(left);
    if (!this.hasAttribute("quiet") && this.textContent !== text) this.textContent = text;
    if (left === 0) this.#done();
  }

  #done() {
    this.stop();
    const link = document.getElementById(this.getAttribute("enables") ?? "");
    link?.removeAttribute("aria-disabled");
    link?.focus();
    this.dispatchEvent(new CustomEvent("count-down:done", { bubbles: true }));
    const path = this.getAttribute("go");
    if (path) location.assign(path);
  }
}

customElements.define("count-down", CountDown);

document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest?.("a[aria-disabled=true]");
  if (link) event.preventDefault();
});
