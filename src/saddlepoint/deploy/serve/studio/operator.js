// The page of who runs the service: review, opinions, comparisons, drift.

import * as api from "./api.js";
import { find, make } from "./dom.js";
import { complain } from "./panel.js";
import { review } from "./review.js";

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const figure = (value) => (value == null ? "" : String(Number(value.toPrecision(3))));

function table(caption, headings, rows) {
  const cells = (row, name) => make("tr", {}, ...row.map((text) => make(name, {}, text)));
  return make("table", { class: "figures" }, make("caption", {}, caption), make("thead", {}, cells(headings, "th")), make("tbody", {}, ...rows.map((row) => cells(row, "td"))));
}

const nothing = (text) => make("p", { class: "soft" }, text);

function opinions({ models }) {
  if (!models.length) return [nothing("Nobody has said anything yet.")];
  const rows = models.map(({ model, version, up, down, share, low, high, reasons }) => [
    model, version, String(up), String(down), `${percent(share)} (${percent(low)} to ${percent(high)})`,
    Object.entries(reasons).map(([name, count]) => `${name} ${count}`).join(", "),
  ]);
  return [table("Thumbs by version, with the share that is up and its 95 % interval", ["model", "version", "up", "down", "share up", "reasons"], rows)];
}

function comparisons({ experiments }) {
  if (!experiments.length) return [nothing("No versions are compared.")];
  return experiments.flatMap(({ name, test, level, arms, contrasts, words }) => {
    const beside = Object.fromEntries(contrasts.map((contrast) => [contrast.arm, contrast]));
    const rows = arms.map(({ arm, exposed, outcomes, mean }) => {
      const { difference, low, high, p } = beside[arm] ?? {};
      const band = low == null ? "" : ` (${figure(low)} to ${figure(high)})`;
      return [arm, String(exposed), String(outcomes), figure(mean), `${figure(difference)}${band}`, figure(p)];
    });
    const caption = `${name}: ${test} test at ${percent(level)}`;
    return [table(caption, ["arm", "units", "with an outcome", "mean", "above the first", "p"], rows), make("p", {}, words)];
  });
}

function drift({ windows, window, filling }) {
  const open = Object.entries(filling).map(([name, count]) => `${name} ${count} of ${window}`).join(", ");
  const said = nothing(open ? `Not full yet: ${open}.` : "No model has a baseline.");
  if (!windows.length) return [said];
  const rows = windows.map(({ model, side, at, count, drifted, moved, distance, high }) => [
    model, side, at.slice(0, 16).replace("T", " "), String(count), drifted ? "drifted" : "no drift", moved.join(", "), `${figure(distance)} of ${figure(high)}`,
  ]);
  return [said, table("Windows beside the baseline, the newest first", ["model", "side", "at (UTC)", "images", "", "moved", "distance, of the most without drift"], rows)];
}

async function open() {
  const parts = [["review", (answer) => review(answer, open)], ["feedback", opinions], ["experiments", comparisons], ["drift", drift]];
  find("key").hidden = true;
  complain(find("trouble"));
  for (const [name, shown] of parts) {
    try {
      find(name).replaceChildren(...shown(await api.operator(name)));
    } catch (error) {
      find(name).replaceChildren(nothing(error.message));
      if (error.status === 401) return complain(find("trouble"), error);
    }
  }
}

find("again").addEventListener("click", open);
find("key").addEventListener("submit", (event) => {
  event.preventDefault();
  api.useKey(find("key-text").value);
  open();
});
open();
