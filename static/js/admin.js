// Comforts of the product admin. Everything here works without them, with one more click.
const find = (selector, root = document) => root.querySelector(selector);
const every = (selector, root = document) => [...root.querySelectorAll(selector)];

// The first row's value goes into all rows below it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill-down]");
  if (!button) return;
  const fields = every(`[data-fill="${button.dataset.fillDown}"]`).filter((field) => !field.name.includes("__prefix__"));
  for (const field of fields.slice(1)) field.value = fields[0].value;
  fields[0]?.dispatchEvent(new Event("change", { bubbles: true }));
});

// Leaving a page with changes that nobody saved asks first.
for (const form of every("[data-unsaved], #product_form")) {
  let isChanged = false;
  form.addEventListener("change", () => (isChanged = true));
  form.addEventListener("submit", () => (isChanged = false));
  addEventListener("beforeunload", (event) => {
    if (isChanged) event.preventDefault();
  });
}

// Pictures are dropped on the box and sent with its form.
for (const form of every("[data-drop]")) {
  const input = find("input[type=file]", form);
  find("[data-drop-hint]", form).hidden = false;
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    input.files = event.dataTransfer.files;
    preview(input);
    form.requestSubmit();
  });
  input.addEventListener("change", () => preview(input));
}

// What was chosen is shown before it is sent: drawn, because pictures may come from our own address only.
async function preview(input) {
  find(".previews", input.form)?.remove();
  const box = document.createElement("div");
  box.className = "previews";
  input.after(box);
  for (const file of input.files) {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", file.name);
    box.append(canvas);
    const picture = await createImageBitmap(file).catch(() => null);
    if (!picture) continue;
    canvas.height = 100;
    canvas.width = (100 * picture.width) / picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  }
}

// Dragging a picture renumbers all of them.
for (const list of every("[data-sortable]")) {
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
    every("input[name$=-position]", list).forEach((field, index) => (field.value = index + 1));
    list.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// A click on the picture says what must stay in view.
for (const box of every("[data-focus]")) {
  const [x, y] = ["x", "y"].map((axis) => find(`[name$=-focus_${axis}]`, box.parentElement));
  const dot = find(".focus-dot", box);
  const place = () => {
    dot.style.insetInlineStart = x.value + "%";
    dot.style.insetBlockStart = y.value + "%";
  };
  place();
  box.addEventListener("click", (event) => {
    const area = box.getBoundingClientRect();
    x.value = Math.round(((event.clientX - area.left) / area.width) * 100);
    y.value = Math.round(((event.clientY - area.top) / area.height) * 100);
    place();
    x.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// Fields in tables and search boxes say what they are to those who cannot see their column.
function nameFields() {
  for (const table of every(".tabular table")) {
    const heads = every("thead th", table).map((head) => head.textContent.trim());
    for (const row of every("tbody tr.form-row", table)) {
      [...row.cells].forEach((cell, index) => {
        const column = heads[index - (row.cells.length - heads.length)] || heads[index] || "";
        for (const field of every("input:not([type=hidden]), select, textarea", cell)) {
          if (!field.labels?.length && !field.ariaLabel) field.ariaLabel = column;
        }
      });
    }
  }
  for (const box of every(".select2-selection")) {
    const select = box.closest(".related-widget-wrapper, .flex-container, td")?.querySelector("select");
    const name = select?.labels?.[0]?.textContent.trim() || select?.ariaLabel || "Choose";
    for (const part of [box, ...every("input, textarea, [role=textbox]", box)]) part.setAttribute("aria-label", name);
  }
}
addEventListener("load", () => setTimeout(nameFields));
document.addEventListener("formset:added", () => setTimeout(nameFields));

// A table that is wider than the screen is scrolled by keyboard too.
function scrollByKeyboard() {
  for (const box of every(".tabular.inline-related, .results")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}
addEventListener("load", scrollByKeyboard);
addEventListener("resize", scrollByKeyboard);
document.fonts?.ready.then(scrollByKeyboard);
