// Light, dark, or as the system has it.
import { byId } from "./dom.js";

const NAME = "pyexecd.theme";
const NEXT = { system: "light", light: "dark", dark: "system" };

export function startTheme() {
  const button = byId("theme-button");
  let theme = document.documentElement.dataset.theme ?? "system";
  const show = () => {
    button.textContent = `Theme: ${theme}`;
  };
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
      if (theme === "system") localStorage.removeItem(NAME);
      else localStorage.setItem(NAME, theme);
    } catch {
      // it holds until the page is left
    }
    show();
  });
  show();
}
