// @ts-check
/** `<qr-camera src="/kiosk/scan?for=collect" [fill="input id"] blocked="text">` around a video:
 * frames go to the edge as 640×480 grey bytes, a few per second, and the edge reads the code.
 * Answers: 204 nothing, 200 {"go": path} moves on, 200 {"text": …} fills the input. */

const WIDTH = 640;
const HEIGHT = 480;
const PAUSE_MS = 160;
const PAUSE_AFTER_ERROR_MS = 2000;

export class QrCamera extends HTMLElement {
  /** @type {MediaStream | null} */ #stream = null;
  #canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  #runs = false;

  async connectedCallback() {
    this.#runs = true;
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { width: WIDTH, height: HEIGHT, facingMode: "user" } });
      const video = this.#video();
      video.srcObject = this.#stream;
      await video.play();
      this.#look();
    } catch {
      this.#blocked();
    }
  }

  disconnectedCallback() {
    this.#runs = false;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
  }

  #video() {
    return /** @type {HTMLVideoElement} */ (this.querySelector("video"));
  }

  #blocked() {
    const note = document.createElement("span");
    note.className = "off";
    note.textContent = this.getAttribute("blocked") ?? "";
    this.querySelector(".aim")?.remove();
    this.#video().hidden = true;
    this.append(note);
  }

  async #look() {
    while (this.#runs) {
      let pause = PAUSE_MS;
      try {
        if (!document.hidden) await this.#ask();
      } catch {
        pause = PAUSE_AFTER_ERROR_MS; // the edge restarts: go on looking
      }
      await new Promise((resolve) => window.setTimeout(resolve, pause));
    }
  }

  async #ask() {
    const answer = await fetch(this.getAttribute("src") ?? "", {
      method: "POST", headers: { "Content-Type": "image/x-grey" }, body: this.#frame(),
    });
    if (!answer.ok) throw new Error(`scan: ${answer.status}`);
    if (answer.status === 200 && this.#runs) this.#found(await answer.json());
  }

  /** One frame as grey bytes, row by row. */
  #frame() {
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (this.#canvas.getContext("2d", { willReadFrequently: true }));
    context.drawImage(this.#video(), 0, 0, WIDTH, HEIGHT);
    const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
    const grey = new Uint8Array(WIDTH * HEIGHT);
    for (let pixel = 0, from = 0; pixel < grey.length; pixel += 1, from += 4) {
      grey[pixel] = (data[from] * 77 + data[from + 1] * 150 + data[from + 2] * 29) >> 8; // BT.601
    }
    return grey;
  }

  /** @param {{go?: string, text?: string}} found */
  #found({ go, text }) {
    if (go?.startsWith("/") && !go.startsWith("//")) {
      this.#runs = false;
      location.assign(go);
    }
    const input = document.getElementById(this.getAttribute("fill") ?? "");
    if (text && input instanceof HTMLInputElement) {
      input.value = text;
      input.form?.requestSubmit();
    }
  }
}

customElements.define("qr-camera", QrCamera);
