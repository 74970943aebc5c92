// @ts-check
/** `<photo-hash>`: a photograph chosen here gets its SHA-256 here; only the hash goes into the
 * form. `<photo-check>`: says which line of custody, if any, a photograph belongs to. The picture
 * leaves this browser in neither: their file inputs have no name. Sentences stand ready as
 * data attributes of the elements. */

const BYTES_MAX = 256 * 1024 * 1024; // the digest is made in one piece, in memory

/** @param {Blob} file @returns {Promise<string>} 64 hex digits */
export async function sha256(file) {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

class FromFile extends HTMLElement {
  connectedCallback() {
    if (!window.isSecureContext) return; // no digest there; the hash can still be typed
    this.picker.hidden = false;
    this.file.addEventListener("change", () => this.#take());
  }

  get picker() {
    return /** @type {HTMLElement} */ (this.querySelector("[data-picker]"));
  }

  get file() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input[type=file]"));
  }

  async #take() {
    const file = this.file.files?.[0];
    if (!file) return;
    if (file.size > BYTES_MAX) {
      this.say(this.dataset.tooLarge ?? "", "bad");
      return;
    }
    this.say(this.dataset.reading ?? "", "busy");
    try {
      this.found(await sha256(file), file);
    } catch {
      this.say(this.dataset.unreadable ?? "", "bad"); // gone, or not ours to read
    }
  }

  /** @param {string} hash @param {File} file */
  found(hash, file) {
    throw new Error(`nobody waits for ${hash} of ${file.name}`);
  }

  /** @param {string} text @param {string} how ok | bad | busy */
  say(text, how) {
    const told = /** @type {HTMLElement} */ (this.querySelector("[role=status]"));
    told.textContent = text;
    told.dataset.told = how;
  }
}

export class PhotoHash extends FromFile {
  /** @param {string} hash @param {File} file */
  found(hash, file) {
    const input = /** @type {HTMLInputElement} */ (this.querySelector("input[name=photo]"));
    input.value = hash;
    this.say((this.dataset.done ?? "").replace("{name}", file.name), "ok");
  }
}

export class PhotoCheck extends FromFile {
  /** @param {string} hash */
  found(hash) {
    const lines = [...document.querySelectorAll("[data-photo]")]
      .filter((line) => /** @type {HTMLElement} */ (line).dataset.photo === hash)
      .map((line) => /** @type {HTMLElement} */ (line).dataset.line ?? "");
    const told = lines.length ? this.dataset.known ?? "" : this.dataset.unknown ?? "";
    this.say(told.replace("{lines}", lines.join(", ")).replace("{hash}", hash), lines.length ? "ok" : "bad");
  }
}

customElements.define("photo-hash", PhotoHash);
customElements.define("photo-check", PhotoCheck);
