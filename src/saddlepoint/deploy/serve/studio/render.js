// Views of a scene from all around: the slider, or a drag on the picture, asks the service for another one.

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
    const outputs = Object.keys(model.abilities.find(({ name }) => name === "render")?.gives ?? {});
    const output = outputs.length > 1 ? choice("What is drawn", outputs.map((name) => [name, name])) : { node: null, value: undefined };
    const screen = make("div", { class: "screen turn" });
    dragged(screen, turn, orbit);
    return {
      fields: [turn, output],
      async run({ quick, signal }) {
        const [view, asked] = [turn.value, { model: model.name, orbit, output: output.value }];
        const { images } = await api.make("render", { ...asked, views: [view], preview: quick }, signal);
        const title = `view ${view} of ${orbit}`;
        screen.replaceChildren(pictured(images[0], { alt: title, draggable: "false" }));
        const open = make("button", { type: "button", onclick: () => show(images[0], title) }, "Open and download");
        return { nodes: [...told(images, screen, "render", asked, asked), make("p", {}, open)], said: "Rendered" };
      },
    };
  },
};

/** A drag to the side turns the scene; the listeners are the window's, since the picture is exchanged meanwhile. */
function dragged(screen, turn, orbit) {
  const tell = (name) => turn.node.dispatchEvent(new Event(name, { bubbles: true }));
  screen.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const [from, first] = [event.clientX, turn.value];
    const move = ({ clientX }) => {
      const view = (((first - Math.round((clientX - from) / STEP)) % orbit) + orbit) % orbit;
      if (view === turn.value) return;
      turn.value = view;
      tell("input");
    };
    const end = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      if (turn.value !== first) tell("change");
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  });
}
