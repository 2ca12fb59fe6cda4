// The images that the user keeps at hand, in a tray below the page; other tasks take their seeds from it.

import { find, make, pictured } from "./dom.js";

export class Picks {
  #kept = new Map();
  #watchers = [];

  constructor() {
    find("unpick").addEventListener("click", () => this.clear());
  }

  places() {
    return [...this.#kept.keys()];
  }

  has(place) {
    return this.#kept.has(place);
  }

  turn(place, image, title) {
    if (!this.#kept.delete(place)) this.#kept.set(place, { image, title });
    this.#show();
  }

  clear() {
    this.#kept.clear();
    this.#show();
  }

  /** Calls `act` now and after each change, as long as `node` is on the page. */
  watch(act, node) {
    this.#watchers.push({ act, node, seen: false });
    act();
  }

  #show() {
    const kept = [...this.#kept].map(([place, { image, title }]) =>
      make("li", {}, pictured(image, { alt: title }), make("button", { type: "button", "aria-label": `Forget ${title}`, onclick: () => this.turn(place) }, "×")),
    );
    find("picked").replaceChildren(...kept);
    find("tray").hidden = !kept.length;
    this.#watchers = this.#watchers.filter(({ node }) => !node || node.isConnected);
    for (const { act } of this.#watchers) act();
  }
}
