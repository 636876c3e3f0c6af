// Puts the payment service's own field on the page. It gives us a token; the card itself never comes here.
const form = document.getElementById("payment");
const place = form.querySelector("[data-field]");
const pay = form.querySelector("[data-pay]");
const problem = form.querySelector("[data-problem]");

function tell(text) {
  problem.textContent = text;
}

function done({ token, problem: text }) {
  if (text) return tell(text);
  tell("");
  form.elements.token.value = token;
  pay.hidden = false;
  pay.focus();
}

try {
  const { mount } = await import(form.dataset.module);
  await mount(place, { ...JSON.parse(form.dataset.facts), label: form.dataset.label }, done);
} catch (error) {
  console.error(error);
  tell("The card field could not be loaded. Nothing was charged. Check your connection, then reload this page.");
}
