// Two images on one another with a line between them, moved by mouse, finger or arrow keys, and made larger by the wheel,
// by buttons or by the keys + and -.

import { make, pictured } from "./dom.js";

const MOST = 16;

/** given: a file of the user's. image: what was made of it. */
export function compare(given, image) {
  const stack = make("div", { class: "stack" });
  stack.style.aspectRatio = `${image.width} / ${image.height}`;
  const range = make("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": "Slide from the original to the generated image" });
  const move = () => stack.style.setProperty("--cut", `${range.value}%`);
  range.addEventListener("input", move);
  move();

  const view = { times: 1, x: 50, y: 50 }; // x, y: the place that stays where it is, in hundredths of the sides
  const shown = make("output", { class: "times" });
  const zoom = (factor, x = 50, y = 50) => {
    const times = Math.min(MOST, Math.max(1, view.times * factor));
    // What lies under (x, y) now shall lie there afterwards too.
    const anchor = (at, fixed) => {
      const under = fixed + (at - fixed) / view.times;
      return times === 1 ? 50 : Math.min(100, Math.max(0, (at - times * under) / (1 - times)));
    };
    Object.assign(view, { x: anchor(x, view.x), y: anchor(y, view.y), times });
    stack.style.setProperty("--times", view.times);
    stack.style.setProperty("--x", `${view.x}%`);
    stack.style.setProperty("--y", `${view.y}%`);
    stack.classList.toggle("close", view.times >= 4);
    shown.value = `${Math.round(100 * view.times)} %`;
  };
  zoom(1);
  stack.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = stack.getBoundingClientRect();
    zoom(2 ** (-event.deltaY / 300), (100 * (event.clientX - box.left)) / box.width, (100 * (event.clientY - box.top)) / box.height);
  }, { passive: false });
  range.addEventListener("keydown", (event) => {
    const factor = { "+": 2, "=": 2, "-": 0.5 }[event.key];
    if (!factor) return;
    event.preventDefault();
    zoom(factor);
  });

  const layer = (name, picture, alt) => make("div", { class: `layer ${name}` }, pictured(picture, { alt }));
  stack.append(layer("before", { blob: given }, "given"), layer("after", image, "made"), make("span", { class: "line" }), range);
  const button = (text, says, factor) => make("button", { type: "button", "aria-label": says, onclick: () => zoom(factor) }, text);
  const closer = make("span", { class: "zoom" }, button("−", "Smaller", 0.5), shown, button("+", "Larger", 2));
  const figure = make("figure", { class: "compare" }, stack, make("figcaption", {}, make("span", {}, "given"), closer, make("span", {}, "made")));
  figure.style.setProperty("--wide", `${image.width}px`);
  return figure;
}
