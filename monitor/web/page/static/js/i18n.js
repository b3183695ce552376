// Which language the page speaks: the one chosen here, else the browser's, else English. Words live in words.js.

import { WORDS } from "./words.js";

const KEY = "tm-language";
const listeners = [];
let current = first();

function first() {
  try {
    const chosen = localStorage.getItem(KEY);
    if (chosen in WORDS) return chosen;
  } catch {
    // No storage: ask the browser.
  }
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function language() {
  return current;
}

/** For Intl: the viewer's own variant where it is the language that the page speaks. */
export function locale() {
  const own = navigator.language;
  if (own.toLowerCase().startsWith(current)) return own;
  return current === "zh" ? "zh-CN" : "en-GB";
}

export function speak(chosen) {
  current = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // It lasts as long as the page.
  }
  translate();
  for (const listener of listeners) listener();
}

export function onLanguage(listener) {
  listeners.push(listener);
}

/** The words of `key`, `{name}` put in. A key nobody knows is shown as it is. */
export function t(key, values = {}) {
  const words = WORDS[current][key] ?? WORDS.en[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The word for a state or severity, or the word itself where it is new to us. */
export function word(kind, value) {
  const key = `${kind}.${value}`;
  return key in WORDS.en ? t(key) : String(value);
}

/** Fills what stands in the markup: `data-t` the text, `data-t-label` the label, `data-t-hint` the placeholder. */
export function translate(root = document) {
  document.documentElement.lang = current === "zh" ? "zh-Hans" : "en";
  document.title = t("title");
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const node of root.querySelectorAll("[data-t-hint]")) node.setAttribute("placeholder", t(node.dataset.tHint));
}
