// @ts-check
import "./small-buttons.js";
import "./relative-time.js";
import "./search-palette.js";
