// What is known of the jobs: read page by page within bounds, kept by account and id, renewed one by one as events come.

import { all, get, pages } from "./api.js";
import { now } from "./clock.js";

export const MOST = 10_000;
const DAY = 86_400_000;
const FRESH = 600_000;
/** Milliseconds after which all is read anew, for what changed without an event. */
const BEFORE = 7;
/** Days before the range in which a job may have been made and still reach into it; active ones come anyhow. */
const SINGLY = 20;
const FINISHED = new Set(["succeeded", "failed", "canceled"]);
const ACTIVE = new Set(["pending", "queued", "running", "stopping", "unknown"]);

export class JobList {
  constructor() {
    this.jobs = new Map();
    this.touched = new Map();
    this.whole = true;
    this.full = false;
  }

  /** An event told of this job: the next read asks for it. */
  touch(account, id) {
    this.touched.set(`${account}|${id}`, { account, id });
  }

  /** Reads what is wanted: all of the range, or only what events have touched. `grown` is called after each page. */
  async read(days, grown) {
    const touched = [...this.touched.values()];
    this.touched.clear();
    if (!this.whole && this.days === days && touched.length <= SINGLY && now() - this.at < FRESH) {
      await Promise.all(touched.map((one) => this.renew(one)));
      return this;
    }
    await this.readAll(days, grown);
    return this;
  }

  async readAll(days, grown) {
    this.whole = true;
    const since = new Date(now() - (days + BEFORE) * DAY).toISOString();
    const found = new Map();
    this.full = false;
    const keep = (items) => {
      for (const item of items) found.set(`${item.account}|${item.id}`, slim(item));
    };
    keep(await all("/jobs", { active: true }, 2000));
    for await (const items of pages("/jobs", { since, gone: true, limit: found.size ? 1000 : 200 }, MOST)) {
      keep(items);
      if (this.jobs.size === 0 || this.jobs.size < found.size) {
        this.jobs = new Map(found);
        grown();
      }
      if (found.size >= MOST) {
        this.full = true;
        break;
      }
    }
    this.jobs = found;
    this.whole = false;
    this.days = days;
    this.at = now();
  }

  async renew({ account, id }) {
    const page = await get("/jobs", { account, find: id, gone: true });
    for (const item of page.items) this.jobs.set(`${item.account}|${item.id}`, slim(item));
  }

  get owners() {
    return [...new Set([...this.jobs.values()].map((job) => job.owner).filter(Boolean))].sort();
  }

  /** Those that reach into [begin, end] and fit: what is active first, then the newest. */
  fitting({ account, state, owner, search }, begin, end) {
    const text = search.toLowerCase();
    const found = [];
    for (const job of this.jobs.values()) {
      if (account && job.account !== account) continue;
      if (state && !(state === "active" ? job.active : job.state === state)) continue;
      if (owner && job.owner !== owner) continue;
      if (text && !job.text.includes(text)) continue;
      if (job.from <= end && (job.to ?? end) >= begin) found.push(job);
    }
    return found.sort((a, b) => Number(b.active) - Number(a.active) || b.from - a.from);
  }
}

function slim(item) {
  const { account, id, name, state, error, gone } = item;
  const left = item.deleted_at ? "deleted" : gone ? "job.left" : null;
  const over = FINISHED.has(state) || gone;
  const created = stamp(item.created_at) ?? stamp(item.started_at) ?? stamp(item.state_since);
  const owner = item.owner ?? item.creator ?? null;
  const model = item.base_model ?? item.model ?? item.flavor ?? null;
  return {
    account, id, name: name || id, state, left, owner, model, error: error?.message ?? error?.code ?? null,
    active: ACTIVE.has(state) && !gone,
    from: created ?? 0,
    started: stamp(item.started_at),
    to: over ? stamp(item.ended_at) ?? stamp(item.state_since) : null,
    ran: item.duration,
    elapsed: item.elapsed,
    text: [id, name, model, item.model, item.flavor, owner, item.creator].filter(Boolean).join("\n").toLowerCase(),
  };
}

function stamp(iso) {
  const at = iso ? Date.parse(iso) : NaN;
  return Number.isFinite(at) ? at : null;
}
