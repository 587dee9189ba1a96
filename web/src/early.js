// Before the first paint: the colours that were chosen last time.
try {
  const theme = localStorage.getItem("pyexecd.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // storage is closed to this page: the system's colours
}
