// Puts the page together: who reads what, which events concern whom, and the switches of theme and language.

import { accounts } from "./accounts.js";
import { Activity } from "./activity.js";
import { Budgets } from "./budgets.js";
import { Deletions } from "./deletions.js";
import { language, speak, translate } from "./i18n.js";
import { Jobs } from "./jobs.js";
import { Live } from "./live.js";
import { Messages } from "./messages.js";
import { Quotas } from "./quotas.js";
import { Stock } from "./stock.js";
import { Usage } from "./usage.js";

translate();

const messages = new Messages();
const about = (job) => messages.about(job);
const quotas = new Quotas();
const deletions = new Deletions(about, (plan) => quotas.planned(plan));
const parts = { jobs: new Jobs(about), stock: new Stock(), usage: new Usage(), budgets: new Budgets(), quotas, deletions, events: new Activity(), messages };
const known = accounts((names) => {
  for (const part of Object.values(parts)) part.accounts?.(names);
});

const live = new Live(document.getElementById("live"), {
  told: (event) => {
    known.refresh();
    for (const part of Object.values(parts)) part.heard(event);
  },
  returned: () => {
    known.refresh();
    parts.jobs.again();
    for (const part of Object.values(parts)) part.section.refresh();
  },
});

switches();
known.run().finally(() => {
  for (const part of Object.values(parts)) part.section.refresh();
  live.last = known.data?.status.last_seq ?? null;
  live.open();
});
performance.mark("interactive");

function switches() {
  const tongue = document.getElementById("language");
  tongue.value = language();
  tongue.addEventListener("change", () => speak(tongue.value));
  const theme = document.getElementById("theme");
  theme.value = document.documentElement.dataset.theme ?? "auto";
  theme.addEventListener("change", () => {
    paint(theme.value);
    parts.usage.repaint();
  });
}

function paint(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "auto") localStorage.removeItem("tm-theme");
    else localStorage.setItem("tm-theme", theme);
  } catch {
    // It lasts as long as the page.
  }
}
