// Accounts: how each is doing, how old its data is (the age ticks), its watches; and the troubles in words above them.

import { all, get } from "./api.js";
import { learn, now } from "./clock.js";
import { clipped, el, foreign, moment, put } from "./dom.js";
import { duration, number, time } from "./format.js";
import { t, word } from "./i18n.js";
import { Section } from "./section.js";

const MOST = 500;
const GLYPHS = { ok: "✓", unreachable: "✕", unauthorized: "✕", waiting: "…" };

/** `heard` gets the account names, for the filters of the others. */
export function accounts(heard) {
  const section = new Section("accounts", {
    read: async () => {
      const [status, items] = await Promise.all([get("/status"), all("/accounts", {}, MOST)]);
      learn(status.now);
      heard(items.map((item) => item.name));
      return { status, items };
    },
    show: (data) => show(section.body, data),
    every: 15_000,
    gap: 2000,
  });
  setInterval(() => tick(section.body), 1000);
  return section;
}

function show(body, { status, items }) {
  const open = new Set([...body.querySelectorAll("details[open]")].map((node) => node.dataset.account));
  const held = document.activeElement?.closest?.("details")?.dataset.account;
  put(body, troubles(status), items.length ? el("ul", { class: "cards" }, items.map((item) => card(item, open))) : nothing());
  if (held) body.querySelector(`details[data-account="${CSS.escape(held)}"] summary`)?.focus();
  foot(status);
  tick(body);
}

function nothing() {
  return el("div", { class: "empty" }, el("p", {}, t("accounts.none")), el("p", {}, t("accounts.how")));
}

function troubles(status) {
  const lines = [...status.troubles.map((text) => clipped(text, 400))];
  if (status.given_up) lines.push(t("given.up", { n: number(status.given_up) }));
  const waits = status.waiting ? t("waiting", { n: number(status.waiting), age: age(status.oldest_waiting_at) }) : null;
  if (!lines.length) return el("p", { class: "well" }, el("span", { "aria-hidden": "true" }, "✓ "), t("troubles.none"), waits && ` · ${waits}`);
  return [
    el("div", { class: "troubles" }, el("h3", {}, t("troubles")), el("ul", {}, lines.map((text) => el("li", { dir: "auto" }, text)))),
    waits && el("p", { class: "waits muted" }, waits),
  ];
}

function age(iso) {
  return iso ? duration((now() - Date.parse(iso)) / 1000) : "–";
}

function card(item, open) {
  const counted = Object.entries(item.jobs).filter(([, count]) => count > 0);
  const place = [item.provider, item.region, ...Object.entries(item.labels ?? {}).map(([key, value]) => `${key}=${value}`)];
  return el(
    "li",
    { class: `card is-${item.state}` },
    el("div", { class: "row" }, el("h3", {}, foreign(item.name)), badge(item.state)),
    el("p", { class: "muted" }, el("bdi", {}, clipped(place.filter(Boolean).join(" · "), 160))),
    el("p", { class: "age" }, ticking(item.age), item.state !== "ok" && item.since ? [" · ", moment(item.since, t("since", { time: time(item.since) }))] : null),
    item.reason && el("p", { class: "reason", dir: "auto" }, clipped(item.reason, 300)),
    counted.length
      ? el("ul", { class: "counts", "aria-label": t("jobs.counted", { name: clipped(item.name, 60) }) }, counted.map(([state, count]) => el("li", { class: `state st-${state}` }, `${number(count)} ${word("job", state)}`)))
      : el("p", { class: "muted" }, t("nojobs")),
    el("details", { "data-account": item.name, open: open.has(item.name) }, el("summary", {}, t("watches", { name: clipped(item.name, 60) })), watches(item)),
  );
}

function badge(state) {
  return el("span", { class: `badge is-${state}` }, el("span", { "aria-hidden": "true" }, `${GLYPHS[state] ?? "?"} `), word("account", state));
}

/** The span's own seconds since it was drawn go on top of the age that the monitor told. */
function ticking(seconds) {
  if (seconds === null || seconds === undefined) return el("span", {}, t("data.none"));
  return el("span", { class: "ticking", "data-from": String(performance.now() - seconds * 1000) });
}

function tick(body) {
  for (const node of body.querySelectorAll(".ticking")) {
    const text = t("data.age", { age: duration((performance.now() - Number(node.dataset.from)) / 1000) });
    if (node.textContent !== text) node.textContent = text;
  }
}

function watches(item) {
  const head = [t("watch"), t("state"), t("age"), t("every")];
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": t("watches", { name: clipped(item.name, 60) }) },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, head.map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, item.watches.map(watch)),
    ),
  );
}

function watch(one) {
  const name = [word("watch", one.watch), one.workspace].filter(Boolean).join(" · ");
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, clipped(name, 60)),
    el("td", {}, badge(one.state), one.reason && el("span", { class: "reason", dir: "auto" }, " ", clipped(one.reason, 200))),
    el("td", { class: "num", title: one.last_good ? `${t("last.good")}: ${one.last_good}` : null }, ticking(one.age)),
    el("td", { class: "num" }, duration(one.every)),
  );
}

function foot(status) {
  const up = status.started_at ? age(status.started_at) : "–";
  put(document.getElementById("foot"), t("version", { version: status.version, up }), " · ", t("seq", { seq: number(status.last_seq ?? 0) }), " · ", el("a", { href: "/api/v1/openapi.json" }, "API"), " · ", el("a", { href: "/metrics" }, "/metrics"));
}
