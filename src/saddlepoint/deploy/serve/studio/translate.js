// A given image made into another one, with the two under a slider.

import { compare } from "./compare.js";
import { show } from "./detail.js";
import { make } from "./dom.js";
import { agreed, check, choice, number, slider } from "./fields.js";
import { note } from "./gallery.js";
import { follow } from "./job.js";
import { painted } from "./paint.js";
import { upload } from "./upload.js";

export const translate = {
  name: "translate",
  title: "Translate",
  verb: "Translate",
  live: false,
  build({ model, limits }) {
    const file = model.fills ? painted("The image") : upload("The image");
    const ways = Object.entries(model.origins).map(([from, to]) => [from, `${from} to ${to}`]);
    const origin = ways.length > 1 ? choice("Direction of translation", ways) : { node: null, value: undefined };
    const reference = model.takes_reference ? upload("Style reference").optional() : { node: null, text: () => undefined };
    const seed = number("Seed", { value: 0, min: 0, max: 2 ** 53 - 1, help: "for models that can give several answers" });
    const strength = slider("Strength", { value: 1, min: 0, max: 1, step: 0.05, help: "below 1: the given image shines through" });
    const [sharpen, colour] = [slider("Sharpen", { value: 0, min: 0, max: 1, step: 0.05 }), check("Keep the colours")];
    const lens = slider("Straighten the lens", { value: 0, min: -0.3, max: 0.3, step: 0.01, help: "below 0: a barrel; above 0: a cushion" });
    const [light, consent] = [check("Even out the light first"), agreed(limits)];
    const balance = check("Correct the white balance first");
    const resize = check("Resize to the trained size first", `${model.shape.width}×${model.shape.height}; otherwise in windows, at its own size`);
    return {
      fields: [file, consent, origin, reference, seed, strength, sharpen, colour, balance, light, lens, resize],
      async run({ stage }) {
        const given = file.file;
        const done = await follow(stage, {
          task: "translate", model: model.name, image: await (model.fills ? file.holed() : file.text()), reference: await reference.text(), origin: origin.value,
          seed: seed.value, strength: strength.value, sharpen: sharpen.value, keep_colour: colour.value,
          white_balance: balance.value, even_light: light.value, lens: lens.value, consent: consent.value, resize: resize.value,
        });
        if (!done) return undefined;
        const [image] = done.images;
        const remarks = done.facts.remarks && make("p", { class: "soft" }, `Of what was sent: ${done.facts.remarks}.`);
        const open = make("button", { type: "button", onclick: () => show(image, "The translated image") }, "Open and download");
        return { nodes: [compare(given, image), make("p", { class: "told" }, open, note(image)), remarks].filter(Boolean), said: "Translated" };
      },
    };
  },
};
