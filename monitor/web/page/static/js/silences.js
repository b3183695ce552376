// What is hidden at the moment: by whom, until when, why, and how much. Who is signed in may end it here.

import { clipped, el, foreign, moment } from "./dom.js";
import { number, time } from "./format.js";
import { t } from "./i18n.js";

/** Whether this page's person has a session: only then may anything be changed. */
export function signedIn() {
  return document.querySelector('form[action="/sign-out"]')?.hidden === false;
}

/** The list; null where nothing is hidden. `end(silence, button)` is called for who wants one to end. */
export function silenceList(items, refusals, end) {
  if (!items.length) return null;
  return el("ul", { class: "silences", "aria-label": t("silences") }, items.map((one) => line(one, refusals, end)));
}

function line(one, refusals, end) {
  const owner = clipped(one.owner, 60);
  return el(
    "li",
    {},
    el("span", { "aria-hidden": "true" }, "⊘ "),
    t("silence.by", { owner }),
    " ",
    moment(one.ends_at, time(one.ends_at)),
    ` · ${t("silence.hid", { n: number(one.hidden) })} · `,
    foreign(one.comment),
    signedIn() && el("button", { type: "button", class: "small", "data-key": `end ${one.id}`, "aria-label": t("silence.end.label", { owner }), onclick: (event) => end(one, event.currentTarget) }, t("silence.end")),
    el("code", { dir: "ltr" }, clipped(one.match, 200)),
    refusals.has(one.id) && el("p", { class: "reason" }, refusals.get(one.id)),
  );
}
