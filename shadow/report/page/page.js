"use strict";
// What a reader can do with the page: filter, sort, go to a place, change the language. It only shows and
// hides what is there; nothing that came from an answer is ever made into markup here.

const root = document.documentElement;
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const find = document.getElementById("find");
const keys = document.getElementById("keys");
const state = { text: "", verdict: new Set(), method: new Set(), column: 0, descending: false, language: root.lang };

// -- language

function speak(language) {
  state.language = root.lang = language;
  for (const button of all("[data-language]")) button.setAttribute("aria-pressed", button.dataset.language === language);
}

// -- filter and sort

function fits(item) {
  const { verdict, method, text } = item.dataset;
  return (
    (item.classList.contains("endpoint")
      ? (!state.verdict.size || state.verdict.has(verdict)) && (!state.method.size || state.method.has(method))
      : true) && state.text.split(/\s+/).every((word) => text.toLowerCase().includes(word))
  );
}

function filter() {
  for (const section of all("section:has(> .item), #endpoints")) {
    const items = all(".item", section);
    let shown = 0;
    for (const item of items) shown += !(item.hidden = !fits(item));
    const none = section.querySelector(".none-shown");
    if (none) none.hidden = shown > 0 || !items.length;
    if (section.id === "endpoints") {
      document.getElementById("shown").textContent = shown < items.length ? `${shown} / ` : "";
    }
  }
}

// The columns in their order: the risk, as the page came; the name; then the figures of `data-sort`.
function keyOf({ dataset }) {
  if (state.column === 0) return Number(dataset.order);
  return state.column === 1 ? dataset.text : Number(dataset.sort.split(" ")[state.column - 2]);
}

function sort() {
  const rows = document.getElementById("rows");
  const items = all(".endpoint", rows);
  items.forEach((item, i) => (item.dataset.order ??= i));
  const keys = new Map(items.map((item) => [item, keyOf(item)]));
  const sign = state.descending ? -1 : 1;
  items.sort((a, b) => {
    const [one, other] = [keys.get(a), keys.get(b)];
    return sign * (one < other ? -1 : one > other ? 1 : 0) || a.dataset.order - b.dataset.order;
  });
  rows.append(...items);
  for (const button of all("[data-column]")) {
    const chosen = Number(button.dataset.column) === state.column;
    button.setAttribute("aria-pressed", chosen);
    button.dataset.sorted = chosen ? (state.descending ? "down" : "up") : "";
  }
}

function sortBy(column) {
  // The most is what one looks for first, but for the verdict, the name, and what is still needed.
  state.descending = state.column === column ? !state.descending : ![0, 1].includes(column);
  state.column = column;
  sort();
}

function show(what) {
  Object.assign(state, what);
  filter();
}

function clear() {
  find.value = "";
  state.verdict.clear();
  state.method.clear();
  for (const box of all("[data-filter]")) box.checked = false;
  show({ text: "" });
}

// -- places

function go() {
  const place = document.getElementById(location.hash.slice(1));
  if (!place) return;
  if (place.hidden) clear();
  if (place.tagName === "DETAILS") {
    place.open = true;
    place.querySelector("summary").focus({ preventScroll: true });
  }
  place.scrollIntoView();
}

function step(by) {
  const summaries = all(".item:not([hidden]) > summary");
  const at = summaries.indexOf(document.activeElement?.closest(".item")?.querySelector("summary"));
  const next = summaries[Math.min(summaries.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

async function copy(button) {
  const pre = button.closest("figure").querySelector("pre");
  getSelection().selectAllChildren(pre);
  try {
    await navigator.clipboard.writeText(pre.textContent);
  } catch {
    document.execCommand("copy"); // without HTTPS there is no clipboard to write to
  }
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1500);
}

// -- events: on the document, for a live page changes its parts

document.addEventListener("click", (event) => {
  const button = event.target.closest("button, summary");
  if (!button) return;
  const { language, column } = button.dataset;
  if (language) speak(language);
  else if (column !== undefined) sortBy(Number(column));
  else if (button.id === "help") keys.showModal();
  else if (button.id === "close") keys.close();
  else if (button.classList.contains("copy")) copy(button);
  else if (button.tagName === "SUMMARY") history.replaceState(null, "", `#${button.parentNode.id}`);
});

document.addEventListener("change", ({ target: box }) => {
  if (!box.dataset.filter) return;
  state[box.dataset.filter][box.checked ? "add" : "delete"](box.value);
  filter();
});

find.addEventListener("input", () => show({ text: find.value.toLowerCase() }));

const pressed = {
  "/": () => (find.focus(), find.select()),
  "?": () => keys.showModal(),
  j: () => step(1),
  k: () => step(-1),
  Escape() {
    if (document.activeElement === find || find.value || state.verdict.size || state.method.size) {
      clear();
      find.blur();
    } else document.activeElement?.closest(".item")?.removeAttribute("open");
  },
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input[type=search]");
  if (event.ctrlKey || event.metaKey || event.altKey || keys.open || (typing && event.key !== "Escape")) return;
  if (!(event.key in pressed)) return;
  event.preventDefault();
  pressed[event.key]();
});

addEventListener("hashchange", go);

// -- the live page

function dress() {
  for (const part of all(".scripted, .copy")) part.hidden = false;
  for (const box of all("[data-filter]")) box.checked = state[box.dataset.filter].has(box.value);
  sort();
  filter();
}

let version = null;

async function refresh() {
  // Whoever is about to copy something does not want it to be pulled away.
  if (document.hidden || !getSelection().isCollapsed || keys.open) return;
  let answer;
  try {
    answer = await fetch(location.pathname, { headers: { Accept: "text/html" }, cache: "no-cache" });
  } catch {}
  document.getElementById("live").hidden = !answer?.ok;
  document.getElementById("stale").hidden = Boolean(answer?.ok);
  const tag = answer?.headers.get("ETag") ?? "";
  if (!answer?.ok || tag === version) return;
  const known = version !== null;
  version = tag;
  if (known) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

function replace(page) {
  const open = all("details[open]").map((item) => item.id);
  const focused = document.activeElement?.closest(".item")?.id;
  const top = scrollY;
  document.querySelector("main").replaceWith(document.adoptNode(page.querySelector("main")));
  document.title = page.title;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  dress();
  if (focused) document.getElementById(focused)?.querySelector("summary").focus({ preventScroll: true });
  scrollTo(0, top);
}

dress();
const japanese = "live" in root.dataset && navigator.language.startsWith("ja");
speak(japanese ? "ja" : root.lang);
go();
if ("live" in root.dataset) {
  refresh();
  setInterval(refresh, 5000);
}
