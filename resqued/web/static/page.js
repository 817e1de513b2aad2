// Keeps a page up to date without loading it anew: what is marked `data-live` is looked up again and put in its place.
// Everything works without this script; it only spares a reload.
"use strict";

(() => {
  const EVERY = 3000; // ms
  const SLOWER = 10000; // where nobody answers
  const PAUSED = "resqued-paused";
  const toggle = document.getElementById("live");
  const signal = document.getElementById("signal");
  let timer = 0;
  let isPaused = remembered();

  function remembered() {
    try {
      return sessionStorage.getItem(PAUSED) === "yes";
    } catch {
      return false; // a browser may forbid it
    }
  }

  function remember() {
    try {
      sessionStorage.setItem(PAUSED, isPaused ? "yes" : "no");
    } catch {
      // then it is forgotten
    }
  }

  function say(text) {
    if (signal.textContent !== text) signal.textContent = text;
    signal.hidden = text === "";
  }

  // Somebody who types, chooses or has marked something must not have it taken from under his hands.
  function isInUse(part) {
    const focused = document.activeElement;
    if (part.contains(focused) && focused.matches("input, select, textarea")) return true;
    if (part.querySelector("input[type=checkbox]:checked")) return true;
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode);
  }

  function openings(part) {
    return [...part.querySelectorAll("details")].map((one) => one.open);
  }

  function put(old, fresh) {
    if (old.outerHTML === fresh.outerHTML || isInUse(old)) return;
    const open = openings(old);
    const focused = old.contains(document.activeElement) ? place(old, document.activeElement) : -1;
    const scrolled = old.scrollLeft;
    old.replaceWith(fresh);
    [...fresh.querySelectorAll("details")].forEach((one, at) => { one.open = open[at] ?? one.open; });
    fresh.scrollLeft = scrolled;
    if (focused >= 0) focusables(fresh)[focused]?.focus({ preventScroll: true });
    dress(fresh);
  }

  function focusables(part) {
    return [...part.querySelectorAll("a, button, input, select, summary, [tabindex]")];
  }

  function place(part, element) {
    return focusables(part).indexOf(element);
  }

  function isTrouble(page) {
    return page.querySelector("#trouble[data-status='503']") !== null;
  }

  async function look() {
    const answer = await fetch(location.href, { headers: { "X-Live": "1" }, cache: "no-store", redirect: "manual" });
    if (answer.type === "opaqueredirect") return location.reload(); // to the login
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (isTrouble(page)) {
      say(page.querySelector("#trouble h1").textContent + ". What is shown may be old.");
      return;
    }
    if (!answer.ok) return;
    if (isTrouble(document)) return location.reload(); // Redis is back
    say("");
    document.title = page.title;
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(old.id);
      if (fresh) put(old, document.adoptNode(fresh));
    }
  }

  async function turn() {
    let pause = EVERY;
    try {
      if (!document.hidden) await look();
    } catch {
      say("This page's server does not answer. What is shown may be old.");
      pause = SLOWER;
    }
    schedule(pause);
  }

  function schedule(pause) {
    clearTimeout(timer);
    if (!isPaused) timer = setTimeout(turn, pause);
  }

  function show() {
    toggle.setAttribute("aria-pressed", String(!isPaused));
  }

  toggle.addEventListener("click", () => {
    isPaused = !isPaused;
    remember();
    show();
    schedule(0);
  });

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) schedule(0);
  });

  // What only a script can do.
  function dress(part) {
    const button = part.querySelector("#mark-all");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const boxes = [...document.querySelectorAll("#found input[name=entry]")];
      const all = boxes.every((box) => box.checked);
      boxes.forEach((box) => { box.checked = !all; });
    });
  }

  if (document.querySelector("[data-live]")) {
    toggle.hidden = false;
    show();
    schedule(EVERY);
  }
  dress(document);
})();
