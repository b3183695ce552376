// The filters above a section: selects that keep their choice while their options change, and who wants to know.

import { el, put, clipped } from "./dom.js";
import { onLanguage, t } from "./i18n.js";

const TYPING = 250;

export class Controls {
  /** `changed(name)` is called after a choice at once, after typing with a pause. */
  constructor(id, changed) {
    this.form = document.querySelector(`#${id} form.filters`);
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", (event) => event.target.type !== "search" && changed(event.target.name));
    this.form.addEventListener("input", (event) => {
      if (event.target.type !== "search") return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => changed(event.target.name), TYPING);
    });
    this.offered = {};
    onLanguage(() => {
      for (const [name, offer] of Object.entries(this.offered)) this.fill(name, offer);
    });
  }

  value(name) {
    return this.form.elements[name].value.trim();
  }

  set(name, value) {
    this.form.elements[name].value = value;
  }

  get any() {
    return [...this.form.elements].some((field) => field.name && !["range", "what"].includes(field.name) && field.value.trim() !== "");
  }

  /** `options` gives [value, words] pairs; an "All" stands before them unless `whole` is false. */
  offer(name, options, whole = true) {
    this.fill(name, { options, whole });
  }

  fill(name, offer) {
    this.offered[name] = offer;
    const field = this.form.elements[name];
    const pairs = [...(offer.whole ? [["", t("all")]] : []), ...offer.options()];
    const drawn = JSON.stringify(pairs);
    if (field.dataset.drawn === drawn) return;
    const chosen = field.value;
    field.dataset.drawn = drawn;
    put(field, ...pairs.map(([value, words]) => el("option", { value }, clipped(words, 40))));
    field.value = pairs.some(([value]) => value === chosen) ? chosen : pairs[0]?.[0] ?? "";
  }
}
