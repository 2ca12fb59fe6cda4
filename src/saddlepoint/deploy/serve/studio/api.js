// Talks with the service: JSON there and back, and every refusal as a sentence.

let key = sessionStorage.getItem("saddlepoint-key") ?? "";

/** The service said no. `message` is what it said, in words. */
export class Refused extends Error {
  constructor(status, problem) {
    super(sentence(status, problem));
    this.status = status;
    this.kind = problem.type?.split(":").pop();
  }
}

/** What is said of an answer that a person looks at first. */
export const HELD = { detail: "the answer fell short of what is asked of this model and waits for a person's review" };

function sentence(status, problem) {
  const said = (problem.detail ?? `the service answered ${status}`).replace(/\.$/, "");
  const mend = problem.mend ? `; ${problem.mend}` : "";
  return `${said[0].toUpperCase()}${said.slice(1)}${mend}.`;
}

/** Remembers a key until the tab is closed. */
export function useKey(text) {
  key = text;
  sessionStorage.setItem("saddlepoint-key", text);
}

async function send(method, path, { body, signal } = {}) {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const form = body instanceof FormData; // whose type and boundary the browser says
  if (body && !form) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, signal, body: form ? body : body && JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { detail: "the service does not answer", mend: "is it still running?" });
  }
  if (answer.status === 202 && !path.endsWith("/jobs")) throw new Refused(202, HELD);
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

/** What is served: {models, limits}. */
export const catalogue = async () => (await send("GET", "v1/models")).json();

/** Images of one request: sample, interpolate, mix or edit. Without what is undefined. */
export async function make(task, body, signal) {
  const answer = await send("POST", `v1/${task}`, { body: { ...body, answer: "json" }, signal });
  return unpacked(await answer.json());
}

/** What a model says of an image file: {predictions, remarks}, with pictures as in other answers. */
export async function predict(model, file, consent, signal) {
  const body = new FormData();
  body.append("model", model);
  body.append("image", file);
  if (consent) body.append("consent", true);
  const answer = await (await send("POST", "v1/predict", { body, signal })).json();
  const of = (picture) => picture && opened(picture, answer);
  return { ...answer, predictions: answer.predictions.map((each) => ({ ...each, picture: of(each.picture) })) };
}

/** The same images as one file, whole: a zip, or a gif that plays them one after another. */
export async function archive(task, body, form = "zip") {
  const asked = { ...body, answer: form, preview: false };
  return (await send("POST", `v1/${task}`, { body: asked })).blob();
}

/** A translation, a projection, a completion or a scene of photographs that is waited for, where no jobs are kept. */
export async function atOnce({ task, image, more = {}, reference, mask, ...settings }) {
  const body = new FormData();
  const told = Object.entries({ ...settings, answer: "json" }).filter(([, value]) => value !== undefined);
  for (const [name, value] of told) body.append(name, value);
  for (const [name, text] of Object.entries({ image, ...more, reference, mask })) {
    if (text !== undefined) body.append(name, bytes(text, "application/octet-stream"));
  }
  return unpacked(await (await send("POST", `v1/${task}`, { body })).json());
}

/** What waits for review, what people say, comparisons, drift: by name. */
export const operator = async (name) => (await send("GET", `v1/operator/${name}`)).json();

export const heldImage = async (job, name) => (await send("GET", `v1/operator/review/${job}/${name}`)).blob();

export const repaint = async (body) => (await send("POST", "v1/operator/repaint", { body })).json();

export const decide = async (body) => (await send("POST", "v1/operator/decisions", { body })).json();

/** Begins a job; `task` stands in the body, and `more` are further images by name. */
export const begin = async ({ more, ...body }) =>
  (await send("POST", "v1/jobs", { body: { ...body, ...more, answer: "json" } })).json();

export const look = async (job) => (await send("GET", `v1/jobs/${job}`)).json();

export const cancel = async (job) => (await send("DELETE", `v1/jobs/${job}`)).json();

export const preview = async (job) => (await send("GET", `v1/jobs/${job}/preview`)).blob();

export const result = async (job) => unpacked(await (await send("GET", `v1/jobs/${job}/result`)).json());

/** The files of an answer as blobs: [{blob, width, height, made, settings, disclosure, model, version}], and its facts. */
const unpacked = (answer) => ({ images: answer.images.map((image) => opened(image, answer)), facts: answer.facts });

function opened({ image, media_type: type, value, value_ending: ending, ...told }, { model, version }) {
  const own = value && { blob: bytes(value, ending === ".gif" ? "image/gif" : "application/octet-stream"), ending };
  return { ...told, model, version, own, blob: bytes(image, type) };
}

const bytes = (text, type) => new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], { type });
