// A live page is told only that there is news, and fetches itself again. One stream per visible tab.
const POLL = 4000;
let stream = null;
let timer = null;
let fetching = null;
let again = false;

const region = () => document.querySelector("main[data-live]");

function stop() {
  stream?.close();
  stream = null;
  clearTimeout(timer);
  timer = null;
}

function start(dress) {
  if (!region() || document.hidden || stream) return;
  stream = new EventSource("/events");
  stream.onopen = stream.onmessage = () => refresh(dress);
  stream.onerror = () => {
    if (stream?.readyState !== EventSource.CLOSED) return;  // the browser opens it again by itself
    stop();
    timer = setTimeout(() => refresh(dress).then(() => start(dress)), POLL);
  };
}

async function refresh(dress) {
  if (fetching) {
    again = true;
    return fetching;
  }
  fetching = show(dress).catch(() => {});  // offline for a moment: the next event tries again
  await fetching;
  fetching = null;
  if (again) {
    again = false;
    await refresh(dress);
  }
}

async function show(dress) {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (answer.redirected) return location.assign(answer.url);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const here = region();
  const there = fresh.querySelector("main");
  if (!here || !there) return;
  if (here.dataset.live === "reload") {
    if (!("live" in there.dataset)) location.reload();
    return;
  }
  swap(here, there, fresh);
  dress();
  if (!region()) stop();
}

function swap(here, there, fresh) {
  const said = there.querySelector("[data-status]")?.textContent.trim();
  const focused = document.activeElement?.id;
  const news = said && said !== here.querySelector("[data-status]")?.textContent.trim();
  update(here, there);
  if ("live" in there.dataset) here.dataset.live = there.dataset.live;
  else delete here.dataset.live;
  document.title = fresh.title;
  const [stages, newStages] = [document.querySelector(".stages"), fresh.querySelector(".stages")];
  if (stages && newStages) stages.replaceWith(newStages);
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  if (news) document.getElementById("announcement").textContent = said;
}

// Replaces what differs and leaves alone what does not, so that a frame does not load again and a wheel turns on.
function update(here, there) {
  pair(here, [...here.childNodes], [...there.childNodes], null);
}

// What the reader has in hand finds its place again, whatever now stands before it; the rest goes by its place.
function pair(parent, old, fresh, end) {
  const held = old.findIndex(isInHand);
  const place = held < 0 ? -1 : fresh.findIndex((node) => isSameShell(old[held], node));
  if (place >= 0) {
    pair(parent, old.slice(0, held), fresh.slice(0, place), old[held]);
    renew(old[held], fresh[place]);
    return pair(parent, old.slice(held + 1), fresh.slice(place + 1), end);
  }
  fresh.forEach((node, at) => (old[at] ? renew(old[at], node) : parent.insertBefore(node, end)));
  old.slice(fresh.length).forEach((node) => node.remove());
}

function renew(now, node) {
  if (now.isEqualNode(node) || isSameTime(now, node) || isBeingFilledIn(now)) return;
  if (!isSameShell(now, node)) return now.replaceWith(node);
  if (now.nodeName === "DETAILS") label(now, node);
  update(now, node);
}

// Whether it is open is the reader's, once they have turned it.
function label(now, node) {
  for (const { name, value } of node.attributes) {
    if (name !== "open" || !turned.has(now)) now.setAttribute(name, value);
  }
}

const isSameTime = (one, other) => one.nodeName === "TIME" && other.nodeName === "TIME" && one.dateTime === other.dateTime;

function isSameShell(one, other) {
  return one.nodeType === 1 && one.nodeName === other.nodeName && marks(one) === marks(other);
}

// A detail is known by its summary; anything else by its attributes, without those that our own scripts write there.
function marks(node) {
  if (node.nodeName === "DETAILS") return node.querySelector("summary")?.textContent.trim();
  return [...node.attributes].filter(({ name }) => name !== "style" && name !== "data-sent").map(({ name, value }) =>
    `${name}=${name === "class" ? value.replace(" is-scaled", "") : value}`).sort().join();
}

const turned = new WeakSet();  // details that the reader has opened or closed
const isInHand = (node) => node.nodeType === 1 &&
  [node, ...node.querySelectorAll("details, form")].some((each) => turned.has(each) || isBeingFilledIn(each));

function isBeingFilledIn(form) {
  if (form.nodeName !== "FORM") return false;
  const { activeElement } = document;
  if (form.contains(activeElement) && activeElement.matches("input, textarea, select, button")) return true;
  return "sent" in form.dataset || [...form.elements].some(isTyped);
}

const isTyped = (field) => field.matches("input, textarea") &&
  (field.value !== field.defaultValue || field.checked !== field.defaultChecked);

export function followNews(dress) {
  document.addEventListener("click", ({ target }) => {
    const detail = target.closest("summary")?.parentElement;
    if (detail) turned.add(detail);
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start(dress)));
  addEventListener("pagehide", stop);
  addEventListener("pageshow", () => start(dress));
  start(dress);
}
