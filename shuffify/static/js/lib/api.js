// The one place that calls fetch: JSON in and out, CSRF token, errors as ApiError.

export class ApiError extends Error {
  constructor(message, { code = "network", status = 0, answer = {} } = {}) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.answer = answer;
  }
}

function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]').content;
}

async function readJson(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

async function send(method, url, body) {
  const headers = { Accept: "application/json", "X-Requested-With": "fetch" };
  const options = { method, headers, credentials: "same-origin" };
  if (method !== "GET") {
    headers["X-CSRFToken"] = csrfToken();
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body ?? {});
  }
  let response;
  try {
    response = await fetch(url, options);
  } catch {
    throw new ApiError("This server cannot be reached. Look at your connection and try again.");
  }
  const answer = await readJson(response);
  if (answer === null || typeof answer.success !== "boolean") {
    throw new ApiError("The answer could not be read. Reload the page and look what changed.", {
      code: "unreadable",
      status: response.status,
    });
  }
  if (!answer.success) {
    throw new ApiError(answer.message, { code: answer.code, status: response.status, answer });
  }
  return answer;
}

export const get = (url) => send("GET", url);
export const post = (url, body) => send("POST", url, body);
export const put = (url, body) => send("PUT", url, body);
export const del = (url) => send("DELETE", url);
