// @ts-check
/** `<idle-guard after="45" warning="20" home="/kiosk" more="/kiosk/more-time">` around a dialog:
 * asks after `after` seconds without a touch or key, and goes home when nobody answers. */

export class IdleGuard extends HTMLElement {
  /** @type {number | undefined} */ #timer;

  connectedCallback() {
    for (const name of ["pointerdown", "keydown", "input"]) document.addEventListener(name, this.#touched);
    this.querySelector("[data-more]")?.addEventListener("click", () => this.#more());
    this.addEventListener("count-down:done", () => location.assign(this.getAttribute("home") ?? "/"));
    this.#dialog().addEventListener("close", () => this.#countDown().stop());
    if (this.#dialog().hasAttribute("data-shown")) this.#ask();
    else this.#touched();
  }

  disconnectedCallback() {
    for (const name of ["pointerdown", "keydown", "input"]) document.removeEventListener(name, this.#touched);
    window.clearTimeout(this.#timer);
  }

  #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  #countDown() {
    return /** @type {import("./count-down.js").CountDown} */ (this.querySelector("count-down"));
  }

  #touched = () => {
    if (this.#dialog().open) return;
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#ask(), Number(this.getAttribute("after")) * 1000);
  };

  #ask() {
    this.#dialog().showModal();
    this.#countDown().start();
    beep();
  }

  #more() {
    this.#dialog().close();
    this.#touched();
    fetch(this.getAttribute("more") ?? "", { method: "POST" }).catch(() => {
      // the edge ends the visit by its own clock; nothing is lost here
    });
  }
}

/** Two soft tones: the warning can be heard as well as seen. */
function beep() {
  const audio = new AudioContext();
  if (audio.state !== "running") return; // no touch yet in this page: the browser forbids sound
  for (const [at, pitch] of [[0, 660], [0.22, 880]]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.15, audio.currentTime + at);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.2);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + at + 0.2);
  }
}

customElements.define("idle-guard", IdleGuard);
