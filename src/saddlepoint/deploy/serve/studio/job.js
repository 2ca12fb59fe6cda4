// Long work: progress with the time left, a small image early, and a way to end it.

import * as api from "./api.js";
import { make, pictured } from "./dom.js";

const EVERY = 400; // milliseconds between two looks
const ENDED = new Set(["done", "failed", "cancelled", "interrupted", "held", "rejected"]);
const pause = (time) => new Promise((done) => setTimeout(done, time));

/** Sends a job and shows it in `stage` until it ends. Returns {images, facts, job}, or undefined when it was cancelled. */
export async function follow(stage, body) {
  const bar = make("progress", { max: 1, value: 0, "aria-label": "Progress" });
  const words = make("span", {}, "waiting");
  const button = make("button", { type: "button" }, "Cancel");
  const early = make("figure", { class: "early", hidden: true });
  stage.replaceChildren(make("div", { class: "job" }, bar, words, button), early);
  let job;
  const cancel = () => job && api.cancel(job.id).catch(() => {});
  button.addEventListener("click", () => {
    button.disabled = true;
    cancel();
  });
  try {
    job = await api.begin(body);
  } catch (error) {
    if (error.kind !== "keeps-nothing") throw error;
    stage.replaceChildren(make("p", { class: "soft" }, "This service keeps nothing, so this is waited for."));
    return { ...(await api.atOnce(body)), job: undefined };
  }
  if (button.disabled) cancel(); // a click that came before the job had a name
  while (!ENDED.has(job.state)) {
    bar.value = job.progress;
    words.textContent = told(job);
    if (job.preview && early.hidden) await showEarly(job, early);
    await pause(EVERY);
    job = await api.look(job.id);
  }
  stage.replaceChildren();
  if (job.state === "done") return { ...(await api.result(job.id)), job: job.id };
  if (job.state === "cancelled") return undefined;
  if (job.state === "held") throw new api.Refused(202, api.HELD);
  throw new api.Refused(job.error?.status ?? 0, job.error ?? { detail: `the job was ${job.state}` });
}

async function showEarly(job, early) {
  const blob = await api.preview(job.id);
  early.replaceChildren(pictured({ blob }, { alt: "a small preview" }), make("figcaption", {}, "Preview; the full result follows."));
  early.hidden = false;
}

function told(job) {
  const left = job.seconds_left == null ? "" : `, about ${Math.ceil(job.seconds_left)} s left`;
  return job.state === "waiting" ? "waiting for its turn" : `${Math.min(99, Math.floor(100 * job.progress))} %${left}`;
}
