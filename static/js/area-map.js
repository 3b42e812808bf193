// The map of a country, region or province, shaded by the number of agreements. The numbers come from the table on the page,
// so that the map and the table can't tell two stories; only shapes are fetched.
import { createMap, drawBackground, fetchAll, giveUp, pageOf } from './map.js';

/** The drawings of a boundary, true to about 1 km, 200 m and 60 m, and the zoom from which each is worth its bytes. */
const DETAILS = [
  { name: 'low', zoom: 0 },
  { name: 'medium', zoom: 8 },
  { name: 'high', zoom: 12 },
];

for (const box of document.querySelectorAll('[data-map="area"]')) {
  draw(box).catch((error) => giveUp(box, error));
}

async function draw(box) {
  const shapes = await fetchAll(box.dataset.shapes);
  const rows = new Map([...document.querySelectorAll('[data-area]')].map((row) => [row.dataset.area, row]));
  const map = createMap(box);
  if (!box.dataset.bounds) map.fit(shapes);
  const bands = box.dataset.bands.split(',').map(Number); // the least of each shade, as the legend says
  const drawn = new Map();
  // Those with agreements last: drawn above their neighbours, and the keyboard meets them in this order.
  shapes.features.sort((a, b) => count(rows.get(a.id)) - count(rows.get(b.id)));
  for (const feature of shapes.features) {
    const row = rows.get(feature.id);
    const shape = map.addShape(feature, {
      className: `area band-${bands.filter((least) => count(row) >= least).length}`,
      name: row?.dataset.label ?? feature.properties.name_fr,
      stop: count(row) > 0,
      open: () => go(row?.dataset.href ?? pageOf(box, feature)),
    });
    drawn.set(feature.id, { shape, detail: rankOf(feature) });
    shape.hint(row?.dataset.label ?? nameOf(feature));
    if (row) {
      shape.onHover(() => row.classList.add('lit'), () => row.classList.remove('lit'));
      for (const [event, on] of [['pointerenter', true], ['pointerleave', false], ['focusin', true], ['focusout', false]]) {
        row.addEventListener(event, () => shape.light(on));
      }
    }
  }
  map.onView((zoom, bbox) => refine(box.dataset.shapes, drawn, zoom, bbox));
  drawBackground(map, box);
  box.dataset.state = 'ready';
}

/** Draws what is on view finer once the zoom asks for it; a shape is never drawn coarser again. */
async function refine(address, drawn, zoom, bbox) {
  const wanted = DETAILS.findLastIndex((detail) => zoom >= detail.zoom);
  if ([...drawn.values()].every(({ detail }) => detail >= wanted)) return;
  const finer = new URL(address, location.href);
  finer.searchParams.set('detail', DETAILS[wanted].name);
  finer.searchParams.set('bbox', bbox);
  try {
    const { features } = await fetchAll(finer.pathname + finer.search);
    for (const feature of features) {
      const known = drawn.get(feature.id);
      if (!known || known.detail >= wanted) continue;
      known.shape.redraw(feature);
      known.detail = wanted;
    }
  } catch (error) {
    console.info(error); // the coarse drawing says the same
  }
}

/** Inside another site's frame a page opens outside it, as every link there does. */
function go(address) {
  if (document.querySelector('base[target="_blank"]')) open(address, '_blank', 'noopener');
  else location.assign(address);
}

function rankOf(feature) {
  return DETAILS.findIndex((detail) => detail.name === feature.properties.detail);
}

function count(row) {
  return Number(row?.dataset.count ?? 0);
}

function nameOf({ properties }) {
  return (document.documentElement.lang === 'ar' && properties.name_ar) || properties.name_fr || properties.name || '';
}
