// Two images on one another with a line between them, moved by mouse, finger or arrow keys.

import { make, pictured } from "./dom.js";

/** given: a file of the user's. image: what was made of it. */
export function compare(given, image) {
  const stack = make("div", { class: "stack" });
  stack.style.aspectRatio = `${image.width} / ${image.height}`;
  const range = make("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": "Slide from the original to the generated image" });
  const move = () => stack.style.setProperty("--cut", `${range.value}%`);
  range.addEventListener("input", move);
  move();
  stack.append(pictured({ blob: given }, { alt: "given", class: "before" }), pictured(image, { alt: "made", class: "after" }));
  stack.append(make("span", { class: "line" }), range);
  const figure = make("figure", { class: "compare" }, stack, make("figcaption", {}, make("span", {}, "given"), make("span", {}, "made")));
  figure.style.setProperty("--wide", `${image.width}px`);
  return figure;
}
