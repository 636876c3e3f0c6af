// Times in the reader's own zone: "2 minutes ago, 14:05".
const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat("en", { year: "numeric", month: "long", day: "numeric" });
const units = [[86400, "day"], [3600, "hour"], [60, "minute"]];

function span(seconds) {
  const [size, name] = units.find(([size]) => seconds >= size) ?? [];
  if (!name) return "just now";
  const count = Math.floor(seconds / size);
  return `${count} ${name}${count === 1 ? "" : "s"} ago`;
}

export function tellTimes() {
  const now = new Date();
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const moment = new Date(time.dateTime);
    const date = day.format(moment) === day.format(now) ? "" : `${day.format(moment)}, `;
    const text = `${span((now - moment) / 1000)}, ${date}${clock.format(moment)}`;
    if (time.textContent !== text) time.textContent = text;
  }
}
