// @ts-check
/** `<copy-button>` beside a secret: copies the text of the element before it, and says so. */

export class CopyButton extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    const text = button?.querySelector("span");
    button?.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.previousElementSibling?.textContent?.trim() ?? "");
      if (!text) return;
      const before = text.textContent;
      text.textContent = this.dataset.done ?? "Copied";
      window.setTimeout(() => { text.textContent = before; }, 1600);
    });
  }
}

customElements.define("copy-button", CopyButton);

/** `<print-button hidden>` around a button: shown where there is script to print with. */
export class PrintButton extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.querySelector("button")?.addEventListener("click", () => window.print());
  }
}

customElements.define("print-button", PrintButton);
