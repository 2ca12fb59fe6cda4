// An answer that waits for review: looked at, a region marked by a drag or by numbers, painted anew, accepted, rejected.

import * as api from "./api.js";
import { make, pictured } from "./dom.js";
import { choice, number } from "./fields.js";
import { complain } from "./panel.js";
import { upload } from "./upload.js";

/** The answers that wait. `again` is called when one is decided. */
export function review({ held }, again) {
  if (!held.length) return [make("p", { class: "soft" }, "Nothing waits.")];
  return held.map((answer) => one(answer, again));
}

function one(answer, again) {
  const short = answer.shortfalls.map(({ figure, value, limit }) => `${figure} ${Number(value.toPrecision(3))}, asked for ${limit}`).join("; ");
  const stage = make("div", { class: "sheet" });
  const trouble = make("p", { class: "trouble", role: "alert", hidden: true });
  const status = make("p", { class: "status", role: "status" });
  const which = number("Image", { value: 0, min: 0, max: answer.images - 1 });
  const sides = ["left", "top", "width", "height"].map((name) => [name, number(name[0].toUpperCase() + name.slice(1), { value: name.length > 4 ? 8 : 0, min: 0 })]);
  const ways = [["surroundings", "its surroundings"], ...(answer.given ? [["given", "what was given"]] : []), ["patch", "an image of mine"]];
  const by = choice("Painted from", ways);
  const patch = upload("Patch").optional();
  const choose = () => (patch.node.hidden = by.value !== "patch");
  by.node.addEventListener("change", choose);
  choose();
  const note = make("input", { "aria-label": "Why", placeholder: "why (for the records)", maxlength: 1000 });
  const region = () => Object.fromEntries(sides.map(([name, field]) => [name, field.value]));

  async function show() {
    const blob = await api.heldImage(answer.job, `images/${which.value}`);
    const bitmap = await createImageBitmap(blob);
    const image = pictured({ blob, width: bitmap.width, height: bitmap.height }, { alt: `image ${which.value} of ${answer.job}`, draggable: "false" });
    const given = answer.given ? pictured({ blob: await api.heldImage(answer.job, "given"), width: 999, height: 999 }, { alt: "what was given" }) : null;
    const frame = make("div", { class: "marked" }, image, make("span", { class: "mark" }));
    drag(frame, bitmap, mark);
    stage.replaceChildren(frame, ...(given ? [given] : []));
    stage.size = bitmap;
    mark(region());
  }

  function mark({ left, top, width, height }) {
    for (const [name, field] of sides) field.value = { left, top, width, height }[name];
    const { width: across, height: down } = stage.size;
    const frame = stage.querySelector(".mark");
    frame.style.setProperty("inset", `${(100 * top) / down}% ${100 - (100 * (left + width)) / across}% ${100 - (100 * (top + height)) / down}% ${(100 * left) / across}%`);
  }

  async function act(work, said) {
    try {
      await work();
      complain(trouble);
      status.textContent = said;
    } catch (error) {
      complain(trouble, error);
    }
  }

  const paint = async () => {
    await api.repaint({ job: answer.job, image: which.value, ...region(), by: by.value, patch: by.value === "patch" ? await patch.text() : undefined });
    await show();
  };
  const decide = (decision) => async () => {
    await api.decide({ job: answer.job, decision, note: note.value });
    await again();
  };
  const button = (text, work, said, main) => make("button", { type: "button", class: main ? "main" : "", onclick: () => act(work, said) }, text);
  const fields = [which, ...sides.map(([, field]) => field), by];
  for (const field of fields) field.node.addEventListener("change", () => act(field === which ? show : async () => mark(region()), ""));
  act(show, "");
  return make("article", { class: "panel held", "aria-label": `${answer.model}, ${answer.task}` },
    make("div", { class: "controls" }, make("h3", {}, `${answer.model}, ${answer.task}`), make("p", { class: "soft" }, `${answer.images} image${answer.images > 1 ? "s" : ""}, ${answer.created.slice(0, 16).replace("T", " ")} UTC: ${short}`),
      ...fields.map(({ node }) => node), patch.node, button("Paint the region anew", paint, "Painted."), note,
      button("Accept", decide("accept"), "Accepted.", true), button("Reject", decide("reject"), "Rejected.")),
    make("div", { class: "results" }, trouble, status, stage));
}

/** Marks a region by a drag over the image. */
function drag(frame, { width, height }, mark) {
  let from;
  const place = (event) => {
    const box = frame.getBoundingClientRect();
    const at = (value, low, length, most) => Math.min(most, Math.max(0, Math.round(((value - low) / length) * most)));
    return [at(event.clientX, box.left, box.width, width), at(event.clientY, box.top, box.height, height)];
  };
  frame.addEventListener("pointerdown", (event) => {
    from = place(event);
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = place(event);
    const [left, top] = from.map((value, axis) => Math.min(value, to[axis]));
    const [wide, high] = from.map((value, axis) => Math.max(1, Math.abs(value - to[axis])));
    mark({ left: Math.min(left, width - 1), top: Math.min(top, height - 1), width: wide, height: high });
  });
  frame.addEventListener("pointerup", () => (from = undefined));
}
