// A rich text editor over each textarea[data-rich]. The textarea keeps the HTML, so its form works as without a script.
// The server cleans what is sent (catalog/rich_text.py); this file only keeps the HTML tidy.
(() => {
  const TOOLS = [
    ["Bold", "bold"],
    ["Italic", "italic"],
    ["Heading", "formatBlock", "h2"],
    ["Subheading", "formatBlock", "h3"],
    ["Paragraph", "formatBlock", "p"],
    ["List", "insertUnorderedList"],
    ["Numbers", "insertOrderedList"],
    ["Quote", "formatBlock", "blockquote"],
    ["Link", "createLink"],
    ["No link", "unlink"],
    ["Plain", "removeFormat"],
  ];
  const KEPT = /^(href|title|dir|lang|colspan|rowspan|scope|start)$/;
  const DROPPED = "script,style,iframe,object,embed,template,noscript,svg,math,form,img,video,audio,link,meta";
  const UNWRAPPED = "span,font,div,section,article";

  // The nodes of the HTML without anything that could run, load or restyle.
  const tidy = (html) => {
    const plain = html.replace(/\s(?:style|on\w+)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, "");
    const { body } = new DOMParser().parseFromString(plain, "text/html");
    body.querySelectorAll(DROPPED).forEach((element) => element.remove());
    body.querySelectorAll(UNWRAPPED).forEach((element) => element.replaceWith(...element.childNodes));
    for (const element of body.querySelectorAll("*")) {
      for (const { name } of [...element.attributes]) if (!KEPT.test(name)) element.removeAttribute(name);
    }
    body.querySelectorAll("p:empty").forEach((element) => element.remove());
    return body;
  };

  const button = (label, action) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn sm";
    made.textContent = label;
    made.addEventListener("mousedown", (event) => event.preventDefault()); // the caret stays where it is
    made.addEventListener("click", action);
    return made;
  };

  const edit = (area) => {
    const label = area.labels[0];
    const box = document.createElement("div");
    const tools = document.createElement("div");
    const text = document.createElement("div");
    box.className = "rich";
    tools.className = "rich-tools";
    tools.setAttribute("role", "toolbar");
    tools.setAttribute("aria-label", `Format: ${label?.textContent.trim().replace(/:$/, "") ?? "text"}`);
    text.className = "rich-text rich-body";
    text.contentEditable = "true";
    text.setAttribute("role", "textbox");
    text.setAttribute("aria-multiline", "true");
    text.setAttribute("aria-label", label?.textContent.trim().replace(/:$/, "") ?? "Text");
    if (area.getAttribute("aria-describedby")) {
      text.setAttribute("aria-describedby", area.getAttribute("aria-describedby"));
    }

    const show = () => text.replaceChildren(...tidy(area.value).childNodes);
    const keep = () => {
      area.value = text.textContent.trim() ? tidy(text.innerHTML).innerHTML : "";
      area.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const run = (command, value) => {
      text.focus();
      if (command === "createLink") {
        value = prompt("Where does the link go? A path like /help/returns/, or a URL.");
        if (!value) return;
      }
      document.execCommand("styleWithCSS", false, false);
      document.execCommand(command, false, value);
      keep();
    };

    for (const [name, command, value] of TOOLS) tools.append(button(name, () => run(command, value)));
    const source = button("HTML", () => {
      const isSource = area.hidden;
      if (!isSource) show();
      area.hidden = !isSource;
      text.hidden = isSource;
      source.setAttribute("aria-pressed", String(isSource));
    });
    source.setAttribute("aria-pressed", "false");
    tools.append(source);

    text.addEventListener("focus", () => document.execCommand("defaultParagraphSeparator", false, "p"));
    text.addEventListener("input", keep);
    text.addEventListener("paste", (event) => {
      event.preventDefault();
      const html = event.clipboardData.getData("text/html");
      if (html) document.execCommand("insertHTML", false, tidy(html).innerHTML);
      else document.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
    });
    text.addEventListener("drop", (event) => event.preventDefault());

    show();
    area.before(box);
    box.append(tools, text, area);
    area.hidden = true;
    label?.addEventListener("click", () => text.hidden || text.focus());
  };

  document.querySelectorAll("textarea[data-rich]").forEach((area) => area.name.includes("__prefix__") || edit(area));
})();
