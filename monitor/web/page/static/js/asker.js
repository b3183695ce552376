// Who asked for something, in words.

import { clipped } from "./dom.js";
import { t } from "./i18n.js";

const TOKEN = "the API token";
const POLICY = "the policy ";

export function askedBy({ kind, name }) {
  if (kind === "token") return t("by.token");
  return kind === "policy" ? t("by.policy", { name: clipped(name, 60) }) : clipped(name, 60);
}

/** The same where the monitor has put it into words already, which are English. */
export function spoken(words) {
  if (words === TOKEN) return t("by.token");
  return words.startsWith(POLICY) ? askedBy({ kind: "policy", name: words.slice(POLICY.length) }) : clipped(words, 60);
}
