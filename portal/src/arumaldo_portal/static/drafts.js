// What is being typed survives a reload, a crash, a log-in in between and the Back button, in this tab alone.
const SENT = "draft sent";
const key = (form, field) => `draft ${form} ${field.name}`;
const fields = (form) => form.querySelectorAll("textarea[name], input[name]:not([type=hidden], [type=radio], [type=password])");
const known = new WeakSet();

// A form that was sent, and led to a page without it, was taken; an error page or the log-in says that it was not.
function forgetWhatWasTaken() {
  const sent = sessionStorage.getItem(SENT);
  if (sent === null) return;
  sessionStorage.removeItem(SENT);
  if ("notDone" in document.body.dataset || document.querySelector(`form[data-draft="${CSS.escape(sent)}"]`)) return;
  for (const name of Object.keys(sessionStorage)) {
    if (name.startsWith(`draft ${sent} `)) sessionStorage.removeItem(name);
  }
}

export function keepDrafts() {
  forgetWhatWasTaken();
  for (const form of document.querySelectorAll("form[data-draft]")) {
    if (known.has(form)) continue;
    known.add(form);
    const { draft } = form.dataset;
    for (const field of fields(form)) {
      const typed = sessionStorage.getItem(key(draft, field));
      if (typed !== null && !field.disabled) field.value = typed;
      field.addEventListener("input", () => sessionStorage.setItem(key(draft, field), field.value));
    }
    form.addEventListener("submit", () => sessionStorage.setItem(SENT, draft));
  }
}
