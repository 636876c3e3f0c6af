// A pressed button says at once what is being done, and cannot be pressed twice.
export function sayWhatIsDone() {
  document.addEventListener("submit", (event) => {
    const { form = event.target } = event;
    const button = event.submitter ?? form.querySelector("button:not([type=button])");
    if (!form.dataset.busy || !button) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    button.dataset.label = button.textContent;
    button.textContent = `${form.dataset.busy}…`;
    button.setAttribute("aria-disabled", "true");
  });
  // back in the history: the page as it was, so the button as it was
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      const button = form.querySelector("[aria-disabled]");
      button.textContent = button.dataset.label;
      button.removeAttribute("aria-disabled");
    }
  });
}
