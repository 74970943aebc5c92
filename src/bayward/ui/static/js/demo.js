// @ts-check
/** The demo's hands: a door is clicked with the tool that is chosen, the world's switches are
 * pressed, the kiosk is fitted into its frame, and modules light up as data passes them. */

import "./small-buttons.js";

const STEP_MS = 110;
const LIT_MS = 1100;
const KIOSK_WIDTH = 620;

/** @param {string} tool @param {string} door */
function use(tool, door = "") {
  return fetch(`/do/${tool}`, { method: "POST", body: new URLSearchParams({ door }) });
}

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const hole = /** @type {HTMLButtonElement | null} */ (target.closest("button.hole"));
  const world = /** @type {HTMLButtonElement | null} */ (target.closest("button[data-tool]"));
  if (hole) use(toolFor(hole), hole.value);
  if (world) use(world.dataset.tool ?? "");
});

/** The hand pulls a closed door and pushes an open one; other tools do one thing.
 * @param {HTMLElement} hole */
function toolFor(hole) {
  const chosen = /** @type {HTMLInputElement | null} */ (document.querySelector("input[name=tool]:checked"))?.value ?? "hand";
  if (chosen !== "hand") return chosen;
  return hole.dataset.leaf === "open" || hole.dataset.leaf === "bent" ? "push" : "pull";
}

document.addEventListener("lit", (event) => {
  const names = String(/** @type {CustomEvent} */ (event).detail?.data ?? "").split(" ");
  names.forEach((name, step) => window.setTimeout(() => light(name), step * STEP_MS));
});

/** @param {string} name */
function light(name) {
  const module = document.querySelector(`[data-module="${CSS.escape(name)}"]`);
  module?.setAttribute("data-lit", "");
  window.setTimeout(() => module?.removeAttribute("data-lit"), LIT_MS);
}

const screen = document.querySelector(".screen");
if (screen instanceof HTMLElement) {
  new ResizeObserver(() => screen.style.setProperty("--fit", String(screen.clientWidth / KIOSK_WIDTH))).observe(screen);
}
