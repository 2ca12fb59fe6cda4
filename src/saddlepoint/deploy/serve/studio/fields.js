// Labelled controls. Each is {node, value}: what stands in the form, and what it holds now (undefined when empty).

import { make } from "./dom.js";

let count = 0;

function labelled(text, control, help, ...beside) {
  control.id = `field-${(count += 1)}`;
  const hint = help && make("small", { id: `${control.id}-help` }, help);
  if (hint) control.setAttribute("aria-describedby", hint.id);
  return make("div", { class: "field" }, make("label", { for: control.id }, text), control, ...beside, hint);
}

export function number(text, { value, min, max, step = 1, help }) {
  const control = make("input", { type: "number", value, min, max, step, required: value != null });
  return {
    node: labelled(text, control, help),
    get value() {
      return control.value === "" ? undefined : control.valueAsNumber;
    },
    set value(given) {
      control.value = given;
    },
  };
}

export function slider(text, { value, min, max, step, help, unit = "" }) {
  const control = make("input", { type: "range", min, max, step, value }); // the value last: it is brought to a step
  const shown = make("span", { class: "value", "aria-hidden": "true" });
  const show = () => (shown.textContent = `${control.value}${unit}`);
  control.addEventListener("input", show);
  show();
  return {
    node: labelled(text, control, help, shown),
    get value() {
      return control.valueAsNumber;
    },
    set value(given) {
      control.value = given;
      show();
    },
  };
}

/** options: [[value, text], ...]; the value of the first may be "" for none. */
export function choice(text, options, help) {
  const control = make("select", {}, ...options.map(([value, name]) => make("option", { value }, name)));
  return {
    node: labelled(text, control, help),
    get value() {
      return control.value === "" ? undefined : control.value;
    },
  };
}

export function check(text, help) {
  const control = make("input", { type: "checkbox" });
  const node = labelled(text, control, help);
  node.classList.add("check");
  return {
    node,
    get value() {
      return control.checked;
    },
  };
}

/** What a person says of an image with people in it, where the service asks for that. */
export const agreed = ({ asks_consent: wanted }) => (wanted ? check("Everybody who is shown agrees to this") : { node: null, value: undefined });

/** Images of the model by seed: "7, 1:5" is image 0 of seed 7 and image 5 of seed 1; "job:ID" is a projected one. */
export function places(text, value, picks) {
  const control = make("input", { value, required: true, pattern: "[0-9a-z:, ]+", autocomplete: "off" });
  const take = () => {
    control.value = picks.places().join(", ");
    control.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const button = make("button", { type: "button", class: "take", onclick: take }, "Use the selected images");
  picks.watch(() => (button.hidden = !picks.places().length), button);
  return {
    node: labelled(text, control, "seeds or SEED:NUMBER, separated by commas", button),
    get value() {
      return control.value.split(",").flatMap((each) => each.trim() || []);
    },
  };
}

/** Free words; undefined when empty. */
export function words(text, help) {
  const control = make("input", { autocomplete: "off", maxlength: 1000 });
  return {
    node: labelled(text, control, help),
    get value() {
      return control.value.trim() || undefined;
    },
  };
}

/** What a model takes in words beside its class, as its own description lists it: {fields, value: {name: words}}. */
export function conditions({ abilities }) {
  const task = abilities.find(({ name }) => name === "complete") ?? abilities.find(({ name }) => name === "generate");
  const taken = Object.entries(task?.takes ?? {}).filter(([name, { in_words }]) => in_words && name !== "label");
  const fields = taken.map(([name, { what }]) => [name, words(name[0].toUpperCase() + name.slice(1), what)]);
  return {
    fields: fields.map(([, field]) => field),
    get value() {
      const said = fields.map(([name, field]) => [name, field.value]).filter(([, value]) => value !== undefined);
      return said.length ? Object.fromEntries(said) : undefined;
    },
  };
}

/** The classes of a model, where it knows any. */
export function classes(model, none = "each in turn") {
  if (!model.classes.length) return { node: null, value: undefined };
  const inner = choice("Class", [["", none], ...model.classes.map((name, index) => [index, name])]);
  return {
    node: inner.node,
    get value() {
      return inner.value === undefined ? undefined : Number(inner.value);
    },
  };
}

export const truncation = () =>
  slider("Truncation", { value: 1, min: 0, max: 1.5, step: 0.05, help: "below 1: nearer to the average, less varied" });
