// The phone's service worker: the shell, and every pass that was opened, readable in a lobby
// without signal. Passes are asked from the network first; only an old answer is worse than none.
const SHELL = "shell-{{ version }}";
const PASSES = "passes";
const FILES = {{ shell | tojson }};
const OFFLINE = "/offline";
const WAIT_MS = 3000; // a lobby's one bar of signal is worse than none

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll([...FILES, OFFLINE])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forget().then(() => self.clients.claim()));
});

async function forget() {
  const old = (await caches.keys()).filter((name) => name.startsWith("shell-") && name !== SHELL);
  await Promise.all(old.map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith("/static/")) event.respondWith(fromShell(request));
  else if (request.mode === "navigate" && isMine(pathname)) event.respondWith(fromNetwork(request, pathname));
});

const isMine = (path) => /^\/(p\/[^/]+|me|me\/parcels\/[^/]+)$/.test(path);

async function fromShell(request) {
  return (await caches.match(request)) ?? fetch(request);
}

async function fromNetwork(request, path) {
  const passes = await caches.open(PASSES);
  try {
    const answer = await inTime(fetch(request));
    if (answer.ok) await passes.put(path, answer.clone());
    else if (answer.status === 404 || answer.status === 410) await passes.delete(path);
    return answer;
  } catch {
    return (await passes.match(path)) ?? caches.match(OFFLINE);
  }
}

function inTime(answer) {
  return Promise.race([answer, new Promise((_, fail) => setTimeout(() => fail(new Error("slow")), WAIT_MS))]);
}
