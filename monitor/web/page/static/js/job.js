// One job in a dialog: all that is known of it, its events, the way to its console and to its messages.

import { get } from "./api.js";
import { spoken } from "./asker.js";
import { clipped, el, foreign, moment, put, webAddress } from "./dom.js";
import { clock, duration, number, time } from "./format.js";
import { t, word } from "./i18n.js";

const LINES = 200;

/** `more(job)` leads to the messages about it. Escape, the button and a click beside it close it. */
export async function openJob(job, more) {
  const dialog = document.getElementById("dialog");
  const came = document.activeElement;
  draw(dialog, job, el("p", { class: "note", role: "status" }, t("loading")));
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  dialog.onclose = () => came?.isConnected ? came.focus() : document.querySelector(`[data-key="${CSS.escape(came?.dataset.key ?? "")}"]`)?.focus();
  dialog.showModal();
  try {
    const whole = await get(`/jobs/${encodeURIComponent(job.account)}/${encodeURIComponent(job.id)}`);
    if (dialog.open) draw(dialog, job, ...content(whole, dialog, () => more(job)));
  } catch (error) {
    draw(dialog, job, el("p", { class: "note", role: "status" }, error.status === 0 ? t("down") : error.text || t("unreadable")));
  }
}

function draw(dialog, job, ...children) {
  const shut = el("button", { type: "button", class: "shut", "aria-label": t("close"), onclick: () => dialog.close() }, "✕");
  const title = el("h2", { id: "dialog-title" }, foreign(job.name));
  put(dialog, el("div", { class: "inside" }, el("div", { class: "row" }, title, shut), ...children));
  if (dialog.open) shut.focus();
}

function content(job, dialog, more) {
  const address = webAddress(job.url);
  const messages = () => {
    dialog.onclose = null;
    dialog.close();
    more();
  };
  return [
    el("p", { class: "row start" }, el("span", { class: `state st-${job.state}` }, word("job", job.state)), left(job)),
    job.error && el("p", { class: "reason", dir: "auto" }, clipped([job.error.code, job.error.message].filter(Boolean).join(": "), 1000)),
    el("dl", { class: "facts" }, facts(job).map(([key, value]) => [el("dt", {}, t(key)), el("dd", {}, value)])),
    el(
      "p",
      { class: "row start" },
      address && el("a", { href: address, target: "_blank", rel: "noopener noreferrer", class: "button" }, t("console"), el("span", { class: "unseen" }, ` ${t("newtab")}`)),
      el("button", { type: "button", onclick: messages }, t("its.messages")),
    ),
    el("h3", {}, t("history")),
    job.events.length ? el("ol", { class: "history" }, job.events.slice(-LINES).map(line)) : el("p", { class: "muted" }, t("history.none")),
  ];
}

/** What was deleted here says by whom and when; what left by itself that it did. */
function left(job) {
  if (!job.deleted_at) return job.gone && el("span", { class: "muted" }, t("gone"));
  const by = el("bdi", {}, t("asked.by", { who: spoken(job.deleted_by) }));
  return [el("span", { class: "state" }, el("span", { "aria-hidden": "true" }, "⌫ "), t("deleted")), el("span", { class: "muted" }, moment(job.deleted_at, time(job.deleted_at)), " · ", by)];
}

function facts(job) {
  const waited = job.created_at && job.started_at ? (Date.parse(job.started_at) - Date.parse(job.created_at)) / 1000 : null;
  const text = (value) => (value === null || value === undefined || value === "" ? null : foreign(value));
  const count = (value) => (value === null || value === undefined ? null : number(value, 2));
  const steps = job.max_checkpoints ? `${job.checkpoints ?? 0} / ${job.max_checkpoints}` : count(job.checkpoints);
  const pairs = [
    ["id", text(job.id)],
    ["account", text(job.account)],
    ["owner", text(job.owner)],
    ["creator", text(job.creator)],
    ["platform", text(job.provider_state)],
    ["attempt", job.attempt > 1 ? count(job.attempt) : null],
    ["created", job.created_at && moment(job.created_at, time(job.created_at))],
    ["waited", waited === null ? null : duration(waited)],
    ["started", job.started_at && moment(job.started_at, time(job.started_at))],
    ["ended", job.ended_at && moment(job.ended_at, time(job.ended_at))],
    ["ran", job.duration === null ? null : duration(job.duration)],
    [job.flavor ? "engine" : "model", text(job.model)],
    ["produced", text(job.output_model)],
    ["flavor", text(job.flavor)],
    ["nodes", count(job.nodes)],
    ["accelerators", count(job.accelerators)],
    ["workspace", text(job.workspace)],
    ["queue", count(job.queue_position)],
    ["checkpoints", steps],
    ["tokens", count(job.tokens)],
  ];
  return [...pairs.filter(([, value]) => value !== null && value !== undefined && value !== false), ...Object.entries(job.extra ?? {}).map(([key, value]) => [clipped(key, 40), text(typeof value === "object" ? JSON.stringify(value) : value) ?? "–"])];
}

function line(event) {
  return el("li", { class: `sev-${event.severity}` }, moment(event.time, clock(event.time)), " ", el("span", { lang: "en", dir: "auto" }, clipped(event.title, 300)), " ", el("code", {}, event.type));
}
