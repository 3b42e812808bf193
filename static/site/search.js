// Search in the static site: the suggestions under the boxes and the page of results, from an index that is read when somebody
// searches. Served pages never load this; there the server answers.
import { element, load } from '../js/map.js';
import { source } from '../js/search.js';
import { Finder, meets } from './find.js';
import { split } from './words.js';

const SUGGESTIONS = 8; // as many as the program gives
const PLACES_AMONG = 4; // of them, when there are records, too

const finders = {};

/** The finder of a form's index, read once. */
function finder(form) {
  const address = new URL(form.dataset.suggest, location.href).href;
  finders[address] ??= load(address).then((index) => ({ finder: new Finder(index), index, root: new URL('../', address) }));
  finders[address].catch(() => { delete finders[address]; });
  return finders[address];
}

source.suggest = async (form, text) => {
  const { finder: found, index, root } = await finder(form);
  const { places, hits } = found.find(text);
  const options = places.slice(0, hits.length ? PLACES_AMONG : SUGGESTIONS).map((place) => {
    const { name, kind, within, href } = about(place, found, root);
    return { text: name, lang: index.lang, dir: document.documentElement.dir, note: kind + (within ? index.says.comma + within : ''), href };
  });
  for (const { record } of hits.slice(0, SUGGESTIONS - options.length)) {
    options.push({ text: record.title, lang: record.lang, dir: record.dir, note: index.types[record.type].one, href: pageOf(record, index, root) });
  }
  return { options, status: options.length ? count(index, 'suggestions', options.length) : index.says.no_suggestion };
};

function about({ code, kind, parent, ...own }, { index, places }, root) {
  const nameOf = ({ name, nameAR }) => (index.lang === 'ar' && nameAR) || name;
  const [path, label] = index.kinds[kind];
  return { name: nameOf(own), kind: label, within: parent < 0 ? '' : nameOf(places[parent]), href: new URL(`${path}/${code}/index.html`, root).href };
}

function pageOf(record, index, root) {
  return new URL(`${index.types[record.type].path}/${record.id}/index.html`, root).href;
}

/** A message with its number, in the plural form that the language has for it. */
function count({ says, locale }, key, n) {
  const forms = says[key];
  return (forms[new Intl.PluralRules(locale).select(n)] ?? forms.other).replace('{n}', new Intl.NumberFormat(locale).format(n));
}

const results = document.querySelector('[data-results]');
const typed = new URLSearchParams(location.search).get('q')?.trim().slice(0, 200);
if (results && typed) {
  showResults(results, typed).catch((error) => {
    console.warn(error);
    results.replaceChildren(element('p', 'notice', results.dataset.failed));
  });
}

async function showResults(box, text) {
  const form = document.querySelector('form[data-suggest]');
  form.elements.q.value = text;
  keepQuery();
  const { finder: found, index, root } = await finder(form);
  const { places, hits, unknown, fewer, terms } = found.find(text);
  const { says } = index;
  const quoted = (words) => {
    const q = element('q');
    q.append(element('bdi', '', words));
    return q;
  };
  const lead = element('p', 'lead');
  lead.append(quoted(text), says.colon, ' ', count(index, 'tally', places.length + hits.length));
  const parts = [lead];
  if (places.length) {
    parts.push(section(says.places, places.length, places.map((place) => {
      const { name, kind, within, href } = about(place, found, root);
      const item = element('li');
      item.append(link(href, name), ' ', element('span', 'note', kind + (within ? says.comma + within : '')));
      return item;
    })));
  }
  for (const [type, some] of grouped(hits)) {
    parts.push(section(index.types[type].many, some.length, some.map((hit) => recordItem(hit, terms, index, root))));
  }
  if (!hits.length && (unknown.length || fewer.length || !places.length)) {
    const nothing = element('div', 'notice calm section');
    nothing.append(element('p', '', says.nothing));
    for (const word of unknown) {
      const p = element('p', '', `${says.unknown} `);
      p.append(quoted(word));
      nothing.append(p);
    }
    nothing.append(element('p', '', says.loosen));
    parts.push(nothing);
    if (fewer.length) parts.push(section(says.fewer, undefined, fewer.map((words) => wrap(link(`?q=${encodeURIComponent(words)}`, words)))));
  }
  box.replaceChildren(...parts);
  box.dataset.state = 'ready';
}

/** The same search in the other languages. */
function keepQuery() {
  for (const a of document.querySelectorAll('.languages a[href]')) a.search = location.search;
}

function grouped(hits) {
  const groups = new Map();
  for (const hit of hits) groups.set(hit.record.type, [...(groups.get(hit.record.type) ?? []), hit]);
  return groups;
}

function recordItem({ record, field }, terms, index, root) {
  const item = element('li');
  const a = link(pageOf(record, index, root), '');
  const name = a.firstChild;
  if (record.lang) name.lang = record.lang;
  if (record.dir) name.dir = record.dir;
  let at = 0;
  let marked = false;
  for (const word of split(record.title)) {
    if (!meets(terms, word.folded)) continue;
    name.append(record.title.slice(at, word.start), element('mark', '', record.title.slice(word.start, word.end)));
    at = word.end;
    marked = true;
  }
  name.append(record.title.slice(at));
  item.append(a);
  if (record.mark) item.append(' ', element('span', 'foreign-mark', record.mark));
  if (!marked) item.append(element('p', 'note', field ? index.fields[field.name] : index.fields.touches));
  return item;
}

function section(title, n, items) {
  const box = element('section', 'section');
  const heading = element('h2', '', title);
  if (n !== undefined) heading.append(' ', element('span', 'tally', String(n)));
  const list = element('ul', 'plain-list hits');
  list.append(...items);
  box.append(heading, list);
  return box;
}

function link(href, text) {
  const a = element('a');
  a.href = href;
  a.append(element('bdi', '', text));
  return a;
}

function wrap(node) {
  const item = element('li');
  item.append(node);
  return item;
}
