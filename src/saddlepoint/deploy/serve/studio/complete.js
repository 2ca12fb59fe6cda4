// The rest of a given image: what the brush leaves stays, and what it marks is made anew.

import { make } from "./dom.js";
import { agreed, choice, classes, number, slider } from "./fields.js";
import { gallery, note } from "./gallery.js";
import { follow } from "./job.js";
import { painted } from "./paint.js";
import { counted } from "./panel.js";

const HALVES = [["upper", "upper half"], ["lower", "lower half"], ["left", "left half"], ["right", "right half"]];

export const complete = {
  name: "complete",
  title: "Complete",
  verb: "Make the rest",
  live: false,
  build({ model, limits }) {
    const [image, consent] = [painted("The image"), agreed(limits)];
    const half = choice("Known without the brush", HALVES);
    const n = number("Number of completions", { value: Math.min(4, limits.most_images ?? 4), min: 1, max: limits.most_images });
    const seed = number("Seed", { value: 0, min: 0, max: 2 ** 53 - 1 });
    const label = classes(model);
    const temperature = slider("Temperature", { value: 1, min: 0.1, max: 1.5, step: 0.05, help: "below 1: nearer to what is likeliest" });
    return {
      fields: [image, consent, half, n, seed, label, temperature],
      async run({ stage }) {
        const done = await follow(stage, {
          task: "complete", model: model.name, image: await image.text(), mask: image.mask(), half: half.value, n: n.value,
          seed: seed.value, label: label.value, temperature: temperature.value, consent: consent.value,
        });
        if (!done) return undefined;
        const titles = done.images.map((_, number) => `completion ${number}`);
        const remarks = done.facts.remarks && make("p", { class: "soft" }, `Of what was sent: ${done.facts.remarks}.`);
        return { nodes: [gallery(done.images, titles), note(done.images[0]), remarks].filter(Boolean), said: counted(done.images.length, "completion") };
      },
    };
  },
};
