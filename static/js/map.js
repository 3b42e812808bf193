// The one module that knows Leaflet. It gives a map that behaves: the page still scrolls over it, the keyboard reaches what
// the mouse reaches, nothing on it is named by a number alone, and every text goes in as text.
import '../vendor/leaflet/leaflet.js';

const L = globalThis.L;

/** Metres shown round a single point when there is nothing else to show. */
const POINT_MARGIN_M = 5000;

/** @param {string} name @param {string} [className] @param {string} [text] */
export function element(name, className, text) {
  const e = document.createElement(name);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

const SVG = 'http://www.w3.org/2000/svg';

function svg(name, attributes) {
  const e = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  return e;
}

/**
 * Makes the map in box. What it says comes from data-*: data-words (JSON of control titles), data-bounds
 * ("west,south,east,north"), data-tile-url and data-tile-credit.
 * @param {HTMLElement} box
 */
export function createMap(box) {
  const words = JSON.parse(box.dataset.words);
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const touch = matchMedia('(pointer: coarse)').matches;
  const map = L.map(box, {
    zoomControl: false,
    attributionControl: false,
    scrollWheelZoom: false,
    dragging: !touch, // one finger scrolls the page, two move the map
    zoomAnimation: !calm,
    fadeAnimation: !calm,
    markerZoomAnimation: !calm,
    inertia: !calm,
    zoomSnap: 0.25,
    zoomDelta: 0.5,
    minZoom: 4,
    maxZoom: 18,
  });
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', words.map);

  const home = parseBounds(box.dataset.bounds);
  if (home) map.fitBounds(home, { animate: false });
  const ours = new OurMap(map, L.svg({ padding: 0.5 }), words, home);
  new Controls({ position: box.closest('[dir=rtl]') ? 'topright' : 'topleft', words, whole: () => ours.showWhole() }).addTo(map);
  L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
  if (box.dataset.tileUrl) {
    L.control.attribution({ prefix: false }).addTo(map);
    L.tileLayer(box.dataset.tileUrl, { attribution: escapeText(box.dataset.tileCredit ?? '') }).addTo(map);
  }

  // The wheel belongs to the page until somebody turns to the map.
  const wake = () => map.scrollWheelZoom.enable();
  const rest = () => map.scrollWheelZoom.disable();
  map.on('focus click', wake);
  map.on('blur', rest);
  box.addEventListener('pointerleave', rest);

  return ours;
}

/** Leaflet takes attributions as HTML; ours are plain text. */
function escapeText(text) {
  return text.replace(/[&<>"']/g, (c) => `&#${c.codePointAt(0)};`);
}

function parseBounds(text) {
  if (!text) return null;
  const [west, south, east, north] = text.split(',').map(Number);
  return [west, south, east, north].every(Number.isFinite) ? L.latLngBounds([south, west], [north, east]) : null;
}

/** Zoom in, zoom out, back to the whole: real buttons with names in the page's language. */
const Controls = L.Control.extend({
  onAdd(map) {
    const { words, whole } = this.options;
    const bar = element('div', 'leaflet-bar leaflet-control-zoom');
    const add = (sign, name, act) => {
      const button = element('button', '', sign);
      button.type = 'button';
      button.title = name;
      button.setAttribute('aria-label', name);
      button.addEventListener('click', act);
      bar.append(button);
    };
    add('+', words.zoomIn, () => map.zoomIn());
    add('−', words.zoomOut, () => map.zoomOut());
    add('⤢', words.whole, whole);
    L.DomEvent.disableClickPropagation(bar);
    return bar;
  },
});

/** The width of a badge, in pixels: its letters are never measured, so that nothing waits for a font. */
export function badgeWidth(text) {
  return Math.max(32, 18 + 8 * text.length);
}

/** What the other modules draw with. Positions are [longitude, latitude], as in GeoJSON. */
class OurMap {
  #map;
  #renderer;
  #words;
  #home;

  constructor(map, renderer, words, home) {
    this.#map = map;
    this.#renderer = renderer;
    this.#words = words;
    this.#home = home;
  }

  /** Back to what the map showed first. */
  showWhole() {
    if (this.#home) this.#map.fitBounds(this.#home, { padding: [12, 12] });
  }

  /** Tells, after each move, the zoom and the box on view as west,south,east,north. */
  onView(act) {
    this.#map.on('moveend', () => act(this.#map.getZoom(), this.#map.getBounds().toBBoxString()));
  }

  /** The zoom and the centre, [longitude, latitude]. */
  view() {
    const { lng, lat } = this.#map.getCenter();
    return { zoom: this.#map.getZoom(), centre: [lng, lat], bbox: this.#map.getBounds().toBBoxString() };
  }

  hasPopup() {
    return this.#map._popup?.isOpen() ?? false;
  }

  closePopup() {
    this.#map.closePopup();
  }

  /** Tells when a popup has closed and given the focus back. */
  onPopupClosed(act) {
    this.#map.on('popupclose', () => queueMicrotask(act));
  }

  /** Goes to a place at once. */
  setView([lon, lat], zoom) {
    this.#map.setView([lat, lon], zoom, { animate: false });
  }

  /** Where on the map's world a position is drawn at the present zoom, in pixels: for measuring distances on the screen. */
  pixel([lon, lat]) {
    return this.#map.project([lat, lon]);
  }

  /** Whether a position is on view, or nearly. */
  shows([lon, lat]) {
    return this.#map.getBounds().pad(0.1).contains([lat, lon]);
  }

  /** Shapes nobody opens: land, outlines, neighbours. */
  addBackdrop(geojson, className) {
    return L.geoJSON(geojson, { style: { className }, interactive: false, renderer: this.#renderer }).addTo(this.#map);
  }

  /** Shows all of features, or stays where it is when none has a place. */
  fit(features) {
    const bounds = L.geoJSON(features).getBounds();
    if (!bounds.isValid()) return;
    const point = bounds.getNorthEast().equals(bounds.getSouthWest());
    this.#home = point ? bounds.getCenter().toBounds(POINT_MARGIN_M) : bounds;
    this.#map.fitBounds(this.#home, { padding: [12, 12], animate: false });
  }

  /**
   * A shape that can be opened: by mouse, and by keyboard when it is a stop for it.
   * @param {object} feature
   * @param {{className: string, name: string, hatched?: boolean, stop?: boolean, open?: () => void, popup?: () => HTMLElement}} how
   */
  addShape(feature, { className, name, hatched, stop = true, open, popup }) {
    const layer = L.geoJSON(feature, { style: { className }, renderer: this.#renderer }).addTo(this.#map);
    if (hatched) layer.setStyle({ fillColor: `url(#${this.#hatch()})` });
    layer.eachLayer((part) => {
      const path = part.getElement?.();
      if (!path) return;
      if (stop) {
        path.setAttribute('tabindex', '0');
        path.setAttribute('role', open ? 'link' : 'button');
        path.setAttribute('aria-label', name);
      }
      const act = open ?? (() => this.#openPopup(part.getBounds().getCenter(), popup(), path, name));
      part.on('click', (event) => {
        L.DomEvent.stopPropagation(event);
        act();
      });
      onKey(path, act);
    });
    return {
      remove: () => layer.remove(),
      /** The same shape drawn finer, in its place: what was wired to it stays. */
      redraw: ({ geometry }) => layer.eachLayer((part) => {
        const depth = geometry.type === 'MultiPolygon' ? 2 : 1;
        part.setLatLngs(L.GeoJSON.coordsToLatLngs(geometry.coordinates, depth));
      }),
      light: (on) => layer.eachLayer((part) => part.getElement?.()?.classList.toggle('lit', on)),
      onHover: (enter, leave) => layer.on('mouseover', enter).on('mouseout', leave),
      /** A word on the shape, for the eye alone: the shape itself already has a spoken name. */
      hint: (text) => layer.bindTooltip(element('span', '', text), { sticky: true, direction: 'top' }),
    };
  }

  /** A badge with a few words, for what is known only to lie somewhere in an area. */
  addBadge([lon, lat], { text, name, popup, shift = 0 }) {
    const icon = element('span', '', text);
    icon.dir = 'auto';
    const width = badgeWidth(text);
    const marker = L.marker([lat, lon], {
      icon: L.divIcon({ html: icon, className: 'badge-icon', iconSize: [width, 32], iconAnchor: [width / 2, 16 - shift], popupAnchor: [0, shift - 8] }),
      riseOnHover: true,
    }).addTo(this.#map);
    return this.#wire(marker, name, popup);
  }

  /** A pin: the source gives this very point. */
  addPin([lon, lat], { name, popup }) {
    const icon = svg('svg', { viewBox: '0 0 24 32', 'aria-hidden': 'true' });
    icon.append(svg('path', { d: 'M12 31C8 24 2 18 2 11.5a10 10 0 0 1 20 0C22 18 16 24 12 31Z' }), svg('circle', { cx: 12, cy: 11.5, r: 3.5, fill: '#fff', stroke: 'none' }));
    const marker = L.marker([lat, lon], {
      icon: L.divIcon({ html: icon, className: 'pin-icon', iconSize: [27, 36], iconAnchor: [13, 35], popupAnchor: [0, -30] }),
    }).addTo(this.#map);
    return this.#wire(marker, name, popup);
  }

  /** The circle that holds the true place, when the source says how near the pin is. */
  addUncertainty([lon, lat], metres) {
    return L.circle([lat, lon], { radius: metres, className: 'uncertainty', interactive: false, renderer: this.#renderer }).addTo(this.#map);
  }

  /** A name on the map, for the eye alone. */
  addLabel([lon, lat], text) {
    L.marker([lat, lon], {
      icon: L.divIcon({ html: element('span', '', text), className: 'area-label', iconSize: [120, 16] }),
      interactive: false,
      keyboard: false,
    })
      .addTo(this.#map)
      .getElement()
      .setAttribute('aria-hidden', 'true');
  }

  #wire(marker, name, popup) {
    const node = marker.getElement();
    node.setAttribute('aria-label', name);
    node.setAttribute('aria-haspopup', 'dialog');
    const act = () => this.#openPopup(marker.getLatLng(), popup(), node, name, marker.options.icon.options.popupAnchor);
    marker.on('click', act);
    onKey(node, act);
    return {
      node,
      remove: () => marker.remove(),
      light: (on) => node.classList.toggle('lit', on),
      onHover: (enter, leave) => {
        for (const type of ['pointerenter', 'focus']) node.addEventListener(type, enter);
        for (const type of ['pointerleave', 'blur']) node.addEventListener(type, leave);
      },
      /** The whole name, for the eye: a badge may show less of it. */
      hint: (text) => marker.bindTooltip(element('span', '', text), { direction: 'top', offset: [0, -12] }),
    };
  }

  /** Opens content at a place, moves the focus into it, and gives it back to opener when it closes. */
  #openPopup(latlng, content, opener, name, offset = [0, -8]) {
    const popup = L.popup({ maxWidth: 300, minWidth: 200, autoPan: true, autoPanPadding: [16, 16], closeButton: true, offset, keepInView: false });
    popup.setLatLng(latlng).setContent(content);
    this.#map.once('popupopen', () => {
      const box = popup.getElement();
      box.setAttribute('role', 'dialog');
      box.setAttribute('aria-label', name);
      const close = box.querySelector('.leaflet-popup-close-button');
      close?.setAttribute('aria-label', this.#words.close);
      content.tabIndex = -1;
      content.focus({ preventScroll: true });
      box.addEventListener('keydown', (event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        this.#map.closePopup(popup);
      });
    });
    popup.once('remove', () => {
      if (popup.getElement()?.contains(document.activeElement) || document.activeElement === document.body) {
        opener.focus({ preventScroll: true });
      }
    });
    popup.openOn(this.#map);
  }

  /** The hatching that says "somewhere in here"; made once, when the first area asks for it. */
  #hatch() {
    const id = 'mithaq-hatch';
    const root = this.#renderer._container?.ownerSVGElement ?? this.#renderer._container;
    if (root && !root.querySelector(`#${id}`)) {
      const pattern = svg('pattern', { id, width: 9, height: 9, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' });
      pattern.append(svg('rect', { width: 9, height: 9, class: 'hatch-ground' }), svg('line', { x1: 0, y1: 0, x2: 0, y2: 9, class: 'hatch-line' }));
      const defs = svg('defs', {});
      defs.append(pattern);
      root.prepend(defs);
    }
    return id;
  }
}

function onKey(node, act) {
  node.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
}

/**
 * Reads data of our own: JSON from the server or, in the static site, a script beside it that sets one value, because a page from a
 * disk may fetch nothing.
 * @param {string} address
 */
export async function load(address) {
  if (new URL(address, location.href).pathname.endsWith('.js')) return runScript(address);
  const response = await fetch(address, { headers: { Accept: 'application/geo+json' } });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.json();
}

/** Runs a script that sets globalThis.mithaq[its own address], once, and gives that value. */
function runScript(address) {
  const url = new URL(address, location.href);
  url.search = ''; // a box asked for is for parts to answer
  running[url] ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.addEventListener('load', () => resolve(globalThis.mithaq[script.src]));
    script.addEventListener('error', () => {
      delete running[url];
      reject(new Error(`${address} can't be read`));
    });
    document.head.append(script);
  });
  return running[url];
}

const running = {};

/** Every feature of a collection, following the links to its next pages. */
export async function fetchAll(address) {
  const features = [];
  for (let next = address; next; ) {
    const page = await load(next);
    features.push(...(page.features ?? (await loadParts(page, next)).flat()));
    next = page.links?.find((link) => link.rel === 'next')?.href;
    // Links carry the public address; behind a proxy under test that may be another origin than the one we came by.
    if (next) next = new URL(next, location.href).pathname + new URL(next, location.href).search;
  }
  return { type: 'FeatureCollection', features };
}

/** The features of a collection cut into parts, of those that meet the box in the address. */
async function loadParts({ parts }, address) {
  const url = new URL(address, location.href);
  const [west, south, east, north] = (url.searchParams.get('bbox') ?? '-180,-90,180,90').split(',').map(Number);
  const onView = parts.filter(({ box }) => box[0] <= east && box[2] >= west && box[1] <= north && box[3] >= south);
  return Promise.all(onView.map(async ({ href }) => (await load(new URL(href, url).href)).features));
}

/** Draws the land round about under everything; without it the map still says all it has to. */
export async function drawBackground(map, box) {
  try {
    const { features } = await load(box.dataset.background);
    const layer = (name) => ({ type: 'FeatureCollection', features: features.filter((f) => f.properties.layer === name) });
    map.addBackdrop(layer('country'), 'country').bringToBack();
    map.addBackdrop(layer('neighbours'), 'land').bringToBack();
  } catch (error) {
    console.info(error);
  }
}

/** The address of a feature's page; in the static site it ends with the file's name. */
export function pageOf({ dataset: { prefix, suffix = '' } }, { id }) {
  return prefix + id + suffix;
}

/** A map that could not be drawn says so in its place; the list beside it is whole. */
export function giveUp(box, error) {
  console.warn(error);
  box.dataset.state = 'failed';
  const words = JSON.parse(box.dataset.words);
  const note = element('p', 'notice', words.failed);
  note.setAttribute('role', 'status');
  const again = element('button', 'quiet-button', words.retry);
  again.type = 'button';
  again.addEventListener('click', () => location.reload());
  note.append(' ', again);
  box.after(note);
}
