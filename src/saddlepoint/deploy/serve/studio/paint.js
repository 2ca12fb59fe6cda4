// An image of the user's on which a brush marks what is to be made anew: {node, file, text, mask, holed}.

import { make } from "./dom.js";
import { slider } from "./fields.js";
import { upload } from "./upload.js";

const MARK = "rgb(255 60 60 / .6)";

const inBase64 = (canvas) => canvas.toDataURL("image/png").split(",")[1];

export function painted(text) {
  const file = upload(text);
  const canvas = make("canvas", { class: "brush", hidden: true, role: "img", "aria-label": "what is to be made anew, painted over the image" });
  const size = slider("Brush", { value: 12, min: 2, max: 50, step: 1, unit: " %", help: "of the image; draw over what is to be made anew" });
  const clear = make("button", { type: "button", disabled: true, onclick: () => begin() }, "Clear the brush");
  const pen = canvas.getContext("2d");
  const strokes = [];
  let picture; // the image as the browser draws it
  let last; // where the brush was

  function begin() {
    [canvas.hidden, clear.disabled] = [!picture, true];
    if (!picture) return;
    [canvas.width, canvas.height] = [picture.width, picture.height];
    pen.drawImage(picture, 0, 0);
  }

  file.node.addEventListener("change", async () => {
    picture = file.file && (await createImageBitmap(file.file).catch(() => undefined));
    strokes.length = 0;
    begin();
  });
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
  };
  const draw = (onto, colour, { from, to, wide }) => {
    onto.strokeStyle = colour;
    [onto.lineWidth, onto.lineCap] = [wide, "round"];
    onto.beginPath();
    onto.moveTo(...from);
    onto.lineTo(...to);
    onto.stroke();
  };
  const stroke = (to) => {
    const one = { from: last ?? to, to, wide: (size.value / 100) * Math.max(canvas.width, canvas.height) };
    strokes.push(one);
    draw(pen, MARK, one);
    [last, clear.disabled] = [to, false];
  };
  clear.addEventListener("click", () => (strokes.length = 0));
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    stroke(place(event));
  });
  canvas.addEventListener("pointermove", (event) => last && stroke(place(event)));
  canvas.addEventListener("pointerup", () => (last = undefined));

  return {
    get file() {
      return file.file;
    },
    node: make("div", { class: "painted" }, file.node, canvas, size.node, clear),
    text: file.text,
    /** A picture of the image's size in base64, black where the brush was and white elsewhere; undefined without strokes. */
    mask() {
      if (!strokes.length) return undefined;
      const shown = make("canvas", { width: canvas.width, height: canvas.height });
      const onto = shown.getContext("2d");
      onto.fillStyle = "white";
      onto.fillRect(0, 0, shown.width, shown.height);
      for (const one of strokes) draw(onto, "black", one);
      return inBase64(shown);
    },
    /** The image as PNG in base64, transparent where the brush was; without strokes its own file. */
    async holed() {
      if (!strokes.length) return file.text();
      const shown = make("canvas", { width: canvas.width, height: canvas.height });
      const onto = shown.getContext("2d");
      onto.drawImage(picture, 0, 0);
      onto.globalCompositeOperation = "destination-out";
      for (const one of strokes) draw(onto, "black", one);
      return inBase64(shown);
    },
  };
}
