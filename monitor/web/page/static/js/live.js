// The stream of events. The browser resumes it by its last seq; where it gives up, this opens it again.

import { t, onLanguage } from "./i18n.js";

const PATH = "/api/v1/events/stream";
const AGAIN = 5000;

/** EventSource tells named events only to those who ask by name; a test holds that this is the monitor's list. */
export const TYPES = [
  "job.submitted", "job.queued", "job.started", "job.requeued", "job.restarted", "job.stopping", "job.finished",
  "job.reopened", "job.checkpoint", "job.gone", "job.deleted", "deletion.requested",
  "deletion.refused", "deletion.failed", "cleanup.stopped", "cleanup.resumed", "usage.recorded", "usage.corrected", "budget.reached",
  "budget.renewed", "quota.reached", "quota.eased",
  "flavor.sold_out", "flavor.restocked", "flavor.listed", "flavor.delisted", "flavor.changed", "flavor.flapping",
  "account.baselined", "account.unreachable", "account.recovered", "account.unauthorized", "account.view_shrunk",
  "provider.unrecognised", "poll.malformed", "rule.failed", "template.failed", "sink.failing", "sink.recovered",
  "delivery.dead", "notification.acknowledged", "notification.snoozed", "silence.added", "silence.ended",
  "store.degraded", "config.reloaded", "config.rejected", "monitor.started", "monitor.stopped",
];

export class Live {
  /** `told` gets each event; `returned` is called when the stream is open again after a break. */
  constructor(node, { told, returned }) {
    this.node = node;
    this.told = told;
    this.returned = returned;
    this.last = null;
    this.broken = false;
    this.state = "connecting";
    onLanguage(() => this.say());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.rest() : this.open()));
  }

  /** Nobody looks: a browser has six connections to a host, and other tabs want one too. */
  rest() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  /** Goes on behind `last`; without it from now on. */
  open() {
    this.rest();
    if (document.hidden) return;
    const source = new EventSource(this.last === null ? PATH : `${PATH}?after=${this.last}`);
    this.source = source;
    source.addEventListener("open", () => this.opened());
    source.addEventListener("error", () => this.failed());
    for (const type of TYPES) source.addEventListener(type, (message) => this.take(message));
    this.say();
  }

  opened() {
    this.state = "live";
    this.say();
    if (this.broken) this.returned();
    this.broken = false;
  }

  failed() {
    this.broken = true;
    this.state = "reconnecting";
    this.say();
    if (this.source?.readyState !== EventSource.CLOSED) return;
    this.timer = setTimeout(() => this.open(), AGAIN);
  }

  take(message) {
    let event;
    try {
      event = JSON.parse(message.data);
    } catch {
      return;
    }
    if (Number.isFinite(event.seq)) this.last = event.seq;
    this.told(event);
  }

  say() {
    this.node.dataset.state = this.state;
    const text = t(`live.${this.state}`);
    if (this.node.textContent !== text) this.node.textContent = text;
  }
}
