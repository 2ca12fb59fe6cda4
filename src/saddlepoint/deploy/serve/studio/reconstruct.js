// A photograph or a few of a thing made into a scene, which a drag on the picture turns: all views come at once.

import { show } from "./detail.js";
import { make, pictured } from "./dom.js";
import { agreed, choice, slider, words } from "./fields.js";
import { note } from "./gallery.js";
import { follow } from "./job.js";
import { upload } from "./upload.js";

const VIEWS = 24; // once around
const STEP = 12; // pixels of a drag from one view to the next
const NONE = { node: null, value: undefined };

export const reconstruct = {
  name: "reconstruct",
  title: "Turn a photograph",
  verb: "Make the scene",
  live: false,
  build({ model, limits }) {
    const { takes, gives } = model.abilities.find(({ name }) => name === "render");
    const [count] = takes.views.shape;
    const files = Array.from({ length: count }, (_, number) => upload(count > 1 ? `Photograph ${number + 1} of ${count}, once around` : "The photograph"));
    const consent = agreed(limits);
    const expressive = Object.values(takes).find(({ kind }) => kind === "expression");
    const expression = expressive ? words("Expression", expressive.what) : NONE;
    const lift = slider("Height", { value: 0, min: -60, max: 60, step: 5, unit: "°", help: "above the photographs' own" });
    const nearer = slider("Nearer", { value: 1, min: 0.5, max: 3, step: 0.1, unit: " times" });
    const outputs = Object.keys(gives);
    const output = outputs.length > 1 ? choice("What is drawn", outputs.map((name) => [name, name])) : NONE;
    return {
      fields: [...files, consent, expression, lift, nearer, output],
      async run({ stage }) {
        const [image, ...others] = await Promise.all(files.map((file) => file.text()));
        const done = await follow(stage, {
          task: "reconstruct", model: model.name, image, more: Object.fromEntries(others.map((text, index) => [`image_${index + 2}`, text])),
          orbit: Math.min(VIEWS, limits.most_images ?? VIEWS), lift: lift.value, nearer: nearer.value, expression: expression.value,
          output: output.value, consent: consent.value,
        });
        if (!done) return undefined;
        const remarks = done.facts.remarks && make("p", { class: "soft" }, `Of what was sent: ${done.facts.remarks}.`);
        return { nodes: [...turntable(done.images), remarks].filter(Boolean), said: "Made" };
      },
    };
  },
};

/** The views of an orbit on a screen: a drag and a slider go from one to the next. */
function turntable(images) {
  const count = images.length;
  const frames = images.map((image, number) => pictured(image, { alt: `view ${number} of ${count}`, draggable: "false" }));
  const turn = slider("View", { value: 0, min: 0, max: count - 1, step: 1, unit: ` of ${count}`, help: "around the thing; the picture can be dragged too" });
  const screen = make("div", { class: "screen turn" });
  const look = () => screen.replaceChildren(frames[turn.value]);
  turn.node.addEventListener("input", look);
  look();
  let from; // where a drag began, and at which view
  screen.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    screen.setPointerCapture(event.pointerId);
    from = [event.clientX, turn.value];
  });
  screen.addEventListener("pointermove", ({ clientX }) => {
    if (!from) return;
    turn.value = (((from[1] - Math.round((clientX - from[0]) / STEP)) % count) + count) % count;
    look();
  });
  for (const name of ["pointerup", "pointercancel"]) screen.addEventListener(name, () => (from = undefined));
  const open = () => show(images[turn.value], `view ${turn.value} of ${count}`);
  return [screen, turn.node, make("p", { class: "told" }, make("button", { type: "button", onclick: open }, "Open and download"), note(images[0]))];
}
