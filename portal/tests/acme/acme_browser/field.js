export function mount(place, facts, done) {
  const label = document.createElement("label");
  label.textContent = "Card ";
  const input = document.createElement("input");
  input.className = "form-control";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-primary";
  button.textContent = "Use this card";
  button.addEventListener("click", () => done(input.value ? { token: input.value } : { problem: "Enter a card first." }));
  label.append(input);
  place.replaceChildren(label, button);
}
