// @ts-check
/** `<read-aloud [src="/kiosk/say"]>` around a button: speaks the screen. With `src` the edge
 * speaks through its loudspeaker; else the browser does, where it has a voice. */

export class ReadAloud extends HTMLElement {
  connectedCallback() {
    this.querySelector("button")?.addEventListener("click", () => this.#speak());
    const hasVoice = this.hasAttribute("src") || "speechSynthesis" in window;
    if (!hasVoice) this.hidden = true;
  }

  #speak() {
    const src = this.getAttribute("src");
    const text = spoken(document.querySelector("[data-spoken]"));
    if (src) {
      fetch(src, { method: "POST", headers: { "Content-Type": "text/plain;charset=utf-8" }, body: text }).catch(() => {
        this.hidden = true; // no loudspeaker: a button that does nothing would be worse
      });
      return;
    }
    const words = new SpeechSynthesisUtterance(text);
    words.lang = document.documentElement.lang;
    speechSynthesis.cancel();
    speechSynthesis.speak(words);
  }
}

/** What a screen says: headings, texts, buttons and pictures, in order; never what was typed.
 * @param {Element | null} root @returns {string} */
function spoken(root) {
  const parts = [...(root?.querySelectorAll("h1, h2, p, a, button:not(.key), label, output, svg[role=img]") ?? [])]
    .filter((element) => !element.closest("[hidden], dialog:not([open]), [aria-hidden=true]"))
    .map((element) => element.getAttribute("aria-label") ?? element.textContent ?? "");
  return parts.map((part) => part.replace(/\s+/g, " ").trim()).filter(Boolean).join(". ");
}

customElements.define("read-aloud", ReadAloud);
