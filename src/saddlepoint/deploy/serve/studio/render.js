// Views of a scene from all around: the sliders, a drag on the picture, or the wheel, ask the service for another one.

import * as api from "./api.js";
import { show } from "./detail.js";
import { make, pictured } from "./dom.js";
import { choice, slider } from "./fields.js";
import { told } from "./gallery.js";

const VIEWS = 36; // once around
const STEP = 12; // pixels of a drag from one view to the next

export const render = {
  name: "render",
  title: "Render",
  verb: "Render the view",
  live: true,
  build({ model, limits }) {
    const orbit = Math.min(VIEWS, limits.most_images ?? VIEWS);
    const turn = slider("View", { value: 0, min: 0, max: orbit - 1, step: 1, unit: ` of ${orbit}`, help: "around the scene; the picture can be dragged too" });
    const lift = slider("Height", { value: 0, min: -60, max: 60, step: 5, unit: "°", help: "above the orbit's own; drag up or down" });
    const nearer = slider("Nearer", { value: 1, min: 0.5, max: 3, step: 0.1, unit: " times", help: "the wheel over the picture moves it too" });
    const outputs = Object.keys(model.abilities.find(({ name }) => name === "render")?.gives ?? {});
    const output = outputs.length > 1 ? choice("What is drawn", outputs.map((name) => [name, name])) : { node: null, value: undefined };
    const screen = make("div", { class: "screen turn" });
    dragged(screen, turn, orbit, lift);
    screen.addEventListener("wheel", (event) => {
      event.preventDefault();
      nearer.value = Math.min(3, Math.max(0.5, nearer.value - 0.1 * Math.sign(event.deltaY)));
      nearer.node.dispatchEvent(new Event("change", { bubbles: true }));
    }, { passive: false });
    return {
      fields: [turn, lift, nearer, output],
      async run({ quick, signal }) {
        const [view, asked] = [turn.value, { model: model.name, orbit, lift: lift.value, nearer: nearer.value, output: output.value }];
        const { images } = await api.make("render", { ...asked, views: [view], preview: quick }, signal);
        const title = `view ${view} of ${orbit}`;
        screen.replaceChildren(pictured(images[0], { alt: title, draggable: "false" }));
        const open = make("button", { type: "button", onclick: () => show(images[0], title) }, "Open and download");
        return { nodes: [...told(images, screen, "render", asked, asked), make("p", {}, open)], said: "Rendered" };
      },
    };
  },
};

/** A drag turns and lifts the scene; the listeners are the window's, since the picture is exchanged meanwhile. */
function dragged(screen, turn, orbit, lift) {
  const tell = (name) => turn.node.dispatchEvent(new Event(name, { bubbles: true }));
  screen.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const [from, top, first, height] = [event.clientX, event.clientY, turn.value, lift.value];
    const move = ({ clientX, clientY }) => {
      const view = (((first - Math.round((clientX - from) / STEP)) % orbit) + orbit) % orbit;
      const raised = Math.min(60, Math.max(-60, height + 5 * Math.round((clientY - top) / STEP)));
      if (view === turn.value && raised === lift.value) return;
      [turn.value, lift.value] = [view, raised];
      tell("input");
    };
    const end = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      if (turn.value !== first || lift.value !== height) tell("change");
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  });
}
