// The desk: Django's admin. Every page works without this file; it only adds conveniences.
const root = document.documentElement;
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const UNSAVED = "form[data-guard], form[data-unsaved], #product_form";

// Browsers may forbid storage.
const stored = (key) => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};
const store = (key, value) => {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
};

// Before the first paint: theme and sidebar as last chosen.
root.dataset.js = "";
if (stored("theme")) root.dataset.theme = stored("theme");
if (stored("side")) root.dataset.side = stored("side");

const say = (text) => ($("#live").textContent = text);

function afterPause(action, milliseconds) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

async function replaceWith(target, url, options) {
  const answer = await fetch(url, { headers: { "X-Fragment": "1" }, credentials: "same-origin", ...options });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  target.replaceChildren(...page.body.childNodes);
}

function chooseTheme() {
  for (const button of $$("[data-theme-set]")) {
    button.addEventListener("click", () => {
      const theme = button.dataset.themeSet;
      store("theme", theme);
      if (theme) root.dataset.theme = theme;
      else delete root.dataset.theme;
    });
  }
}

function tuckSidebar() {
  const button = $(".tuck");
  const show = () => button.setAttribute("aria-expanded", String(root.dataset.side !== "small"));
  if (!button) return;
  button.addEventListener("click", () => {
    root.dataset.side = root.dataset.side === "small" ? "" : "small";
    store("side", root.dataset.side);
    show();
  });
  show();
}

// Escape closes a menu, and so does whoever goes elsewhere with mouse or keyboard.
function closeMenus() {
  for (const leaving of ["click", "focusin"]) {
    document.addEventListener(leaving, (event) => {
      for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
      if (!$(".find")?.contains(event.target)) $("#found")?.replaceChildren();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of $$("details.menu[open]")) {
      menu.open = false;
      $("summary", menu).focus();
    }
  });
}

// Results by type below the search box; Enter still opens the page of results.
function suggest() {
  const box = $("#q");
  const found = $("#found");
  if (!box?.dataset.suggest) return;
  const ask = () => replaceWith(found, box.dataset.suggest + encodeURIComponent(box.value));
  const later = afterPause(() => (box.value.trim().length > 1 ? ask() : found.replaceChildren()), 200);
  box.addEventListener("input", later);
  box.form.addEventListener("keydown", (event) => {
    const hits = $$("a", found);
    const at = hits.indexOf(document.activeElement);
    if (event.key === "Escape") {
      found.replaceChildren();
      box.focus();
    }
    if (event.key === "ArrowDown" && hits.length) {
      event.preventDefault();
      hits[Math.min(at + 1, hits.length - 1)].focus();
    }
    if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (at ? hits[at - 1] : box).focus();
    }
  });
}

// Rows of a list: a counter, the whole page, and ranges with Shift.
function selectRows(form) {
  const boxes = $$(".c-check input[name], .action-select", form);
  const all = $("[data-all], #action-toggle", form);
  const bar = $(".bulk", form);
  let last = null;
  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    bar?.classList.toggle("on", count > 0);
    if (bar) $("b", bar).textContent = `${count} selected`;
    if (count) say(`${count} selected`);
    if (!all) return;
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  };
  const set = (some, isChecked) => {
    for (const box of some) box.checked = isChecked;
    show();
  };
  boxes.forEach((box, index) => {
    box.addEventListener("click", (event) => {
      const range =
        event.shiftKey && last !== null ? boxes.slice(Math.min(index, last), Math.max(index, last) + 1) : [];
      last = index;
      set(range, box.checked);
    });
  });
  all?.addEventListener("change", () => set(boxes, all.checked));
  $("[data-clear]", form)?.addEventListener("click", (event) => {
    event.preventDefault();
    set(boxes, false);
    (boxes[last] ?? all)?.focus(); // the button is gone with its bar
  });
  show();
}

// A form that asks the server what it would do.
function preview(form) {
  const target = document.getElementById(form.dataset.into);
  const ask = () => {
    const body = new FormData(form);
    if ("livePost" in form.dataset) replaceWith(target, form.dataset.live, { method: "POST", body });
    else replaceWith(target, `${form.dataset.live}?${new URLSearchParams(body)}`);
  };
  const askSoon = afterPause(ask, 300);
  // Its fields may stand outside of it.
  addEventListener("input", (event) => event.target.form === form && askSoon());
}

// A search box lists what it finds while somebody types; what is checked moves to what is chosen.
function pick(box) {
  const [search, chosen, hits] = ["[data-find]", "[data-chosen]", "[data-hits]"].map((part) => $(part, box));
  const find = async () => {
    await replaceWith(hits, `${box.dataset.picker}&${new URLSearchParams({ term: search.value })}`);
    const taken = $$("input[name]", chosen).map((input) => input.value);
    for (const input of $$("label input", hits)) if (taken.includes(input.value)) input.closest("li").remove();
    say(`${hits.children.length} found`);
  };
  const findSoon = afterPause(find, 250);
  search.addEventListener("input", (event) => {
    event.stopPropagation();
    findSoon();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    find();
  });
  hits.addEventListener("change", (event) => {
    if (!event.target.checked) return;
    if (event.target.type === "radio") chosen.replaceChildren();
    chosen.append(event.target.closest("li"));
    event.target.focus();
  });
}

// Leaving a page with changes that nobody saved asks first.
function guard(form) {
  let isChanged = false;
  form.addEventListener("input", () => {
    isChanged = true;
    const line = $("[data-say]", form);
    if (line) line.textContent = "Unsaved changes";
  });
  form.addEventListener("change", () => (isChanged = true));
  form.addEventListener("submit", () => (isChanged = false));
  addEventListener("beforeunload", (event) => {
    if (isChanged) event.preventDefault();
  });
}

// Plus and minus, and a scanner that counts.
function count(row, change) {
  const input = $("input[data-count]", row);
  const output = $("output", row);
  const max = Number(input.max || 9999);
  input.value = Math.max(0, Math.min(max, Number(input.value) + change));
  if (output) output.textContent = `${input.value} of ${max}`;
  row.classList.toggle("full", input.max !== "" && Number(input.value) === max);
  say(`${row.dataset.name}: ${input.value}`);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function countRows() {
  for (const button of $$("[data-step]")) {
    button.addEventListener("click", () => count(button.closest("[data-code]"), Number(button.dataset.step)));
  }
  $("[data-scan]")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const input = event.target;
    const code = input.value.trim();
    if (!code) return;
    const rows = $$("[data-code]");
    const row =
      rows.find((one) => one.dataset.code.toUpperCase().split("\n").includes(code.toUpperCase())) ??
      rows.find((one) => !one.dataset.code && takeCode(one, code));
    // A code that has no row, and no empty one to go into, is for the server.
    if (!row) return input.form.requestSubmit($("button[name=add]", input.form));
    count(row, 1);
    input.value = "";
  });
}

// Write a scanned code into an empty row, so that the next scan of it counts there.
function takeCode(row, code) {
  const input = $("input[name=code]", row);
  if (!input || input.value) return false;
  input.value = code;
  row.dataset.code = code;
  row.dataset.name = code;
  return true;
}

function copyTexts() {
  for (const button of $$("[data-copy]")) {
    button.addEventListener("click", () =>
      navigator.clipboard?.writeText(button.dataset.copy).then(() => say("Copied")),
    );
  }
}

// Single keys can be switched off in the list of keys (WCAG 2.1.4).
const singleKeysAreOn = (event) =>
  !(event.metaKey || event.ctrlKey || event.altKey) &&
  !event.target.matches("input:not([type=checkbox]), select, textarea, [contenteditable]") &&
  !$("#keys")?.open &&
  stored("keys") !== "off";

function listKeys() {
  const dialog = $("#keys");
  const single = $("#single");
  if (!dialog) return;
  single.checked = stored("keys") !== "off";
  single.addEventListener("change", () => store("keys", single.checked ? "on" : "off"));
  for (const button of $$("[data-keys]")) button.addEventListener("click", () => dialog.showModal());
}

const FOLLOW_PAUSE = 2000;
const SECOND_KEY = 900; // milliseconds after "g"
let went = 0;

function pressKey(event) {
  const box = $("#q");
  const isCommand = event.metaKey || event.ctrlKey;
  const form = $(UNSAVED);
  if (isCommand && event.key === "s" && form) {
    event.preventDefault();
    form.requestSubmit();
  } else if (isCommand && event.key === "k") {
    event.preventDefault();
    box?.focus();
  } else if (singleKeysAreOn(event)) pressSingleKey(event, box);
}

function pressSingleKey(event, box) {
  const link = Date.now() - went < SECOND_KEY && $(`[data-go="${CSS.escape(event.key)}"]`);
  went = event.key === "g" ? Date.now() : 0;
  if (link) {
    event.preventDefault();
    link.click();
  } else if (event.key === "/") {
    event.preventDefault();
    box?.focus();
    box?.select();
  } else if (event.key === "?") $("#keys")?.showModal();
  else moveInRows(event.key);
}

// j and k move between the links of a list's rows, which Enter opens, x selects the row, and a goes to the actions.
function moveInRows(key) {
  const links = $$("main :is(tbody .name, #result_list tbody th a, .hits a)");
  const rows = links.map((link) => link.closest("tr, li"));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  if (key === "x") $("[type=checkbox]", rows[at] ?? root.cloneNode())?.click();
  else if (key === "a") $(".bulk.on button")?.focus();
  else if (key === "j") links[Math.min(at + 1, links.length - 1)]?.focus();
  else if (key === "k") links[Math.max(at - 1, 0)]?.focus();
}

// The first row's value goes into all rows below it.
function fillDown(event) {
  const button = event.target.closest("[data-fill-down]");
  if (!button) return;
  const fields = $$(`[data-fill="${button.dataset.fillDown}"]`).filter((field) => !field.name.includes("__prefix__"));
  for (const field of fields.slice(1)) field.value = fields[0].value;
  fields[0]?.dispatchEvent(new Event("change", { bubbles: true }));
}

// Dragging a picture renumbers all of them.
function sortByDrag(list) {
  let dragged;
  list.addEventListener("dragstart", (event) => (dragged = event.target.closest("li")));
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("li");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    over[event.clientY > box.top + box.height / 2 ? "after" : "before"](dragged);
  });
  list.addEventListener("drop", (event) => event.preventDefault());
  list.addEventListener("dragend", () => {
    dragged = undefined;
    $$("input[name$=-position]", list).forEach((field, index) => (field.value = index + 1));
    list.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// Fields in tables and search boxes say what they are to those who cannot see their column.
function nameFields() {
  for (const table of $$(".tabular table")) {
    const heads = $$("thead th", table).map((head) => head.textContent.trim());
    for (const row of $$("tbody tr.form-row", table)) {
      [...row.cells].forEach((cell, index) => {
        const column = heads[index - (row.cells.length - heads.length)] || heads[index] || "";
        for (const field of $$("input:not([type=hidden]), select, textarea", cell)) {
          if (!field.labels?.length && !field.ariaLabel) field.ariaLabel = column;
        }
      });
    }
  }
  for (const hint of $$(".help-tooltip")) hint.setAttribute("role", "img");
  for (const box of $$(".select2-selection")) {
    const select = box.closest(".related-widget-wrapper, .flex-container, td")?.querySelector("select");
    const name = select?.labels?.[0]?.textContent.trim() || select?.ariaLabel || "Choose";
    for (const part of [box, ...$$("input, textarea, [role=textbox]", box)]) part.setAttribute("aria-label", name);
  }
}

// A table that is wider than the screen is scrolled by keyboard too.
function scrollByKeyboard() {
  for (const box of $$(".tabular.inline-related, .results")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

// The keyboard begins in the first wrong field, at what the server answered, or in the form that the page is for.
function placeKeyboard() {
  const main = $("#content-start");
  // Its fragment would stay in the URL, and take the focus from the answer to the next form.
  $(".skip-to-content-link").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  if (![document.body, main].includes(document.activeElement)) return;
  const answer =
    $("[aria-invalid=true]", main) ??
    $(".errornote, [role=alert], .messagelist:has(.error, .warning)", main) ??
    $("[data-begin] :is(input:not([type=hidden]), select, textarea)", main) ??
    $(".messagelist", main);
  if (!answer) return;
  for (const box of $$("details", main)) box.open ||= box.contains(answer);
  if (answer.tabIndex < 0) answer.tabIndex = -1;
  answer.focus();
}

// A page that waits for a worker asks again, until it waits no more, and the focus stays.
async function follow() {
  const main = $("#content-start");
  const stops = () => $$("a, button, summary", main);
  const answer = await fetch(location.href).catch(() => ({}));
  if (answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const at = stops().indexOf(document.activeElement);
    main.replaceChildren(...$("#content-start", page).childNodes);
    stops()[at]?.focus();
    say($("[role=status]", main)?.textContent ?? "");
  }
  if ($("[data-follow]", main)) setTimeout(follow, FOLLOW_PAUSE);
}

document.addEventListener("DOMContentLoaded", () => {
  for (const start of [chooseTheme, tuckSidebar, closeMenus, suggest, countRows, copyTexts, listKeys]) start();
  $$("form[data-select]").forEach(selectRows);
  $$("form[data-live]").forEach(preview);
  $$(UNSAVED).forEach(guard);
  $$("[data-picker]").forEach(pick);
  $$("[data-sortable]").forEach(sortByDrag);
  if ($("[data-follow]")) setTimeout(follow, FOLLOW_PAUSE);
  document.addEventListener("keydown", pressKey);
  document.addEventListener("click", fillDown);
  placeKeyboard();
  document.addEventListener("formset:added", () => setTimeout(nameFields));
  document.fonts?.ready.then(scrollByKeyboard);
});
// Django's own scripts make their search boxes first.
addEventListener("load", () => {
  setTimeout(nameFields);
  scrollByKeyboard();
});
addEventListener("resize", scrollByKeyboard);
