// Images as tiles: a press opens one, a second button picks it for other work.

import { archive } from "./api.js";
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

/** Images with what all of them carry, and a button that brings them as one file; `film`: what a GIF is asked of. */
export function told(images, shown, task, asked, film) {
  const name = `${images[0].model}-${task}`.replace("@", "-");
  const all = make("button", { type: "button", onclick: () => fetched(all, `${name}.zip`, task, asked, "zip") }, "Download all");
  const gif = film && make("button", { type: "button", onclick: () => fetched(gif, `${name}.gif`, task, film, "gif") }, "Download as GIF");
  return [shown, make("p", { class: "told" }, all, gif, make("span", { class: "soft" }, disclosure(images[0], "Each file says")))];
}

async function fetched(button, name, task, asked, form) {
  button.disabled = true;
  try {
    const url = URL.createObjectURL(await archive(task, asked, form));
    make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    button.textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

/** What an image carries, in a line. */
export const note = (image) => make("span", { class: "soft" }, disclosure(image));
