// What the model says of an image of the user's: classes as bars, numbers as they are, masks and their kind as pictures.

import * as api from "./api.js";
import { make } from "./dom.js";
import { note, tile } from "./gallery.js";
import { agreed } from "./fields.js";
import { upload } from "./upload.js";

const MOST = 10; // classes that are shown; the others are very unlikely

export const predict = {
  name: "predict",
  title: "Predict",
  verb: "Predict",
  live: false,
  build({ model, limits }) {
    const file = upload("The image");
    const consent = agreed(limits);
    return {
      fields: [file, consent],
      async run({ signal }) {
        const { predictions, remarks } = await api.predict(model.name, file.file, consent.value, signal);
        const changes = remarks.length && make("p", { class: "soft" }, `Of what was sent: ${remarks.join("; ")}.`);
        return { nodes: [...predictions.map(shown), changes].filter(Boolean), said: "Predicted" };
      },
    };
  },
};

function shown({ name, what, classes, value, picture }) {
  const title = make("h2", {}, name);
  if (classes) return make("section", { class: "prediction" }, title, make("ul", { class: "bars", "aria-label": name }, ...classes.slice(0, MOST).map(bar)));
  if (picture) return make("section", { class: "prediction" }, title, make("ul", { class: "tiles" }, tile(picture, name)), make("p", { class: "soft" }, what), make("p", {}, note(picture)));
  return make("section", { class: "prediction" }, title, make("p", {}, String(value)));
}

function bar({ name, probability }) {
  const share = `${(100 * probability).toFixed(1)} %`;
  return make("li", {}, make("span", {}, name), make("progress", { max: 1, value: probability, "aria-label": `${name}: ${share}` }), make("span", {}, share));
}
