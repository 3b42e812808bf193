// The map of a commune, or of the few units that an agreement is about: boundaries, and sites as precisely as they are known and no more.
import { createMap, fetchAll, giveUp, load } from './map.js';
import { popup, rowOf } from './popup.js';

/** Precisions that name an area, not a place in it. */
const AREAS = new Set(['commune', 'province', 'region', 'country']);

for (const box of document.querySelectorAll('[data-map="commune"]')) {
  draw(box).catch((error) => giveUp(box, error));
}

async function draw(box) {
  const words = JSON.parse(box.dataset.words);
  const codes = box.dataset.code.split(' ');
  const units = await Promise.all(box.dataset.geojson.split(' ').map(load));
  const boundaries = units.map(({ features }, i) => features.filter((f) => f.id === codes[i]));
  const sites = units.map(({ features }, i) => features.filter((f) => f.id !== codes[i] && f.geometry && rowOf(f.id)));
  const map = createMap(box);
  const all = boundaries.flat().length ? boundaries.flat() : sites.flat();
  if (!box.dataset.bounds) map.fit({ type: 'FeatureCollection', features: all });
  drawSurroundings(map, box, codes).catch((error) => console.info(error)); // a backdrop: without it the map still says everything
  units.forEach((_, i) => drawUnit(map, boundaries[i], sites[i], words.units[i]));
  box.dataset.state = 'ready';
}

/** Draws one unit: hatched where sites are known to be somewhere in it, plain otherwise; then the sites that have a place of their own. */
function drawUnit(map, boundary, sites, words) {
  const inArea = sites.filter((f) => AREAS.has(f.properties.location_precision));
  const popupOfArea = () => popup(inArea.map((f) => f.id));
  for (const feature of boundary) {
    if (inArea.length === 0) map.addBackdrop(feature, 'boundary');
    else map.addShape(feature, { className: 'hatched', name: words.somewhere, hatched: true, stop: false, popup: popupOfArea });
  }
  if (inArea.length > 0) {
    map.addBadge(pointOf(inArea[0].geometry), { text: words.badge, name: words.somewhere, popup: popupOfArea });
  }
  for (const feature of sites) {
    if (inArea.includes(feature)) continue;
    const about = { name: nameOf(feature), popup: () => popup([feature.id]) };
    if (feature.geometry.type === 'Point') {
      const metres = feature.properties.coordinate_uncertainty_m;
      if (metres > 0) map.addUncertainty(feature.geometry.coordinates, metres);
      map.addPin(feature.geometry.coordinates, about);
    } else {
      map.addShape(feature, { className: 'footprint', ...about });
    }
  }
}

/** The communes round about, so that the shape lies somewhere. */
async function drawSurroundings(map, box, codes) {
  if (!box.dataset.surroundings) return;
  const { features } = await fetchAll(box.dataset.surroundings);
  map.addBackdrop({ type: 'FeatureCollection', features: features.filter((f) => !codes.includes(f.id)) }, 'outline').bringToBack();
}

function nameOf(feature) {
  return rowOf(feature.id)?.querySelector('[data-name]')?.textContent.trim() ?? feature.properties.name ?? feature.id;
}

/** A feature's own point, or the middle of its first ring. */
function pointOf({ type, coordinates }) {
  return type === 'Point' ? coordinates : coordinates.flat(Infinity).slice(0, 2);
}
