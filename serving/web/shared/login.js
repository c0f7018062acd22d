// Logging in with a token, on services that ask for one. The token becomes a cookie that scripts cannot read.

import { LOGGED_OUT, request, SESSION } from "./api.js";
import { byId, show } from "./dom.js";

// Resolves when requests can be made: at once on a service without tokens, else after the log-in.
export async function loggedIn() {
  const { log_in: needed, name } = await request(SESSION);
  const button = byId("log-out");
  button.textContent = `Log out ${name}`;
  show(button, name !== null);
  button.addEventListener("click", logOut);
  byId("login-form").addEventListener("submit", logIn);
  // Escape would leave a page on which nothing works.
  byId("login").addEventListener("cancel", (event) => event.preventDefault());
  document.addEventListener(LOGGED_OUT, ask);
  if (needed) {
    ask();
    await new Promise(() => {}); // the log-in reloads the page
  }
}

function ask() {
  const dialog = byId("login");
  if (!dialog.open) dialog.showModal();
}

async function logIn(event) {
  event.preventDefault();
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ token: byId("login-token").value.trim() });
  try {
    await request(SESSION, { method: "POST", headers, body });
    location.reload();
  } catch (error) {
    byId("login-problem").textContent = error.message;
  }
}

async function logOut() {
  await request(SESSION, { method: "DELETE" });
  location.reload();
}
