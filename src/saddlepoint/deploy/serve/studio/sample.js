// New images: a seed, how many, a class, and how near to the average.

import * as api from "./api.js";
import { make } from "./dom.js";
import { classes, conditions, number, truncation } from "./fields.js";
import { gallery, told } from "./gallery.js";
import { counted } from "./panel.js";

/** The class of an image, where it has one, as a part of its title. */
const named = ({ label, class: name }) => (label == null ? "" : `, class ${name ?? label}`);

export const sample = {
  name: "sample",
  title: "Sample",
  verb: "Make images",
  live: true,
  build({ model, limits, picks }) {
    const seed = number("Seed", { value: 0, min: 0, max: 2 ** 53 - 1 });
    const n = number("Number of images", { value: Math.min(16, limits.most_images ?? 16), min: 1, max: limits.most_images });
    const [label, given, near] = [classes(model), conditions(model), truncation()];
    const other = make("button", { type: "button", onclick: () => {
      seed.value = Math.floor(Math.random() * 1e6);
      n.node.dispatchEvent(new Event("change", { bubbles: true }));
    } }, "Another seed");
    return {
      fields: [seed, { node: other }, n, label, ...given.fields, near],
      async run({ quick, signal }) {
        const asked = { model: model.name, seeds: [seed.value], n: n.value, label: label.value, given: given.value, truncation: near.value, preview: quick };
        const { images } = await api.make("sample", asked, signal);
        const titles = images.map(({ settings }) => `image ${settings.row} of seed ${settings.seed}${named(settings)}`);
        return { nodes: told(images, gallery(images, titles, picks), "sample", asked), said: counted(images.length, "image") };
      },
    };
  },
};
