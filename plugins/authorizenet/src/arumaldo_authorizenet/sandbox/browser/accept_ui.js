// Plays AcceptUI.js: it takes the first button of the class AcceptUI that is there when this script runs, opens the
// gateway's own card form over the page when that is pressed, and hands the answer to the global function that the
// button names. Like the real one it works only with the button it found.
(() => {
  "use strict";

  const script = document.currentScript.src;
  const origin = new URL(script).origin;
  const frameAddress = new URL("acceptMain/acceptMain.html", script);

  function wire() {
    const button = document.querySelector("button.AcceptUI");
    if (!button) return;
    const box = boxWithFrame();
    const read = (name) => button.getAttribute(`data-${name}`);

    button.addEventListener("click", (event) => {
      event.preventDefault();
      open(box);
    });
    window.addEventListener("message", (event) => {
      const frame = box.firstChild;
      if (event.origin !== origin || event.source !== frame.contentWindow) return;
      if (event.data?.verifyOrigin !== "AcceptMain") return;
      if (event.data.type === "ACK") {
        const pktData = {
          apiLoginID: read("apiLoginID"),
          clientKey: read("clientKey"),
          acceptUIFormBtnTxt: read("acceptUIFormBtnTxt"),
          acceptUIFormHeaderTxt: read("acceptUIFormHeaderTxt"),
        };
        frame.contentWindow.postMessage({ verifyOrigin: "AcceptUI", type: "INIT", pktData }, origin);
        frame.focus();
      }
      if (event.data.type === "CLOSE_IFRAME") close(box);
      if (event.data.type === "RESPONSE") {
        close(box);
        window[read("responseHandler")](event.data.pktData);
      }
    });
  }

  function boxWithFrame() {
    const box = document.createElement("dialog");
    box.id = "AcceptUIContainer";
    box.setAttribute("aria-label", "Card details");
    Object.assign(box.style, {
      position: "fixed", inset: "0", width: "100%", height: "100%", maxWidth: "none", maxHeight: "none",
      margin: "0", padding: "0", border: "0", background: "transparent", colorScheme: "light dark",
    });
    const frame = document.createElement("iframe");
    frame.title = "Card details";
    Object.assign(frame.style, { width: "100%", height: "100%", border: "0", display: "block", colorScheme: "light dark" });
    box.append(frame);
    box.addEventListener("close", () => box.remove());
    return box;
  }

  // The dialog element keeps the rest of the page out of reach, closes on Escape and gives the focus back.
  function open(box) {
    const hello = { verifyOrigin: "AcceptUI", type: "SYNC", pktData: window.location.origin };
    box.firstChild.src = `${frameAddress}#${encodeURIComponent(JSON.stringify(hello))}`;
    box.className = "show";
    document.body.append(box);
    box.showModal();
  }

  function close(box) {
    box.className = "";
    box.close();
  }

  if (document.readyState === "complete") wire();
  else window.addEventListener("load", wire);
})();
