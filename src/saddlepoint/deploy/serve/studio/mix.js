// Style mixing: each row's image with some layers of each column's.

import * as api from "./api.js";
import { make, pictured } from "./dom.js";
import { choice, places, truncation } from "./fields.js";
import { tile, told } from "./gallery.js";
import { counted } from "./panel.js";

export const mix = {
  name: "mix",
  title: "Mix styles",
  verb: "Mix",
  live: true,
  build({ model, picks }) {
    const rows = places("Rows: images that keep the other layers", "0, 1, 2", picks);
    const columns = places("Columns: images that give some style layers", "3, 4, 5, 6", picks);
    const groups = Object.keys(model.layers).map((name) => [name, `${name} (${model.layers[name].join(", ")})`]);
    const layers = choice("Layers from the columns", groups, "coarse: pose and shape; middle: features; fine: colours");
    const near = truncation();
    return {
      fields: [rows, columns, layers, near],
      async run({ quick, signal }) {
        const common = { model: model.name, truncation: near.value, preview: quick };
        const asked = { ...common, rows: rows.value, columns: columns.value, layers: layers.value };
        const [mixed, sides, tops] = await Promise.all([
          api.make("mix", asked, signal),
          api.make("sample", { ...common, seeds: rows.value }, signal),
          api.make("sample", { ...common, seeds: columns.value }, signal),
        ]);
        const table = grid(mixed.images, sides.images, tops.images, rows.value, columns.value);
        return { nodes: told(mixed.images, make("div", { class: "wide" }, table), "mix", asked), said: counted(mixed.images.length, "mixture") };
      },
    };
  },
};

function grid(images, sides, tops, rows, columns) {
  const head = (image, place, scope) => make("th", { scope }, pictured(image, { alt: `image ${place}` }));
  const top = make("tr", {}, make("td"), ...tops.map((image, j) => head(image, columns[j], "col")));
  const lines = sides.map((side, i) => {
    const cells = columns.map((column, j) => make("td", {}, ...tile(images[i * columns.length + j], `${rows[i]} with ${column}`).children));
    return make("tr", {}, head(side, rows[i], "row"), ...cells);
  });
  return make("table", { class: "mixing" }, make("thead", {}, top), make("tbody", {}, ...lines));
}
