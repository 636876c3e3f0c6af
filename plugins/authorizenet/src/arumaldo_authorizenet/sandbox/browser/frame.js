// The card form inside the gateway's own frame. What is typed here goes to the gateway, and to nobody else.

const hello = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const parentOrigin = hello.pktData;
const api = new URL("../../xml/v1/request.api", location.href);

const form = document.querySelector("form");
const fields = Object.fromEntries(["number", "expiry", "code"].map((name) => [name, document.getElementById(name)]));
const submit = form.querySelector("button.main");
let account = null;

function tell(type, pktData) {
  window.parent.postMessage({ verifyOrigin: "AcceptMain", type, pktData }, parentOrigin);
}

window.addEventListener("message", (event) => {
  if (event.origin !== parentOrigin || event.source !== window.parent) return;
  if (event.data?.verifyOrigin !== "AcceptUI" || event.data.type !== "INIT") return;
  account = event.data.pktData;
  if (account.acceptUIFormHeaderTxt) form.querySelector("h1").textContent = account.acceptUIFormHeaderTxt;
  if (account.acceptUIFormBtnTxt) submit.textContent = account.acceptUIFormBtnTxt;
  fields.number.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") tell("CLOSE_IFRAME");
});
document.getElementById("cancel").addEventListener("click", () => tell("CLOSE_IFRAME"));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const card = read();
  const wrong = Object.entries(judge(card));
  for (const name of Object.keys(fields)) mark(name, "");
  say("");
  for (const [name, why] of wrong) mark(name, why);
  if (wrong.length) fields[wrong[0][0]].focus();
  else tokenise(card);
});

function read() {
  const digits = (text) => text.replace(/[^0-9]/g, "");
  const [, month = "", year = ""] = /^\s*(\d{1,2})\s*[/ .-]?\s*(\d{2}|\d{4})\s*$/.exec(fields.expiry.value) ?? [];
  return {
    number: digits(fields.number.value),
    month: month.padStart(2, "0"),
    year: year.length === 2 ? `20${year}` : year,
    code: fields.code.value.trim(),
  };
}

function judge(card) {
  const wrong = {};
  if (!card.number) wrong.number = "Enter the card number.";
  else if (!passesCheck(card.number)) wrong.number = "This is not a card number. Check the digits.";
  const now = new Date();
  const month = Number(card.month);
  if (!card.year) wrong.expiry = "Enter month and year, such as 09/29.";
  else if (month < 1 || month > 12) wrong.expiry = "There is no such month. Enter month and year, such as 09/29.";
  else if (new Date(Number(card.year), month, 1) <= now) wrong.expiry = "This card has expired. Use another card.";
  if (!/^\d{3,4}$/.test(card.code)) wrong.code = "Enter the three or four digits.";
  return wrong;
}

function passesCheck(number) {
  if (number.length < 13 || number.length > 16) return false;
  const sum = [...number].reverse().reduce((total, sign, place) => {
    const digit = Number(sign) * (place % 2 ? 2 : 1);
    return total + (digit > 9 ? digit - 9 : digit);
  }, 0);
  return sum % 10 === 0;
}

async function tokenise(card) {
  submit.disabled = true;
  try {
    const answer = await ask(card);
    if (answer.messages.resultCode === "Ok") tell("RESPONSE", { ...answer, encryptedCardData: shown(card) });
    else say("The card was not accepted. Nothing was charged. Check the details, or use another card.");
  } catch {
    say("The payment service cannot be reached. Nothing was charged. Please try again in a minute.");
  }
  submit.disabled = false;
}

async function ask(card) {
  const token = { cardNumber: card.number, expirationDate: `${card.month}${card.year}`, cardCode: card.code };
  const request = {
    securePaymentContainerRequest: {
      merchantAuthentication: { name: account.apiLoginID, clientKey: account.clientKey },
      data: { type: "TOKEN", id: crypto.randomUUID(), token },
    },
  };
  const headers = { "content-type": "application/json" };
  const answer = await fetch(api, { method: "POST", headers, body: JSON.stringify(request) });
  return answer.json();
}

function shown(card) {
  return { cardNumber: `XXXX${card.number.slice(-4)}`, expDate: `${card.month}/${card.year.slice(-2)}` };
}

function mark(name, why) {
  document.getElementById(`${name}-error`).textContent = why;
  fields[name].setAttribute("aria-invalid", why ? "true" : "false");
}

function say(what) {
  document.getElementById("form-error").textContent = what;
}

tell("ACK");
