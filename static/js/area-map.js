// The map of a country, region or province, shaded by the number of agreements. The numbers come from the table on the page,
// so that the map and the table can't tell two stories; only shapes are fetched.
import { createMap, drawBackground, fetchAll, giveUp } from './map.js';

/** Lower limits of the shades; the legend on the page says the same. */
const BANDS = [1, 2, 5, 10];

for (const box of document.querySelectorAll('[data-map="area"]')) {
  draw(box).catch((error) => giveUp(box, error));
}

async function draw(box) {
  const shapes = await fetchAll(box.dataset.shapes);
  const rows = new Map([...document.querySelectorAll('[data-area]')].map((row) => [row.dataset.area, row]));
  const map = createMap(box);
  if (!box.dataset.bounds) map.fit(shapes);
  // Those with agreements last: drawn above their neighbours, and the keyboard meets them in this order.
  shapes.features.sort((a, b) => count(rows.get(a.id)) - count(rows.get(b.id)));
  for (const feature of shapes.features) {
    const row = rows.get(feature.id);
    const shape = map.addShape(feature, {
      className: `area band-${band(count(row))}`,
      name: row?.dataset.label ?? feature.properties.name_fr,
      stop: count(row) > 0,
      open: () => location.assign(row?.dataset.href ?? `${box.dataset.prefix}${feature.id}`),
    });
    shape.hint(row?.dataset.label ?? nameOf(feature));
    if (row) {
      shape.onHover(() => row.classList.add('lit'), () => row.classList.remove('lit'));
      for (const [event, on] of [['pointerenter', true], ['pointerleave', false], ['focusin', true], ['focusout', false]]) {
        row.addEventListener(event, () => shape.light(on));
      }
    }
  }
  drawBackground(map, box);
  box.dataset.state = 'ready';
}

function count(row) {
  return Number(row?.dataset.count ?? 0);
}

function band(n) {
  return BANDS.filter((least) => n >= least).length;
}

function nameOf({ properties }) {
  return (document.documentElement.lang === 'ar' && properties.name_ar) || properties.name_fr || properties.name || '';
}
