// A given image sought in the model's latent space; what is found can be mixed and edited like any other.

import { compare } from "./compare.js";
import { make } from "./dom.js";
import { agreed, choice, classes, number } from "./fields.js";
import { gallery, note } from "./gallery.js";
import { follow } from "./job.js";
import { upload } from "./upload.js";

export const project = {
  name: "project",
  title: "Project",
  verb: "Find the latent",
  live: false,
  build({ model, limits, picks }) {
    const file = upload("Image to project");
    const space = choice("Latent space", [["", "W+ if available (closest fit)"], ...model.spaces.map((name) => [name, name])]);
    const steps = number("Steps", { value: 100, min: 1, max: limits.most_steps, help: "more steps fit more closely and take longer" });
    const consent = agreed(limits);
    const label = classes(model, "not said");
    return {
      fields: [file, consent, space, steps, label],
      async run({ stage }) {
        const given = file.file;
        const done = await follow(stage, {
          task: "project", model: model.name, image: await file.text(), space: space.value, steps: steps.value, label: label.value, consent: consent.value,
        });
        if (!done) return undefined;
        const [image] = done.images;
        const told = Object.entries(done.facts).map(([name, value]) => `${name} ${typeof value === "number" ? Number(value.toPrecision(4)) : value}`);
        const found = { ...image, place: `job:${done.job}` };
        const kept = done.job ? [gallery([found], ["the projected image"], picks)] : [];
        return {
          nodes: [
            compare(given, image),
            ...kept,
            make("p", { class: "soft" }, told.join(" · ")),
            note(image),
          ],
          said: "Found",
        };
      },
    };
  },
};
