// @ts-check
import "./pass-digits.js";
import "./relative-time.js";

// The address is a constant of ours; the policy exists because registering one is a script sink.
if (window.isSecureContext && "serviceWorker" in navigator) {
  const address = "/sw.js";
  const trusted = window.trustedTypes?.createPolicy("bayward", { createScriptURL: (url) => (url === address ? url : "") }).createScriptURL(address) ?? address;
  navigator.serviceWorker.register(/** @type {any} */ (trusted)).catch(() => {
    // private windows have none: the pass works, only not without signal
  });
}
