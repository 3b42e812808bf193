// The explorer's map: the set that the list shows, as precisely as each site is known and no more. From afar a badge with a name
// stands for each region, province or commune; from near, communes are hatched and exact places are drawn. Badges come from
// the tables on the page, so that the map and the page can't tell two stories; shapes and exact places are fetched for what is on view.
import { badgeWidth, createMap, drawBackground, element, fetchAll, giveUp, pageOf } from './map.js';
import { popup, rowOf } from './popup.js';

/** The zoom from which communes have badges of their own, and from which sites are drawn as they are known. */
const COMMUNES = 7;
const SITES = 9;

/** More exact places than this on view stay badges until somebody looks closer. */
const MOST_PLACES = 200;

/** How far a badge may move aside, in pixels. */
const SHIFTS = [0, -38, 38];

/** The share of units that must have badges of their own; below it, wider units stand for them. */
const OWN_BADGE = 0.75;

/** What a badge says of a unit: all its sites on the map, and its name. */
const NAMED = (unit) => unit.label;

/** Sites that a badge's popup lists; its link leads to all of them. */
const ROWS = 5;

/** Precisions that name an area, not a place in it. */
const AREAS = new Set(['commune', 'province', 'region', 'country']);

async function draw(box) {
  const map = createMap(box);
  const explorer = new Explorer(map, box);
  const start = readView(location.hash);
  if (start) map.setView(start.centre, start.zoom);
  map.onView(() => {
    keepView(map.view());
    explorer.draw();
  });
  map.onPopupClosed(() => explorer.draw());
  drawBackground(map, box);
  await explorer.draw();
  box.dataset.state = 'ready';
}

/** The view stands in the address behind #view=, so that a reload, a link and the back button find it; it makes no history. */
function keepView({ zoom, centre: [lon, lat] }) {
  history.replaceState(history.state, '', `#view=${zoom}/${lon.toFixed(4)}/${lat.toFixed(4)}`);
}

function readView(hash) {
  const [zoom, lon, lat] = (/^#view=(.+)$/.exec(hash)?.[1] ?? '').split('/').map(Number);
  return [zoom, lon, lat].every(Number.isFinite) && Math.abs(lat) <= 90 ? { zoom, centre: [lon, lat] } : null;
}

class Explorer {
  #map;
  #box;
  #words;
  #units = { commune: [], province: [], region: [] };
  #drawn = []; // what to take away before the next drawing
  #turn = 0; // tells a drawing that another has begun since
  #lit = new Map(); // what lights up for a row: by site, and by unit

  constructor(map, box) {
    this.#map = map;
    this.#box = box;
    this.#words = JSON.parse(box.dataset.words);
    for (const row of document.querySelectorAll('[data-unit]')) {
      const { unit, level, count, area, point, label, areaLabel, areaShort } = row.dataset;
      this.#units[level].push({
        code: unit, count: Number(count), area: Number(area), point: point.split(',').map(Number), label, areaLabel, areaShort,
        page: row.querySelector('th a')?.href, name: row.querySelector('th').textContent.trim(), only: row.querySelector('[data-only]')?.href,
      });
    }
    for (const row of document.querySelectorAll('[data-site]')) {
      for (const [type, on] of [['pointerenter', true], ['pointerleave', false], ['focusin', true], ['focusout', false]]) {
        row.addEventListener(type, () => this.#light(row, on));
      }
    }
  }

  /** Draws what is on view, as the zoom asks for it; not while a popup is open, whose opener must be there to take the focus back. */
  async draw() {
    if (this.#map.hasPopup()) return;
    const turn = ++this.#turn;
    const { zoom, bbox } = this.#map.view();
    if (zoom < COMMUNES) {
      this.#overview(this.#units.province, this.#units.region);
      return;
    }
    const units = this.#units.commune.filter((unit) => this.#map.shows(unit.point));
    const places = units.reduce((n, unit) => n + unit.count - unit.area, 0);
    if (zoom < SITES || places > MOST_PLACES) {
      this.#overview(units, this.#units.province, this.#units.region);
      return;
    }
    try {
      // Only what there is to draw is asked for. A commune may be on view while its badge isn't.
      const [areas, sites] = await Promise.all([
        this.#fetch(this.#units.commune.length > 0, this.#box.dataset.shapes, bbox),
        this.#fetch(places > 0 || this.#units.commune.some((unit) => unit.count > unit.area), this.#box.dataset.geojson, bbox),
      ]);
      if (turn !== this.#turn) return;
      this.#precisely(areas, sites);
    } catch (error) {
      if (turn === this.#turn) this.#overview(units); // the badges say how many and where; shapes say no more than that
      console.info(error);
    }
  }

  async #fetch(wanted, address, bbox) {
    if (!wanted) return [];
    const url = new URL(address, location.href);
    url.searchParams.set('bbox', bbox.split(',').map((x, i) => Math.min(Math.max(Number(x), i % 2 ? -90 : -180), i % 2 ? 90 : 180)).join());
    return (await fetchAll(url.pathname + url.search)).features;
  }

  /** Takes away what is drawn, and says which sign had the focus. */
  #clear() {
    const focused = this.#box.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    for (const thing of this.#drawn) thing.remove();
    this.#drawn = [];
    this.#lit.clear();
    return focused;
  }

  /** Gives the focus to the sign that had it before a drawing, or to the map when there is no such sign any more. */
  #refocus(key) {
    if (!key) return;
    (this.#box.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? this.#box).focus({ preventScroll: true });
  }

  /** Badges of the finest level that leaves most units a badge of their own. */
  #overview(...levels) {
    const focused = this.#clear();
    const groups = levels.map((units) => this.#arrange(units));
    this.#badges(groups.find((some, i) => some.length >= OWN_BADGE * levels[i].length) ?? groups.at(-1));
    this.#refocus(focused);
  }

  /**
   * Finds room for a badge for each unit. One that would cover another moves aside; where there's no room for that either, the larger
   * one speaks for both. taken is what badges must not cover.
   */
  #arrange(units, label = NAMED, taken = []) {
    const groups = [];
    for (const unit of [...units].sort((a, b) => b.count - a.count)) {
      const at = this.#map.pixel(unit.point);
      const half = badgeWidth(label(unit)) / 2 + 12; // room for "+ 1"
      const clashes = (y) => [...taken, ...groups].filter((other) => Math.abs(at.x - other.x) < half + other.half && Math.abs(at.y + y - other.y) < 38);
      const shift = SHIFTS.find((y) => clashes(y).length === 0);
      const group = clashes(0).find((other) => other.units);
      if (shift === undefined && group) group.units.push(unit);
      else groups.push({ x: at.x, y: at.y + (shift ?? 0), half, shift: shift ?? 0, units: [unit] });
    }
    return groups;
  }

  /** Draws badges that room was found for. label is what one shows of a unit, spoken what it says of it. */
  #badges(groups, label = NAMED, spoken = NAMED) {
    for (const { units: [first, ...others], shift } of groups) {
      const text = label(first) + (others.length ? ` + ${others.length}` : '');
      const name = [text, ...(spoken === label ? [] : [spoken(first)]), ...others.map(spoken)].join(' – ');
      const badge = this.#map.addBadge(first.point, { text, name, shift, popup: () => this.#popup([first, ...others], spoken) });
      badge.hint(name);
      const codes = [first, ...others].map((unit) => unit.code);
      this.#keep(badge, codes.map((code) => `[data-units~="${CSS.escape(code)}"]`).join(), codes);
    }
  }

  /** Areas hatched, exact places as pins and shapes. */
  #precisely(areas, sites) {
    const focused = this.#clear();
    this.#drawn.push(this.#map.addBackdrop({ type: 'FeatureCollection', features: areas }, 'outline'));
    const vague = new Map(this.#units.commune.filter((unit) => unit.area > 0).map((unit) => [unit.code, unit]));
    for (const feature of areas) {
      const unit = vague.get(feature.id);
      if (!unit) continue;
      const shape = this.#map.addShape(feature, { className: 'hatched', name: unit.areaLabel, hatched: true, stop: false, popup: () => this.#popup([unit], (x) => x.areaLabel) });
      this.#drawn.push(shape);
    }
    const taken = [];
    for (const feature of sites) {
      const { geometry, properties, id } = feature;
      if (!geometry || AREAS.has(properties.location_precision)) continue;
      const about = { name: this.#nameOf(feature), popup: () => this.#popupOf(feature) };
      if (geometry.type === 'Point') {
        if (properties.coordinate_uncertainty_m > 0) this.#drawn.push(this.#map.addUncertainty(geometry.coordinates, properties.coordinate_uncertainty_m));
        this.#keep(this.#map.addPin(geometry.coordinates, about), `[data-site="${CSS.escape(id)}"]`, [id]);
        const { x, y } = this.#map.pixel(geometry.coordinates);
        taken.push({ x, y: y - 18, half: 14 });
      } else {
        this.#keep(this.#map.addShape(feature, { className: 'footprint', ...about }), `[data-site="${CSS.escape(id)}"]`, [id]);
      }
    }
    const label = (unit) => unit.areaShort;
    this.#badges(this.#arrange([...vague.values()].filter((unit) => this.#map.shows(unit.point)), label, taken), label, (unit) => unit.areaLabel);
    this.#refocus(focused);
  }

  /** Remembers what was drawn, and lets it and its rows light each other up. */
  #keep(thing, rows, keys) {
    this.#drawn.push(thing);
    for (const key of keys) this.#lit.set(key, thing);
    if (thing.node) [thing.node.dataset.key] = keys;
    const light = (on) => () => document.querySelectorAll(rows).forEach((row) => row.classList.toggle('lit', on));
    thing.onHover(light(true), light(false));
  }

  #light(row, on) {
    for (const key of [row.dataset.site, ...(row.dataset.units ?? '').split(' ')]) this.#lit.get(key)?.light(on);
  }

  #nameOf({ id, properties }) {
    const own = { fr: properties.name, ar: properties.name_ar, en: properties.name_en }[document.documentElement.lang];
    return rowOf(id)?.querySelector('[data-name]')?.textContent.trim() ?? own ?? properties.name ?? properties.name_ar ?? id;
  }

  #popupOf(feature) {
    return rowOf(feature.id) ? popup([feature.id]) : this.#card(this.#nameOf(feature), pageOf(this.#box, feature));
  }

  /** A badge's popup: for each unit how many, the sites that the list shows now, the way to all of them, and the way nearer. */
  #popup(units, spoken) {
    const box = element('div', 'popup');
    for (const unit of units) {
      const part = element('article');
      const heading = element('h3');
      heading.append(unit.page ? link(unit.name, unit.page) : unit.name);
      part.append(heading, element('p', '', spoken(unit)));
      const links = element('ul', 'plain-list');
      for (const row of [...document.querySelectorAll(`[data-units~="${CSS.escape(unit.code)}"]`)].slice(0, ROWS)) {
        const name = row.querySelector('[data-name]');
        const item = element('li');
        item.append(link(name.textContent.trim(), name.href));
        links.append(item);
      }
      if (links.children.length) part.append(links);
      if (unit.only) part.append(link(this.#words.only, unit.only));
      box.append(part);
    }
    const closer = element('button', 'quiet-button', this.#words.closer);
    closer.type = 'button';
    closer.addEventListener('click', () => {
      const { zoom } = this.#map.view();
      this.#map.closePopup();
      this.#map.setView(units[0].point, zoom < COMMUNES ? COMMUNES + 1 : Math.max(SITES, zoom + 1));
    });
    box.append(closer);
    return box;
  }

  #card(name, href) {
    const box = element('div', 'popup');
    const heading = element('h3');
    heading.append(href ? link(name, href) : name);
    box.append(heading);
    return box;
  }
}

function link(text, href) {
  const a = element('a', '', text);
  a.href = href;
  return a;
}

for (const box of document.querySelectorAll('[data-map="explorer"]')) {
  draw(box).catch((error) => giveUp(box, error));
}
