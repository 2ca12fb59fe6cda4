// A way from image to image, played and looked at step by step.

import * as api from "./api.js";
import { make, pictured } from "./dom.js";
import { check, choice, classes, number, places, truncation } from "./fields.js";
import { tile, told } from "./gallery.js";
import { counted } from "./panel.js";

const EVERY = 90; // milliseconds a frame

export const interpolate = {
  name: "interpolate",
  title: "Interpolate",
  verb: "Generate interpolation",
  live: true,
  build({ model, picks }) {
    const seeds = places("Images to pass through", "0, 1, 2", picks);
    const steps = number("Steps between two images", { value: 8, min: 1, max: 64 });
    const along = choice("Along", [["", "default"], ["line", "a line"], ["great-circle", "a great circle"], ["smooth", "a smooth curve"]]);
    const space = choice("Latent space", [["", "W+ if available (closest)"], ...model.spaces.map((name) => [name, name])]);
    const closed = check("Return to the first image (loop)");
    const [label, near] = [classes(model, "the class of each"), truncation()];
    return {
      fields: [seeds, steps, along, space, closed, label, near],
      async run({ quick, signal }) {
        const asked = {
          model: model.name, seeds: seeds.value, steps: steps.value, along: along.value, space: space.value,
          closed: closed.value, label: label.value, truncation: near.value, preview: quick,
        };
        const { images } = await api.make("interpolate", asked, signal);
        return { nodes: told(images, player(images), "interpolate", asked, asked), said: counted(images.length, "frame") };
      },
    };
  },
};

function player(images) {
  const frames = images.map((image, index) => pictured(image, { alt: `frame ${index + 1} of ${images.length}` }));
  const screen = make("div", { class: "screen" }, frames[0]);
  const range = make("input", { type: "range", min: 0, max: images.length - 1, value: 0, "aria-label": "Frame" });
  const show = () => screen.replaceChildren(frames[range.value]);
  range.addEventListener("input", show);
  let timer;
  const play = make("button", { type: "button", onclick: () => turn(!timer) }, "Play");
  const turn = (on) => {
    clearInterval(timer);
    timer = on ? setInterval(next, EVERY) : undefined;
    play.textContent = on ? "Pause" : "Play";
  };
  const next = () => {
    if (!range.isConnected) return turn(false);
    range.value = (range.valueAsNumber + 1) % images.length;
    show();
  };
  const strip = make("ul", { class: "tiles strip" }, ...images.map((image, index) => tile(image, `frame ${index + 1}`)));
  return make("div", { class: "player" }, screen, make("p", { class: "bar" }, play, range), strip);
}
