"""The desk by keyboard alone: each key that moves the focus also checks that staff can see where it is."""

from playwright.sync_api import Page

MAX_STOPS = 80  # Tab presses from the first element of a page to any other one
# What is wrong with the focus as it is shown, or nothing. Text fields and boxes may also show it by their own border.
FAULT = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return "the focus is lost";
  const name = element.outerHTML.slice(0, 120);
  const box = element.getBoundingClientRect();
  if (!box.width || !box.height) return `nothing to see of ${name}`;
  const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height / 2, 20)];
  if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) return `outside of the window: ${name}`;
  const top = document.elementFromPoint(x, y);
  if (!element.contains(top) && !top?.contains(element)) {
    if (![...(element.labels ?? [])].some((label) => label.contains(top))) {
      return `covered by ${top?.outerHTML.slice(0, 80)}: ${name}`;
    }
  }
  for (let shown = element; shown && shown !== document.body; shown = shown.parentElement) {
    const style = getComputedStyle(shown);
    if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) return "";
  }
  return `no focus ring: ${name}`;
}"""


class Keyboard:
    """The keys of somebody without a mouse, and the faults that they meet."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        self.presses = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.presses += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.presses += len(text)

    def replace(self, text: str) -> None:
        """Type over what the focused field holds."""
        self.press("Control+a")
        self.type(text)

    def tab_to(self, selector: str, key: str = "Tab") -> None:
        """Press Tab until the focus is there."""
        for _stop in range(MAX_STOPS):
            if self.is_on(selector):
                return
            self.press(key)
            self.look()
        raise AssertionError(
            f"{self.page.url}: {selector} cannot be reached by {key}; the focus is on {self.focused()}"
        )

    def go(self, selector: str) -> None:
        """Go to this link or button and press Enter."""
        self.tab_to(selector)
        self.press("Enter")

    def skip_to_content(self) -> None:
        """Go past the navigation, by the link that comes first on a page, unless the page has put the focus there."""
        if self.page.locator("main:focus-within").count():
            return
        self.press("Tab")
        self.look()
        assert self.is_on(".skip-to-content-link"), self.focused()
        self.press("Enter")
        assert self.is_on("#content-start"), self.focused()

    def is_on(self, selector: str) -> bool:
        return self.page.locator(f":focus:is({selector})").count() > 0

    def focused(self) -> str:
        return self.page.evaluate("document.activeElement.outerHTML.slice(0, 200)")

    def look(self) -> None:
        """Note whether the focus cannot be seen."""
        fault = self.page.evaluate(FAULT)
        if fault:
            self.faults.append(f"{self.page.url}: {fault}")
