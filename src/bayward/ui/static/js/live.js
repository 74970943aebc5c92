// @ts-check
/** What a page does about its stream beyond what htmx does: it says when the stream is gone,
 * and follows an order to move on (`event: go`, data: a path). */

const root = document.documentElement;

document.addEventListener("htmx:sse:after:connection", () => { root.dataset.live = "on"; });
for (const name of ["htmx:sse:error", "htmx:sse:close"]) {
  document.addEventListener(name, () => { root.dataset.live = "lost"; });
}

document.addEventListener("go", (event) => {
  const path = /** @type {CustomEvent} */ (event).detail?.data ?? "";
  if (path.startsWith("/") && !path.startsWith("//")) location.assign(path);
});

// htmx gives up when the very first connection fails; we do not.
document.addEventListener("htmx:error", (event) => {
  const source = /** @type {HTMLElement} */ (event.target);
  if (!source.hasAttribute?.("hx-sse:connect")) return;
  root.dataset.live = "lost";
  window.setTimeout(() => location.reload(), 5000 + Math.random() * 5000);
});
