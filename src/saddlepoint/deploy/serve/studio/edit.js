// Images moved along a direction: a row for each, from minus to plus the strength.

import * as api from "./api.js";
import { make } from "./dom.js";
import { choice, classes, places, slider, truncation } from "./fields.js";
import { gallery, told } from "./gallery.js";
import { counted } from "./panel.js";

const SHARES = [-1, -0.5, 0, 0.5, 1];

export const edit = {
  name: "edit",
  title: "Edit",
  verb: "Edit",
  live: true,
  build({ model, picks }) {
    const seeds = places("Images", "0, 1, 2", picks);
    const direction = choice("Direction", model.directions.map((name) => [name, name]));
    const strength = slider("Strength", { value: 2, min: 0.5, max: 6, step: 0.5, help: "at both ends, in standard deviations" });
    const groups = Object.keys(model.layers).map((name) => [name, name]);
    const layers = groups.length ? choice("Layers that change", [["", "all"], ...groups]) : { node: null, value: undefined };
    const [label, near] = [classes(model, "the class of each"), truncation()];
    return {
      fields: [seeds, direction, strength, layers, label, near],
      async run({ quick, signal }) {
        const strengths = SHARES.map((share) => share * strength.value);
        const asked = {
          model: model.name, seeds: seeds.value, direction: direction.value, strengths, layers: layers.value,
          label: label.value, truncation: near.value, preview: quick,
        };
        const { images } = await api.make("edit", asked, signal);
        const rows = seeds.value.map((seed, i) => {
          const part = images.slice(i * strengths.length, (i + 1) * strengths.length);
          const list = gallery(part, strengths.map((far) => `${seed} at ${far}`));
          list.classList.add("row");
          return list;
        });
        const ends = make("p", { class: "ends" }, make("span", {}, `−${strength.value}`), make("span", {}, "as it is"), make("span", {}, `+${strength.value}`));
        return { nodes: told(images, make("div", { class: "edits" }, ends, ...rows), "edit", asked), said: counted(images.length, "image") };
      },
    };
  },
};
