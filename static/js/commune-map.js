// The map of a commune, or of the few units that an agreement is about: boundaries, and the sites of the page's list as precisely as they are known and no more.
import { createMap, fetchAll, giveUp } from './map.js';
import { popup, rowOf } from './popup.js';

for (const box of document.querySelectorAll('[data-map="commune"]')) {
  draw(box).catch((error) => giveUp(box, error));
}

async function draw(box) {
  const words = JSON.parse(box.dataset.words);
  const codes = box.dataset.code.split(' ');
  const { features: units } = box.dataset.surroundings ? await fetchAll(box.dataset.surroundings) : { features: [] };
  const listed = [...document.querySelectorAll('[data-drawn]')].map((row) => ({ id: row.dataset.site, ...JSON.parse(row.dataset.drawn) }));
  const map = createMap(box);
  const own = units.filter((f) => codes.includes(f.id));
  if (!box.dataset.bounds) map.fit({ type: 'FeatureCollection', features: own.length ? own : listed.filter((s) => s.geometry).map(featureOf) });
  const around = units.filter((f) => !own.includes(f)); // so that the shapes lie somewhere
  map.addBackdrop({ type: 'FeatureCollection', features: around }, 'outline').bringToBack();
  codes.forEach((code, i) => {
    const sites = listed.filter((s) => s.in.includes(code));
    drawUnit(map, own.filter((f) => f.id === code), sites, words.units[i]);
  });
  box.dataset.state = 'ready';
}

/** Draws one unit: hatched where sites are known to be somewhere in it, plain otherwise; then the sites that have a place of their own. */
function drawUnit(map, boundary, sites, words) {
  const somewhere = sites.filter((s) => !s.geometry);
  const popupOfArea = () => popup(somewhere.map((s) => s.id));
  for (const feature of boundary) {
    if (somewhere.length === 0) map.addBackdrop(feature, 'boundary');
    else map.addShape(feature, { className: 'hatched', name: words.somewhere, hatched: true, stop: false, popup: popupOfArea });
  }
  if (somewhere.length > 0 && words.at) map.addBadge(words.at, { text: words.badge, name: words.somewhere, popup: popupOfArea });
  for (const site of sites) {
    if (!site.geometry) continue;
    const about = { name: nameOf(site.id), popup: () => popup([site.id]) };
    if (site.geometry.type === 'Point') {
      if (site.uncertaintyM > 0) map.addUncertainty(site.geometry.coordinates, site.uncertaintyM);
      map.addPin(site.geometry.coordinates, about);
    } else {
      map.addShape(featureOf(site), { className: 'footprint', ...about });
    }
  }
}

function featureOf({ id, geometry }) {
  return { type: 'Feature', id, geometry, properties: {} };
}

function nameOf(id) {
  return rowOf(id)?.querySelector('[data-name]')?.textContent.trim() ?? id;
}
