// The payment field: one button, which opens the gateway's own card form (AcceptUI.js) over the page. The card goes
// from that form to the gateway; this page gets a token that can be charged once, within 15 minutes.

const ANSWER = "arumaldoCardAnswer";
const PROBLEMS = {
  E_WC_02: "Card details can only be entered over a secure connection. Nothing was charged. Please write to us.",
  E_WC_05: "The card number is not valid. Nothing was charged. Please check it and enter the card again.",
  E_WC_06: "The expiry date is not valid. Nothing was charged. Please check it and enter the card again.",
  E_WC_07: "The expiry date is not valid. Nothing was charged. Please check it and enter the card again.",
  E_WC_08: "This card has expired. Nothing was charged. Please use another card.",
  E_WC_15: "The security code is not valid. Nothing was charged. Please check it and enter the card again.",
};
const NOT_ACCEPTED = "The card details were not accepted. Nothing was charged. Please enter the card again.";
const OUT_OF_REACH = "The card form cannot be loaded. Nothing was charged. Check your connection and press the button again.";

/** Draw into `place`; `done` gets {token} for each card that was entered, or {problem} with a sentence. */
export function mount(place, facts, done) {
  addStyle();
  const button = drawButton(facts);
  const note = drawNote();
  place.replaceChildren(button, note);

  let last = null;
  // The gateway's script wants the name of a global function.
  window[ANSWER] = (answer) => {
    const { token, problem } = understand(answer);
    // Each copy of the gateway's script that was ever loaded hands the same answer on.
    if (token && token === last) return;
    last = token;
    note.textContent = token ? ready(answer) : "";
    if (token) button.textContent = "Use another card";
    done(token ? { token } : { problem });
  };
  load(facts.script, button, done);
}

function understand(answer) {
  const data = answer?.opaqueData;
  if (answer?.messages?.resultCode === "Ok" && data?.dataDescriptor && data?.dataValue) {
    return { token: `${data.dataDescriptor}:${data.dataValue}` };
  }
  const codes = (answer?.messages?.message ?? []).map((message) => PROBLEMS[message.code]);
  return { problem: codes.find(Boolean) ?? NOT_ACCEPTED };
}

function ready(answer) {
  const digits = (answer.encryptedCardData?.cardNumber ?? "").replace(/\D/g, "").slice(-4);
  return digits ? `The card ending in ${digits} is ready.` : "The card is ready.";
}

// The gateway's script looks for its button once, when it is loaded: so the button comes first, and a field that is
// drawn anew loads the script anew.
function load(address, button, done) {
  for (const old of document.querySelectorAll("script[data-card-form], #AcceptUIContainer, #AcceptUIBackground")) {
    old.remove();
  }
  button.disabled = true;
  const script = document.createElement("script");
  script.src = address;
  script.charset = "utf-8";
  script.dataset.cardForm = "";
  script.addEventListener("load", () => {
    // It begins its work when the whole page is there.
    if (document.readyState === "complete") button.disabled = false;
    else window.addEventListener("load", () => (button.disabled = false));
  });
  script.addEventListener("error", () => {
    button.disabled = false;
    button.addEventListener("click", () => load(address, button, done), { once: true });
    done({ problem: OUT_OF_REACH });
  });
  document.head.append(script);
}

function drawButton(facts) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "AcceptUI btn btn-primary";
  button.textContent = "Enter card details";
  const told = {
    apiLoginID: facts.login,
    clientKey: facts.client_key,
    acceptUIFormBtnTxt: "Use this card",
    acceptUIFormHeaderTxt: "Card details",
    billingAddressOptions: JSON.stringify({ show: false, required: false }),
    paymentOptions: JSON.stringify({ showCreditCard: true, showBankAccount: false }),
    responseHandler: ANSWER,
  };
  for (const [name, value] of Object.entries(told)) button.setAttribute(`data-${name}`, value);
  button.setAttribute("aria-haspopup", "dialog");
  return button;
}

function drawNote() {
  const note = document.createElement("p");
  note.className = "form-hint mt-2";
  note.setAttribute("role", "status");
  return note;
}

function addStyle() {
  const address = new URL("field.css", import.meta.url).href;
  if (document.querySelector(`link[href="${address}"]`)) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = address;
  document.head.append(link);
}
