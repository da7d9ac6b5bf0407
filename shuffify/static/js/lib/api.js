// The one place that calls fetch: JSON in and out, CSRF token, errors as ApiError.
import { readLines } from "./lines.js";

const UNREACHED =
  "This server cannot be reached, so what you see may be old. Look at your connection and try again.";
const UNREADABLE = "The answer could not be read. Reload the page and look what changed.";
const INTERRUPTED =
  "The connection was lost half-way. The server goes on with it: reload the page and look what" +
  " became of it. The playlist's history shows what can be undone.";

export class ApiError extends Error {
  constructor(message, { code = "network", status = 0, answer = {} } = {}) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    // With the facts that belong to the code: login_url, retry_after, snapshot_id, …
    this.answer = answer;
    // Of a body that does not fit: field path as sent -> what is wrong with it.
    this.fields = new Map((answer.errors ?? []).map(({ field, message }) => [field, message]));
  }
}

function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]').content;
}

// behaviours/connection-state.js listens.
function tellWhetherReached(reached) {
  document.dispatchEvent(new CustomEvent(`shuffify:${reached ? "reached" : "unreached"}`));
}

async function call(method, url, body, accept) {
  const headers = { Accept: accept, "X-Requested-With": "fetch" };
  const options = { method, headers, credentials: "same-origin" };
  if (method !== "GET") {
    headers["X-CSRFToken"] = csrfToken();
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body ?? {});
  }
  try {
    const response = await fetch(url, options);
    tellWhetherReached(true);
    return response;
  } catch {
    tellWhetherReached(false);
    throw new ApiError(UNREACHED);
  }
}

async function readJson(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function opened(answer, status) {
  if (typeof answer?.success !== "boolean") {
    throw new ApiError(UNREADABLE, { code: "unreadable", status });
  }
  if (!answer.success) {
    throw new ApiError(answer.message, { code: answer.code, status, answer });
  }
  return answer;
}

async function send(method, url, body) {
  const response = await call(method, url, body, "application/json");
  return opened(await readJson(response), response.status);
}

export const get = (url) => send("GET", url);
export const post = (url, body) => send("POST", url, body);
export const put = (url, body) => send("PUT", url, body);
export const del = (url) => send("DELETE", url);

// Like post, for the long writes: onProgress(done, total) is told how far the server is.
export async function postWatched(url, body, onProgress) {
  const response = await call("POST", url, body, "application/x-ndjson");
  if (!response.headers.get("Content-Type")?.startsWith("application/x-ndjson")) {
    return opened(await readJson(response), response.status);
  }
  const envelope = await readLines(response.body, ({ done, total }) => onProgress(done, total));
  if (envelope === null) {
    throw new ApiError(INTERRUPTED, { code: "interrupted" });
  }
  return opened(envelope, envelope.status);
}

export async function isReachable() {
  try {
    await fetch("/livez", { cache: "no-store" });
    return true;
  } catch {
    return false;
  }
}
