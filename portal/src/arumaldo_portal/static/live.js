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
    if (there.dataset.live !== "reload") location.reload();
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
  const [old, fresh] = [[...here.childNodes], [...there.childNodes]];
  fresh.forEach((node, place) => {
    const now = old[place];
    if (!now) here.append(node);
    else if (now.isEqualNode(node) || isSameTime(now, node)) return;
    else if (now.nodeType === 1 && now.nodeName === node.nodeName && isSameShell(now, node)) update(now, node);
    else now.replaceWith(node);
  });
  old.slice(fresh.length).forEach((node) => node.remove());
}

const isSameTime = (one, other) => one.nodeName === "TIME" && other.nodeName === "TIME" && one.dateTime === other.dateTime;

function isSameShell(one, other) {
  const marks = (node) => [...node.attributes].filter(({ name }) => name !== "style").map(({ name, value }) =>
    `${name}=${name === "class" ? value.replace(" is-scaled", "") : value}`).sort().join();
  return marks(one) === marks(other);
}

export function followNews(dress) {
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start(dress)));
  addEventListener("pagehide", stop);
  addEventListener("pageshow", () => start(dress));
  start(dress);
}
