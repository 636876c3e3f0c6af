// What makes the pages pleasant. Everything works without it, too.
import { keepDrafts } from "./drafts.js";
import { followNews } from "./live.js";
import { fitFrames } from "./frames.js";
import { tellTimes } from "./times.js";
import { sayWhatIsDone } from "./busy.js";

const dress = () => {
  tellTimes();
  fitFrames();
  keepDrafts();
};

dress();
sayWhatIsDone();
followNews(dress);
setInterval(tellTimes, 20_000);
document.querySelector("[autofocus]")?.focus();
