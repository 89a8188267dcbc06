/* A page in tiles, by Leaflet on a plain plane. Without script the picture of the whole page stays. Nothing newer than Chromium 87. */
(function () {
  "use strict";
  var place = document.getElementById("viewer");
  if (!place || !window.L) { return; }
  var said = place.dataset, width = Number(said.width), height = Number(said.height), size = Number(said.tile);
  var zooms = JSON.parse(said.zooms), last = zooms.length - 1;
  var plain = place.querySelector("img");
  var map = L.map(place, {crs: L.CRS.Simple, minZoom: -1, maxZoom: last + 2, zoomControl: false, attributionControl: false, zoomSnap: 0.25, zoomDelta: 0.5, wheelPxPerZoomLevel: 120});
  L.control.zoom({zoomInTitle: said["in"], zoomOutTitle: said.out}).addTo(map);
  function point(x, y) { return map.unproject([x, y], last); }
  var whole = L.latLngBounds(point(0, height), point(width, 0));
  var Tiles = L.GridLayer.extend({
    createTile: function (at, done) {
      var tile = document.createElement("img"), level = zooms[at.z], shown = this.getTileSize();
      tile.alt = "";
      if (!level || at.x < 0 || at.y < 0 || at.x >= level[0] || at.y >= level[1]) { setTimeout(function () { done(null, tile); }, 0); return tile; }
      tile.onload = function () {
        // Tiles at the edge are smaller: they keep their own size.
        tile.style.width = tile.naturalWidth * shown.x / size + "px";
        tile.style.height = tile.naturalHeight * shown.y / size + "px";
        done(null, tile);
      };
      tile.onerror = function () { done(new Error("tile"), tile); };
      tile.src = said.tiles + "/" + at.z + "/" + at.x + "/" + at.y;
      return tile;
    }
  });
  var layer = new Tiles({tileSize: size, minNativeZoom: 0, maxNativeZoom: last, minZoom: -1, maxZoom: last + 2, bounds: whole, noWrap: true, keepBuffer: 2});
  layer.once("load", function () { if (plain) { plain.remove(); } });
  layer.addTo(map);
  map.fitBounds(whole);
  map.setMaxBounds(whole.pad(0.5));
  var Whole = L.Control.extend({
    onAdd: function () {
      var box = L.DomUtil.create("div", "leaflet-bar"), link = L.DomUtil.create("a", "", box);
      link.href = "#viewer"; link.title = said.whole; link.setAttribute("role", "button"); link.setAttribute("aria-label", said.whole); link.textContent = "\u25a1";
      L.DomEvent.on(link, "click", function (event) { L.DomEvent.stop(event); map.fitBounds(whole); });
      return box;
    }
  });
  new Whole({position: "topleft"}).addTo(map);
  function box(line) {
    var at = line.dataset.box.split(",").map(Number);
    var left = at[0] * width / 1000, top = at[1] * height / 1000;
    return L.latLngBounds(point(left, top + at[3] * height / 1000), point(left + at[2] * width / 1000, top));
  }
  var lines = Array.prototype.slice.call(document.querySelectorAll(".lines [data-box]")), here = null;
  lines.forEach(function (line) {
    if (line.classList.contains("hit")) { L.rectangle(box(line), {className: "hit-box", interactive: false}).addTo(map); }
    function show() {
      if (here) { here.remove(); }
      here = L.rectangle(box(line), {className: "here-box", interactive: false}).addTo(map);
      map.panInsideBounds(box(line).pad(1));
    }
    line.addEventListener("click", function () { show(); map.flyToBounds(box(line).pad(2), {maxZoom: last, duration: 0.3}); });
    line.addEventListener("focus", show);
  });
}());
