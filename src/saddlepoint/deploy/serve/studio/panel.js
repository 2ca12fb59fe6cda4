// What every task has: a form, a button, a place for results, a line of status, and refusals in words.

import { find, make, settled } from "./dom.js";

/** Shows a refusal; nothing takes it away. */
export function complain(node, error) {
  node.textContent = error?.message ?? "";
  node.hidden = !error;
  if (error?.status === 401) find("key").hidden = false;
}

/**
 * The panel of a task: {node, start}.
 *
 * task: {name, verb, live, build}. `build(studio)` returns {fields, run}; `run({quick, signal, stage})` returns
 * {nodes, said}, or undefined when there is nothing to show. A live task runs at once and after each change.
 */
export function panel(task, studio) {
  const { fields, run } = task.build(studio);
  const trouble = make("p", { class: "trouble", role: "alert", hidden: true });
  const status = make("p", { class: "status", role: "status" });
  const stage = make("div", { class: "stage" });
  const button = make("button", { class: "main" }, task.verb);
  const form = make("form", { class: "controls", novalidate: task.live }, ...fields.map((field) => field.node), button);
  const results = make("div", { class: "results" }, trouble, status, stage);
  const id = `panel-${task.name}`;
  const node = make("section", { id, class: "panel", role: "tabpanel", "aria-labelledby": `tab-${task.name}`, hidden: true }, form, results);
  let now;

  async function start(quick) {
    if (!form.checkValidity()) return quick || form.reportValidity();
    now?.abort();
    const mine = (now = new AbortController());
    results.setAttribute("aria-busy", true);
    const begun = performance.now();
    try {
      const made = await run({ quick, signal: mine.signal, stage });
      if (mine !== now) return;
      complain(trouble);
      if (made) stage.replaceChildren(...made.nodes);
      status.textContent = made ? `${made.said} in ${((performance.now() - begun) / 1000).toFixed(1)} s` : "Cancelled.";
    } catch (error) {
      if (error.name === "AbortError" || mine !== now) return;
      complain(trouble, error);
      status.textContent = "";
      if (!task.live) stage.replaceChildren();
    } finally {
      if (mine === now) results.removeAttribute("aria-busy");
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start(false);
  });
  if (task.live) {
    form.addEventListener("input", settled(() => start(true)));
    form.addEventListener("change", settled(() => start(false), 200));
  }
  return { node, start };
}

/** "1 image", "3 images". */
export const counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
