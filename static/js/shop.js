// Everything here is an enhancement: each form and each link works without it.
const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const SUGGEST_PAUSE = 180; // ms after the last key

function say(words) {
  const live = one("#live");
  live.textContent = "";
  setTimeout(() => (live.textContent = words), 50);
}

function gently(change) {
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (!document.startViewTransition || isCalm) return change();
  const transition = document.startViewTransition(change);
  // A transition that another one overtakes is no trouble: the change itself was made.
  transition.ready.catch(() => {});
  transition.finished.catch(() => {});
}

// Replace every element that carries data-swap by its twin from a page that the server rendered.
function swap(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const focused = document.activeElement?.id;
  gently(() => {
    for (const old of all("[data-swap]")) {
      const twin = fresh.getElementById(old.id);
      if (!twin) continue;
      keepOpen(old, twin);
      old.replaceWith(twin);
    }
    if (focused) one("#" + CSS.escape(focused))?.focus({ preventScroll: true });
    watchBuyButton();
  });
  const words = one("[data-say]", fresh);
  if (words) say(words.dataset.say);
}

// What somebody opened or closed stays so in the new piece.
function keepOpen(old, twin) {
  const wasOpen = new Map(all("details", old).map((box) => [one("summary", box).textContent, box.open]));
  for (const box of all("details", twin)) {
    const name = one("summary", box).textContent;
    if (wasOpen.has(name)) box.open = wasOpen.get(name);
  }
}

// More cards below the ones that are there; the link still leads to them where there is no script.
async function showMore(link) {
  const answer = await fetch(link.href, { headers: { "X-Fragment": "1" } });
  if (!answer.ok) throw answer;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const cards = all("#cards > li", fresh);
  one("#cards").append(...cards);
  // Back from a product shows as many cards as there were.
  history.replaceState({ more: (history.state?.more || 0) + 1 }, "");
  const next = one("[data-more]", fresh);
  if (next) link.href = next.getAttribute("href");
  else link.parentElement.remove();
  one("a", cards[0])?.focus({ preventScroll: true });
  say(cards.length + " more products");
}

async function showAgain(pages) {
  history.replaceState({}, "");
  const height = sessionStorage.getItem("height:" + location.href);
  for (let page = 0; page < pages && one("[data-more]"); page += 1) await showMore(one("[data-more]"));
  if (height) scrollTo(0, height);
}

addEventListener("pagehide", () => {
  if (history.state?.more) sessionStorage.setItem("height:" + location.href, scrollY);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-more]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  showMore(link).catch(orElse(() => (location = link.href)));
});

let running;
async function load(url, options = {}) {
  running?.abort();
  running = new AbortController();
  const answer = await fetch(url, { headers: { "X-Fragment": "1" }, signal: running.signal, ...options });
  if (!answer.ok) throw answer;
  swap(await answer.text());
}

// Any trouble ends in what the browser would have done without us.
function orElse(fallback) {
  return (error) => {
    if (error.name !== "AbortError") fallback();
  };
}

function submitLive(form, button) {
  const fields = new FormData(form, button);
  if (form.method === "get") {
    const url = new URL(form.action);
    url.search = new URLSearchParams([...fields].filter(([, value]) => value));
    return load(url)
      .then(() => history.pushState({}, "", url))
      .catch(orElse(() => (location = url)));
  }
  button?.setAttribute("aria-busy", "true");
  return load(form.action, { method: "POST", body: fields })
    .then(() => form.dataset.opens && one(form.dataset.opens)?.showModal())
    .catch(orElse(() => submitPlainly(form, button)))
    .finally(() => button?.removeAttribute("aria-busy"));
}

function submitPlainly(form, button) {
  form.removeAttribute("data-live");
  form.requestSubmit(button);
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-live]")) return;
  event.preventDefault();
  submitLive(event.target, event.submitter);
});

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-auto]")) submitLive(form);
  if (form?.dataset.options && event.target.type === "radio") showVariant(form);
  if (event.target.matches("[data-refresh]")) refresh(form);
});

addEventListener("popstate", () => load(location).catch(() => location.reload()));

// Another option value: price, stock and picture of that variant, under an address that can be shared.
function showVariant(form) {
  const url = new URL(form.dataset.options, location);
  for (const radio of all("input[type=radio]:checked", form)) url.searchParams.set(radio.dataset.name, radio.dataset.key);
  load(url)
    .then(() => history.replaceState({}, "", url))
    .catch(orElse(() => (location = url)));
}

// Another country: new delivery methods and totals, everything typed stays.
function refresh(form) {
  const fields = new FormData(form);
  fields.set("update", "1");
  load(form.action, { method: "POST", body: fields }).catch(() => {});
}

document.addEventListener("click", (event) => {
  const stepper = event.target.closest("[data-step]");
  if (stepper) {
    const input = one("input", stepper.parentElement);
    if (stepper.dataset.step > 0) input.stepUp();
    else input.stepDown();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  event.target.closest("[data-close]")?.closest("dialog").close();
  const dialog = event.target;
  if (dialog.matches?.("dialog.drawer") && event.clientX < dialog.getBoundingClientRect().left) dialog.close();
});

// The sticky button appears when the real one has left the screen upward.
let buyWatcher;
function watchBuyButton() {
  const button = one(".buy .btn");
  const bar = one(".bar");
  buyWatcher?.disconnect();
  if (!button || !bar) return;
  buyWatcher = new IntersectionObserver(([seen]) => bar.classList.toggle("on", !seen.isIntersecting), {
    rootMargin: "0px 0px 99999px",
  });
  buyWatcher.observe(button);
}

// Search suggestions: a combobox with a listbox popup, as the ARIA practices describe it.
function suggestFor(input) {
  const list = one("#" + input.getAttribute("aria-controls"));
  const options = () => all("[role=option]", list);
  let timer;
  let chosen = -1;

  const hide = () => {
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (index) => {
    chosen = index;
    options().forEach((option, position) => option.setAttribute("aria-selected", position === index));
    input.setAttribute("aria-activedescendant", options()[index].id);
  };
  const show = async (words) => {
    const answer = await fetch(input.dataset.suggest + encodeURIComponent(words));
    if (answer.status === 429) say(await answer.text());
    if (!answer.ok) return hide();
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.replaceChildren(...fresh.body.children);
    chosen = -1;
    input.setAttribute("aria-expanded", String(options().length > 0));
    say(options().length + " suggestions");
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    const words = input.value.trim();
    if (words.length < 2) return hide();
    timer = setTimeout(() => show(words).catch(hide), SUGGEST_PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    const count = options().length;
    if (!count) return;
    if (event.key === "Escape") hide();
    else if (event.key === "ArrowDown") choose((chosen + 1) % count);
    else if (event.key === "ArrowUp") choose((chosen - 1 + count) % count);
    else if (event.key === "Enter" && chosen >= 0) one("a", options()[chosen]).click();
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => setTimeout(hide, 150));
}

all("[data-suggest]").forEach(suggestFor);
if (history.state?.more) showAgain(history.state.more).catch(() => {});
watchBuyButton();
one(".errors")?.focus();
