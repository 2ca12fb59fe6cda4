// Images as tiles: a press opens one, a second button picks it for other work.

import { disclosure, show } from "./detail.js";
import { make, pictured } from "./dom.js";

/** The address of an image that can be used again, or undefined. */
export const placeOf = ({ settings }) =>
  settings.seed == null || settings.row == null ? undefined : `${settings.seed}:${settings.row}`;

export function tile(image, title, picks) {
  const open = make("button", { type: "button", class: "tile", onclick: () => show(image, title), "aria-label": `Open ${title}` }, pictured(image, { alt: title }));
  const place = image.place ?? placeOf(image);
  if (place === undefined || !picks) return make("li", {}, open);
  const pick = make("button", { type: "button", class: "pick", "aria-label": `Pick ${title}`, onclick: () => picks.turn(place, image, title) }, "+");
  const mark = () => pick.setAttribute("aria-pressed", picks.has(place));
  picks.watch(mark, pick);
  return make("li", {}, open, pick);
}

export function gallery(images, titles, picks) {
  return make("ul", { class: "tiles" }, ...images.map((image, index) => tile(image, titles[index], picks)));
}

/** What all of the images carry, in a line. */
export const note = (images) => make("p", { class: "soft" }, disclosure(images[0], images.length > 1 ? "Each file says" : undefined));
