/* Keeps a part of a page as the hub sees it now. Without script, or without events, the page is as it was loaded. Nothing newer than Chromium 87. */
(function () {
  "use strict";
  var place = document.querySelector("[data-live]");
  if (!place || !window.EventSource) { return; }
  var source = new EventSource(place.getAttribute("data-live"));
  source.addEventListener("board", function (event) {
    // Who is reading inside with the keyboard is not thrown out; the next change comes anyway.
    if (!place.contains(document.activeElement)) { place.innerHTML = event.data; }
  });
  source.addEventListener("over", function () { source.close(); });
}());
