// Loaded before anything is painted, so that nobody who likes it dark sees a white flash.
const dark = matchMedia("(prefers-color-scheme: dark)");
const apply = () => { document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light"; };
apply();
dark.addEventListener("change", apply);
