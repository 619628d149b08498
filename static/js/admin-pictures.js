// Pictures of products at the desk: dropped, previewed, pointed at and edited in a dialog. It follows admin.js.

// Pictures are dropped on the box and sent with its form.
function dropPictures(form) {
  const input = $("input[type=file]", form);
  $("[data-drop-hint]", form).hidden = false;
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    input.files = event.dataTransfer.files;
    showChosen(input);
    form.requestSubmit();
  });
  input.addEventListener("change", () => showChosen(input));
}

// What was chosen is shown before it is sent: drawn, because pictures may come from our own address only.
async function showChosen(input) {
  $(".previews", input.form)?.remove();
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

// A click on the picture says what must stay in view.
function placeFocus(box) {
  const [x, y] = ["x", "y"].map((axis) => $(`[name$=focus_${axis}]`, box.parentElement));
  const dot = $(".focus-dot", box);
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

// A link opens the form that it leads to in a dialog. Saved there, the pictures of this page are read again.
function openSheets() {
  const sheet = document.createElement("dialog");
  document.body.append(sheet);
  const show = async (answer) => {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = $("[data-sheet]", page);
    if (form) {
      sheet.replaceChildren(form);
      $$("[data-focus]", form).forEach(placeFocus);
      if (!sheet.open) sheet.showModal();
      return;
    }
    if (!$(".pics", page)) return location.reload();
    for (const old of $$(".pics figure")) old.remove();
    $(".pics").prepend(...$$(".pics figure", page));
    sheet.close();
    $(".pics :is(a, input)").focus();
    say($(".messagelist", page)?.textContent.trim() || "");
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]") && sheet.open) sheet.close();
    else if (event.target.closest("[data-opens]")) fetch(event.target.closest("[data-opens]").href).then(show);
    else return;
    event.preventDefault();
  });
  sheet.addEventListener("submit", (event) => {
    event.preventDefault();
    fetch(event.target.action, { method: "POST", body: new FormData(event.target, event.submitter) }).then(show);
  });
}

document.addEventListener("DOMContentLoaded", () => {
  openSheets();
  $$("[data-drop]").forEach(dropPictures);
  $$("[type=file][data-chosen]").forEach((input) => input.addEventListener("change", () => showChosen(input)));
  $$("[data-focus]").forEach(placeFocus);
});
