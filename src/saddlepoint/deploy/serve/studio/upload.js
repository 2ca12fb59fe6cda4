// An image of the user's: chosen, or dropped onto the field, and shown.

import { make } from "./dom.js";

export function upload(text) {
  const control = make("input", { type: "file", accept: "image/*", required: true });
  const shown = make("img", { alt: "", hidden: true });
  const node = make("label", { class: "upload" }, make("span", {}, text), control, shown);
  const show = () => {
    URL.revokeObjectURL(shown.src);
    shown.hidden = !control.files.length;
    if (control.files.length) shown.src = URL.createObjectURL(control.files[0]);
  };
  control.addEventListener("change", show);
  shown.addEventListener("error", () => (shown.hidden = true)); // a TIFF, which no browser draws
  node.addEventListener("dragover", (event) => event.preventDefault());
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    control.files = event.dataTransfer.files;
    control.dispatchEvent(new Event("change", { bubbles: true }));
  });
  return {
    node,
    optional() {
      control.required = false;
      return this;
    },
    get file() {
      return control.files[0];
    },
    /** The file's bytes in base64; undefined without a file. */
    text: () =>
      new Promise((done, failed) => {
        if (!control.files.length) return done(undefined);
        const reader = new FileReader();
        reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
        reader.onerror = () => failed(new Error("The file cannot be read."));
        reader.readAsDataURL(control.files[0]);
      }),
  };
}
