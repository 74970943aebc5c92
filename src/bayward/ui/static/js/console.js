// @ts-check
import "./copy-button.js";
import "./relative-time.js";
import "./search-palette.js";
