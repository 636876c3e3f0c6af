// What a pair of eyes finds wrong on the page that is open: [[kind, what], …]. Handed to the browser as a function.
(isPhone) => {
  const found = [];
  const tell = (kind, what) => found.push([kind, what]);
  const words = (element) => (element.innerText || element.value || element.id || element.tagName).trim().slice(0, 60);

  const style = (element) => getComputedStyle(element);
  const isHidden = (element) => {
    if (!element.checkVisibility()) return true;  // within what is folded up
    for (let node = element; node && node.nodeType === 1; node = node.parentElement) {
      const { display, visibility, clipPath, opacity } = style(node);
      if (display === "none" || visibility === "hidden" || clipPath === "inset(50%)" || opacity === "0") return true;
    }
    const box = element.getBoundingClientRect();
    return box.width < 2 || box.height < 2 || box.bottom < 0;
  };
  const texts = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const all = [];
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const element = node.parentElement;
      if (!node.data.trim() || !element || /^(SCRIPT|STYLE|NOSCRIPT|OPTION)$/.test(element.tagName) || isHidden(element)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) {
        if (box.width > 1 && box.height > 1) all.push({ node, element, box });
      }
    }
    return all;
  };

  const clips = ({ element, box }) => {
    for (let node = element; node && node !== document.body; node = node.parentElement) {
      const { overflowX, overflowY, textOverflow, webkitLineClamp } = style(node);
      if (textOverflow === "ellipsis" || (webkitLineClamp && webkitLineClamp !== "none")) return false;  // on purpose, and told by an ellipsis
      const around = node.getBoundingClientRect();
      if (overflowX !== "visible" && overflowX !== "auto" && (box.left < around.left - 2 || box.right > around.right + 2)) return true;
      if (overflowY !== "visible" && overflowY !== "auto" && (box.top < around.top - 3 || box.bottom > around.bottom + 3)) return true;
    }
    return false;
  };

  const overlaps = (one, other) => {
    if (one.element === other.element || one.element.contains(other.element) || other.element.contains(one.element)) return false;
    const width = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
    const height = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
    return width > 3 && height > 5;
  };

  const visible = ({ element, box }) => {
    let { left, right, top, bottom } = box;
    for (let node = element; node && node !== document.body; node = node.parentElement) {
      const around = node.getBoundingClientRect();
      if (style(node).overflowX !== "visible") [left, right] = [Math.max(left, around.left), Math.min(right, around.right)];
      if (style(node).overflowY !== "visible") [top, bottom] = [Math.max(top, around.top), Math.min(bottom, around.bottom)];
    }
    return { element, box: { left, right, top, bottom } };
  };

  const channels = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const blended = (over, under) => {
    const alpha = over[3] ?? 1;
    return [0, 1, 2].map((place) => over[place] * alpha + under[place] * (1 - alpha));
  };
  const background = (element) => {
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
      const { backgroundColor, backgroundImage } = style(node);
      if (backgroundImage !== "none") return null;
      const colour = channels(backgroundColor);
      if ((colour[3] ?? 1) > 0) layers.push(colour);
      if ((colour[3] ?? 1) === 1 && colour.length) break;
    }
    return layers.reverse().reduce((under, over) => blended(over, under), [255, 255, 255]);
  };
  const light = (colour) => {
    const [red, green, blue] = colour.map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (element) => {
    const under = background(element);
    if (under === null) return 21;
    const [one, other] = [light(blended(channels(style(element).color), under)), light(under)];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };

  if (document.documentElement.scrollWidth > innerWidth + 1) tell("cut off", `the page is ${document.documentElement.scrollWidth} px wide`);
  const all = texts();
  for (const text of all) if (clips(text)) tell("cut off", words(text.element));
  const shown = all.map(visible);
  shown.forEach((one, place) => {
    for (const other of shown.slice(place + 1)) if (overlaps(one, other)) tell("overlaps", `“${words(one.element)}” and “${words(other.element)}”`);
  });
  for (const element of new Set(all.map(({ element }) => element))) {
    const { fontSize, fontWeight } = style(element);
    const isLarge = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && Number(fontWeight) >= 600);
    const disabled = element.closest(":disabled, [aria-disabled=true]");
    if (!disabled && contrast(element) < (isLarge ? 3 : 4.5)) tell("hard to read", `${words(element)} (${contrast(element).toFixed(2)})`);
  }
  for (const field of document.querySelectorAll("input, select, textarea")) {
    if (isHidden(field) || style(field).borderTopStyle === "none") continue;
    const [edge, under] = [light(channels(style(field).borderTopColor)), light(background(field) || [255, 255, 255])];
    const difference = (Math.max(edge, under) + 0.05) / (Math.min(edge, under) + 0.05);
    if (difference < 3 && !field.checked && !field.disabled) tell("hard to read", `the edge of ${field.name} (${difference.toFixed(2)})`);
  }
  if (isPhone) {
    for (const element of document.querySelectorAll("a, button, input, select, textarea, summary")) {
      if (isHidden(element) || element.type === "hidden") continue;
      const inText = element.tagName === "A" && style(element).display === "inline" && element.parentElement.innerText.trim() !== element.innerText.trim();
      const inLabel = /^(radio|checkbox)$/.test(element.type) ? element.closest("label") : null;
      const box = (inLabel || element).getBoundingClientRect();
      if (!inText && (box.height < 43.5 || (element.tagName !== "A" && box.width < 43.5))) tell("too small for a thumb", `${words(element)} (${Math.round(box.width)} × ${Math.round(box.height)})`);
    }
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    const named = field.labels?.length || field.getAttribute("aria-label") || field.getAttribute("aria-labelledby");
    if (!named && !isHidden(field)) tell("without a name", field.name || field.outerHTML.slice(0, 80));
  }
  for (const element of document.querySelectorAll("button, a[href], summary, iframe")) {
    const name = element.innerText?.trim() || element.getAttribute("aria-label") || element.title;
    if (!name && !isHidden(element)) tell("without a name", element.outerHTML.slice(0, 80));
  }
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((heading) => Number(heading.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) tell("headings", `there are ${levels.filter((level) => level === 1).length} of the first level`);
  levels.forEach((level, place) => {
    if (place && level > levels[place - 1] + 1) tell("headings", `level ${level} follows level ${levels[place - 1]}`);
  });
  return found;
}
