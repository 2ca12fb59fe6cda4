// The page: which model, which task; each task of a model keeps its own form and results.

import * as api from "./api.js";
import { complete } from "./complete.js";
import { find, make } from "./dom.js";
import { edit } from "./edit.js";
import { interpolate } from "./interpolate.js";
import { mix } from "./mix.js";
import { complain, panel } from "./panel.js";
import { Picks } from "./picks.js";
import { predict } from "./predict.js";
import { project } from "./project.js";
import { reconstruct } from "./reconstruct.js";
import { render } from "./render.js";
import { sample } from "./sample.js";
import { translate } from "./translate.js";

const TASKS = [sample, interpolate, mix, edit, project, complete, translate, predict, render, reconstruct];
const picks = new Picks();

async function open() {
  try {
    const { models, limits: bounds, asks_consent: asks } = await api.catalogue();
    const limits = { ...bounds, asks_consent: asks };
    const size = (shape) => (shape ? ` (${shape.width}×${shape.height})` : "");
    const named = ({ name, shape }) => make("option", { value: name }, `${name}${size(shape)}`);
    find("model").replaceChildren(...models.map(named));
    find("model").onchange = () => choose(models.find(({ name }) => name === find("model").value), limits);
    find("key").hidden = true;
    complain(find("trouble"));
    choose(models.find(({ default: usual }) => usual) ?? models[0], limits);
  } catch (error) {
    complain(find("trouble"), error);
  }
}

function choose(model, limits) {
  picks.clear();
  find("model").value = model.name;
  find("about").textContent = `${model.method}, ${seen(model)}, version ${model.version}`;
  const shown = TASKS.filter(({ name }) => model.tasks.includes(name));
  const panels = new Map(shown.map((task) => [task.name, panel(task, { model, limits, picks })]));
  find("panels").replaceChildren(...[...panels.values()].map(({ node }) => node));
  find("tasks").replaceChildren(...shown.map((task) => tab(task, panels)));
  if (shown.length) select(shown[0], panels);
  else find("panels").replaceChildren(make("p", { class: "soft" }, without(model)));
}

/** What is said of a model whose work no tab can show. */
const without = ({ abilities }) =>
  `This model ${abilities.map(({ does }) => does).join(", ")}. The studio cannot show that; use the command line or Python.`;

function seen({ trained_images: shown, different_images: known }) {
  const words = `${shown.toLocaleString("en")} images seen`;
  if (!(known > 0 && known < shown)) return words;
  const times = shown / known;
  return `${words} (${known.toLocaleString("en")}, each about ${times >= 9.5 ? Math.round(times) : times.toFixed(1)} times)`;
}

function tab(task, panels) {
  const attributes = { id: `tab-${task.name}`, type: "button", role: "tab", "aria-controls": `panel-${task.name}` };
  return make("button", { ...attributes, onclick: () => select(task, panels), onkeydown: move }, task.title);
}

const begun = new WeakSet();

function select(task, panels) {
  for (const [name, { node }] of panels) {
    const chosen = name === task.name;
    node.hidden = !chosen;
    find(`tab-${name}`).setAttribute("aria-selected", chosen);
    find(`tab-${name}`).tabIndex = chosen ? 0 : -1;
  }
  const chosen = panels.get(task.name);
  if (task.live && !begun.has(chosen)) chosen.start(false);
  begun.add(chosen);
}

/** Arrow keys go from tab to tab, as the pattern for tabs asks. */
function move(event) {
  const tabs = [...find("tasks").children];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const aim = { Home: 0, End: tabs.length - 1 }[event.key] ?? (step && (tabs.indexOf(event.target) + step + tabs.length) % tabs.length);
  if (aim === undefined) return;
  event.preventDefault();
  tabs[aim].focus();
  tabs[aim].click();
}

find("key").addEventListener("submit", (event) => {
  event.preventDefault();
  api.useKey(find("key-text").value);
  open();
});
find("detail").addEventListener("click", (event) => event.target === find("detail") && find("detail").close());
open();
