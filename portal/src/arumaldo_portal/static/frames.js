// A desktop's width, scaled to whatever room there is. Without this the frame shows the page as on a phone.
const watched = new WeakSet();
const sizes = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target)));

function fit(view) {
  const scale = Math.min(1, view.clientWidth / Number(view.dataset.width));
  view.style.setProperty("--scale", scale);
  view.classList.add("is-scaled");
}

export function fitFrames() {
  for (const view of document.querySelectorAll(".frame-view[data-width]")) {
    fit(view);
    if (!watched.has(view)) {
      watched.add(view);
      sizes.observe(view);
    }
  }
  const phone = document.querySelector('.switch input[value="phone"]');
  if (phone && innerWidth < 640 && !phone.dataset.chosen) {
    phone.checked = true;
    phone.dataset.chosen = "yes";
  }
}

// Opening a part of the page in the panel shows it in the preview.
document.addEventListener("toggle", (event) => {
  const part = event.target;
  const frame = document.querySelector('iframe[name="preview"]');
  if (part.open && part.dataset.shows && frame) frame.src = part.dataset.shows;
}, true);
