// @ts-check
import "./code-field.js";
import "./count-down.js";
import "./idle-guard.js";
import "./qr-camera.js";
import "./read-aloud.js";
import "./screen-keys.js";
