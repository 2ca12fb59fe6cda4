// One image in full: what made it, what it depends on, what the file says of that, and the file itself.

import { find, make, pictured } from "./dom.js";

/** The part of a file's name that tells images apart. */
export function stem(image) {
  const { settings, model } = image;
  const mark = settings.seed == null ? settings.seeds ?? settings.rows ?? settings.view ?? "" : `${settings.seed}-${settings.row ?? 0}`;
  return `${model}-${mark}`.replaceAll(/[^A-Za-z0-9._-]+/g, "-");
}

/** What a file carries, in words. */
export function disclosure({ made, disclosure: carried, width, height }, whose = "This file says") {
  const by = made === "generated" ? "a model made it" : "a model changed it";
  if (carried.includes("watermark")) return `${whose} in its metadata and by an invisible watermark that ${by}.`;
  const small = width * height < 256 * 256 ? `: ${width}×${height} is too small for a watermark` : "";
  return `${whose} in metadata alone that ${by}${small}.`;
}

function saved(blob, name, text) {
  const url = URL.createObjectURL(blob);
  find("detail").addEventListener("close", () => setTimeout(() => URL.revokeObjectURL(url), 1000), { once: true });
  return make("a", { href: url, download: name, class: "button" }, text);
}

export function show(image, title) {
  const told = { model: image.model, version: image.version, made: image.made, ...image.settings };
  const rows = Object.entries({ ...told, size: `${image.width}×${image.height}` });
  const kind = image.blob.type === "image/jpeg" ? "jpg" : "png";
  const dialog = find("detail");
  const close = make("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() }, "×");
  const facts = make("dl", { class: "facts" }, ...rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, [value].flat().join(", ")))));
  const files = make(
    "p",
    { class: "files" },
    saved(image.blob, `${stem(image)}.${kind}`, `Download ${kind.toUpperCase()}`),
    image.own && saved(image.own.blob, `${stem(image)}${image.own.ending}`, `Download ${image.own.ending.slice(1).toUpperCase()}`),
    saved(new Blob([JSON.stringify(told, null, 1)], { type: "application/json" }), `${stem(image)}.json`, "Its settings"),
  );
  const by = make("p", {}, disclosure(image));
  const moving = image.own?.ending === ".gif" ? { ...image, blob: image.own.blob } : image;
  const large = pictured(moving, { alt: title });
  dialog.replaceChildren(close, make("h2", { id: "detail-title" }, title), make("div", { class: "whole" }, large, make("div", {}, facts, by, files)));
  dialog.showModal();
}
