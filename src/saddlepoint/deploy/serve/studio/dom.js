// Elements in a line: make("p", { class: "soft" }, "text", another).

export function make(name, attributes = {}, ...inside) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...inside.filter((each) => each != null));
  return node;
}

export const find = (id) => document.getElementById(id);

const forgotten = new FinalizationRegistry((url) => URL.revokeObjectURL(url));

/** An image element, whose address lives as long as it does; pixels of a small one are shown as they are. */
export function pictured({ blob, width, height }, attributes) {
  const src = URL.createObjectURL(blob);
  const node = make("img", { ...attributes, src });
  if (Math.max(width, height) <= 64) node.classList.add("small");
  forgotten.register(node, src);
  return node;
}

/** Calls `act` once the calls have stopped for a moment. */
export function settled(act, wait = 150) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), wait);
  };
}
