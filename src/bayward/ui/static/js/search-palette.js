// @ts-check
/** `<search-palette src="/console/search">` around a link: `/` or Ctrl-K opens a palette that
 * jumps to doors, parcels, people and pages. Without script the link leads to the list. */

const WAIT_MS = 120;

export class SearchPalette extends HTMLElement {
  /** @type {HTMLDialogElement | null} */ #dialog = null;
  /** @type {HTMLInputElement} */ #input = document.createElement("input");
  /** @type {HTMLElement} */ #list = document.createElement("div");
  #asked = 0;
  #at = 0;

  connectedCallback() {
    this.querySelector("a")?.addEventListener("click", (event) => {
      event.preventDefault();
      this.open();
    });
    document.addEventListener("keydown", this.#hotkey);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#hotkey);
  }

  open() {
    this.#dialog ??= this.#build();
    this.#input.value = "";
    this.#dialog.showModal();
    this.#search();
  }

  /** @param {KeyboardEvent} event */
  #hotkey = (event) => {
    const typing = event.target instanceof Element && event.target.matches("input, textarea, select");
    const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!slash && !(event.key === "k" && (event.ctrlKey || event.metaKey))) return;
    event.preventDefault();
    this.open();
  };

  #build() {
    const dialog = document.createElement("dialog");
    dialog.className = "palette";
    dialog.setAttribute("aria-label", "Search or jump to");
    Object.assign(this.#input, { className: "input", type: "search", placeholder: "Door, parcel, person, page…" });
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list",
      "aria-label": "Search or jump to", autocomplete: "off", spellcheck: "false",
    })) this.#input.setAttribute(name, value);
    this.#list.id = "palette-list";
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", "Found");
    this.#input.addEventListener("input", () => this.#later());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", (event) => this.#go(/** @type {Element} */ (event.target).closest("[role=option]")));
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.append(this.#input, this.#list);
    this.append(dialog);
    return dialog;
  }

  #later() {
    const asked = ++this.#asked;
    window.setTimeout(() => { if (asked === this.#asked) this.#search(); }, WAIT_MS);
  }

  async #search() {
    const asked = ++this.#asked;
    const query = this.#input.value.trim();
    const pages = [...document.querySelectorAll("nav[aria-label=Console] a")]
      .map((a) => ({ title: a.querySelector("span")?.textContent ?? "", hint: "Page", href: a.getAttribute("href") ?? "/" }))
      .filter((page) => page.title.toLowerCase().includes(query.toLowerCase()));
    const found = query ? await this.#ask(query) : [];
    if (asked !== this.#asked) return;
    this.#show([...found, ...pages]);
  }

  /** @param {string} query @returns {Promise<{title: string, hint: string, href: string}[]>} */
  async #ask(query) {
    try {
      const answer = await fetch(`${this.getAttribute("src")}?q=${encodeURIComponent(query)}`, { headers: { Accept: "application/json" } });
      return answer.ok ? await answer.json() : [];
    } catch {
      return []; // offline: the pages of the console can still be jumped to
    }
  }

  /** @param {{title: string, hint: string, href: string}[]} rows */
  #show(rows) {
    this.#list.replaceChildren(...rows.map(({ title, hint, href }, index) => {
      const option = document.createElement("div");
      option.id = `palette-${index}`;
      option.setAttribute("role", "option");
      option.dataset.href = href;
      const small = document.createElement("small");
      small.textContent = hint;
      option.append(title, small);
      return option;
    }));
    this.#mark(0);
  }

  /** @param {number} at */
  #mark(at) {
    const options = [...this.#list.children];
    if (options.length === 0) return this.#input.removeAttribute("aria-activedescendant");
    this.#at = (at + options.length) % options.length;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === this.#at)));
    options[this.#at].scrollIntoView({ block: "nearest" });
    this.#input.setAttribute("aria-activedescendant", options[this.#at].id);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "ArrowDown") this.#mark(this.#at + 1);
    else if (event.key === "ArrowUp") this.#mark(this.#at - 1);
    else if (event.key === "Enter") this.#go(this.#list.children[this.#at]);
    else return;
    event.preventDefault();
  }

  /** @param {Element | null | undefined} option */
  #go(option) {
    const path = /** @type {HTMLElement | null | undefined} */ (option)?.dataset.href ?? "";
    if (path.startsWith("/") && !path.startsWith("//")) location.assign(path);
  }
}

customElements.define("search-palette", SearchPalette);
