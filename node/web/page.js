// Keys and dragging over what works without: every act is a link or a form of the page.
"use strict";
(() => {
  const find = (name) => document.getElementById(name);
  const stage = find("stage");
  const zooms = [...document.querySelectorAll("a.zoom")];
  const at = zooms.findIndex((one) => one.hasAttribute("aria-current"));
  const go = (link) => { if (link) { link.click(); } };
  const send = (name) => { const form = find(name); if (form) { form.requestSubmit(); } };
  const acts = {
    ArrowLeft: () => go(find("before")), ArrowRight: () => go(find("after")), PageUp: () => go(find("before")), PageDown: () => go(find("after")),
    "+": () => go(zooms[Math.min(zooms.length - 1, at + 1)]), "=": () => go(zooms[Math.min(zooms.length - 1, at + 1)]),
    "-": () => go(zooms[Math.max(0, at - 1)]), "0": () => go(zooms[0]), r: () => go(find("turn")),
    y: () => send("pass"), u: () => send("undo"), n: () => { const fault = find("fault"); if (fault) { fault.focus(); } },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("select, input")) { return; }
    const act = acts[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  let from = null;
  stage.addEventListener("pointerdown", (event) => {
    from = [event.clientX + stage.scrollLeft, event.clientY + stage.scrollTop];
    stage.classList.add("held");
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (from) { stage.scrollTo(from[0] - event.clientX, from[1] - event.clientY); }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    stage.addEventListener(name, () => { from = null; stage.classList.remove("held"); });
  }
  find("page").draggable = false;
  // The next page is fetched while this one is looked at.
  const number = Number(document.body.dataset.number);
  if (number < Number(document.body.dataset.count)) {
    new Image().src = find("page").src.replace(/n=\d+/, `n=${number + 1}`).replace(/turn=\d+/, "turn=0");
  }
})();
