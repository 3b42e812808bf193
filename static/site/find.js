// Finds places and records in the index of the static site, as internal/search does with the store: what a person types is read as
// places and words, every word must be met, and one wrong letter is forgiven in a word that the registry doesn't know.
// Names that are merely alike are left to the live registry.
import { beginsButForOneLetter, fold, forms, isArabic, key, nameIsArabic, significant, split, stem, typed } from './words.js';

const MAX_WORDS = 8;
const MAX_LETTERS = 40;
const MAX_PLACE = 5; // words of a place's name
const MAX_PLACES = 8;
const MAX_HITS = 100;
const MAX_SPELLINGS = 20; // words that a misspelt one may stand for

/** The ranks of a place and of a word, and what a field gains when all of it was typed: those of the program. */
const PLACE = { exact: 1, spelled: 0.95, prefix: 0.9, alias: 0.8, part: 0.7, near: 0.65, typo: 0.6 };
const WORD = { same: 1, spelled: 0.9, begun: 0.7, guessed: 0.45, touching: 0.3 };
const WHOLE = 0.3;

const LEVEL_WORDS = new Set((
  'commune communes province provinces region regions prefecture cercle ville municipalite town city ' +
  'جماعه جماعة اقليم جهة جهه عمالة مدينة مدينه').split(' '));

/** An index of web.SearchIndex, made ready: forms are computed once, not for each letter typed. */
export class Finder {
  constructor(index) {
    this.index = index;
    this.places = index.places.map(([code, kind, parent, ...names], n) => ({
      n, code, kind, parent, name: names[0], nameAR: names[1],
      spellings: names.map((text, i) => ({ text, alias: i > 1, ...lettersOf(text) })).filter((s) => s.plain),
    }));
    this.records = index.records.map((record, n) => ({
      ...record, n, fields: record.fields.map(([name, weight, words]) => ({ name, weight, words: words.split(' ').map((folded) => ({ folded, forms: forms(folded) })) })),
    }));
    this.vocabulary = [...new Set(this.records.flatMap((r) => r.fields.flatMap((f) => f.words.flatMap((w) => w.forms))))].sort();
  }

  /** @returns {{places: object[], hits: object[], unknown: string[], fewer: string[], terms: object[]}} places and hits best first */
  find(text) {
    const q = this.#parse(text);
    const unknown = this.#complete(q);
    let places = this.#placesOf(q, text);
    const hits = unknown.length || !q.terms.length ? [] : this.#hits(q);
    if (hits.length && !whole(q)) {
      const likely = new Set(this.#suggest(text, MAX_PLACES).filter((h) => h.score > PLACE.typo).map((h) => h.place));
      places = places.filter((p) => q.places.includes(p) || likely.has(p));
      if (!q.places.length) places = knownFirst(places, hits);
    }
    return { places, hits, unknown, fewer: hits.length ? [] : fewer(q, unknown), terms: q.terms };
  }

  #parse(text) {
    const all = significant(split(text).map((w) => w.folded)).slice(0, MAX_WORDS).map((w) => [...w].slice(0, MAX_LETTERS).join(''));
    const q = { terms: [], places: [] };
    for (let i = 0; i < all.length;) {
      const [n, places] = this.#placeAt(all.slice(i));
      if (n === 0) {
        q.terms.push({ typed: [all[i]], words: typed(all[i]), places: [] });
        i++;
        continue;
      }
      name(q, all.slice(i, i + n), places);
      i += n;
    }
    return dropLevels(q);
  }

  /** The longest place name at the beginning of words: how many of them, and the places. */
  #placeAt(words) {
    for (let n = Math.min(words.length, MAX_PLACE); n > 0; n--) {
      let places = this.#named(words.slice(0, n).join(' '));
      if (!places.length && isArabic(words[0])) {
        for (const form of forms(words[0]).slice(1)) {
          places = this.#named([form, ...words.slice(1, n)].join(' '));
          if (places.length) break;
        }
      }
      if (places.length) return [n, places];
    }
    return [0, []];
  }

  /** The places that text names whole, in any spelling. */
  #named(text) {
    const q = lettersOf(text);
    return this.#best((s) => (s.plain === q.plain || (q.key && s.key === q.key) ? placeScore(q, s) : 0)).map((h) => h.place);
  }

  /** The places that text may be the beginning of, best first. */
  #suggest(text, limit) {
    const q = lettersOf(text);
    return q.plain ? this.#best((s) => placeScore(q, s)).slice(0, limit) : [];
  }

  /** Places by the best score of their spellings; among equals the most populous, which the index has first. */
  #best(score) {
    const hits = [];
    for (const place of this.places) {
      let best = { score: 0 };
      for (const spelling of place.spellings) {
        const one = score(spelling);
        if (one > best.score) best = { score: one, place, spelling };
      }
      if (best.score > 0) hits.push(best);
    }
    return hits.sort((a, b) => b.score - a.score || a.place.n - b.place.n);
  }

  /** Gives a word that nothing begins with what it may stand for; returns the words that nothing resembles. */
  #complete(q) {
    const unknown = [];
    for (let i = 0; i < q.terms.length; i++) {
      const term = q.terms[i];
      if (term.places.length || term.words.some((begin) => this.vocabulary.some((w) => w.startsWith(begin)))) continue;
      const [misspelt] = term.typed;
      const [nearest] = this.#suggest(misspelt, 1);
      if (nearest?.score >= PLACE.typo) {
        const named = name({ terms: [], places: [] }, [misspelt], this.#named(nearest.spelling.text));
        q.places.push(...named.places);
        q.terms.splice(i, 1, ...named.terms);
        i += named.terms.length - 1;
        continue;
      }
      term.guess = true;
      term.words = [...misspelt].length < 4 ? [] : this.vocabulary.filter((w) => beginsButForOneLetter(w, misspelt)).sort((a, b) => a.length - b.length).slice(0, MAX_SPELLINGS);
      if (!term.words.length) unknown.push(misspelt);
    }
    dropLevels(q);
    return unknown;
  }

  #placesOf(q, text) {
    if (q.places.length && !whole(q)) return q.places.slice(0, MAX_PLACES);
    return this.#suggest(whole(q) ? q.places[0].name : text, MAX_PLACES).filter((h) => h.score >= PLACE.typo).map((h) => h.place);
  }

  #hits(q) {
    const hits = this.records.map((record) => rank(q, record)).filter(Boolean);
    return hits.sort((a, b) => b.score - a.score || (a.record.id < b.record.id ? -1 : 1)).slice(0, MAX_HITS);
  }
}

function lettersOf(text) {
  const folded = [...fold(text)].slice(0, 80).join('').trim();
  return { folded, plain: folded.replaceAll(' ', ''), key: key(folded), arabic: nameIsArabic(folded) };
}

function placeScore(q, s) {
  if (q.arabic !== s.arabic) return 0;
  const own = !s.alias;
  const begins = s.plain.startsWith(q.plain);
  const same = q.plain === s.plain;
  const spelled = q.key !== '' && q.key === s.key;
  if (same && own) return PLACE.exact;
  if (spelled && own) return PLACE.spelled;
  if (begins && own) return PLACE.prefix;
  if (same || spelled) return PLACE.alias;
  if (begins || s.folded.includes(` ${q.folded}`) || ([...q.key].length >= 3 && s.key.startsWith(q.key))) return PLACE.part;
  if ([...q.plain].length < 4 || !beginsButForOneLetter(s.plain, q.plain)) return 0;
  return own && beginsButForOneLetter(q.plain, s.plain) ? PLACE.near : PLACE.typo;
}

/** Adds the terms of a place: made of its own spellings, so that every spelling of a place finds the same. */
function name(q, words, places) {
  q.places.push(...places);
  const own = significant(split(places[0].name).map((w) => w.folded));
  own.forEach((_, i) => {
    const begins = new Set();
    for (const place of places) {
      for (const spelling of place.spellings) {
        const s = significant(split(spelling.text).map((w) => w.folded));
        if (s.length === own.length) typed(s[i]).forEach((w) => begins.add(w));
      }
    }
    q.terms.push({ typed: i === 0 ? words : [], words: [...begins], places: places.map((p) => p.n) });
  });
  return q;
}

/** Forgets the words that only say what kind of unit the place beside them is. */
function dropLevels(q) {
  if (q.places.length) q.terms = q.terms.filter((t) => t.places.length || !LEVEL_WORDS.has(t.typed[0]));
  return q;
}

/** Whether a query names places and nothing else. */
const whole = (q) => q.places.length > 0 && q.terms.every((t) => t.places.length > 0);

/** How well a word of a record is what was typed; 0 when it isn't. */
function quality(term, word) {
  let best = 0;
  for (const form of word.forms) {
    for (const begin of term.words) {
      if (!form.startsWith(begin)) continue;
      let q = WORD.begun;
      if (term.guess) q = WORD.guessed;
      else if (!term.places.length && term.typed.includes(word.folded)) q = WORD.same;
      else if (form === begin || stem(form) === begin) q = WORD.spelled;
      best = Math.max(best, q);
    }
  }
  return best;
}

/** Whether a term is met by a word as it stands in a text: for marking it. */
export const meets = (terms, folded) => terms.some((t) => quality(t, { folded, forms: forms(folded) }) > 0);

/** A record's score and the field that says most of what was typed; null when it lacks a term. */
function rank(q, record) {
  const score = q.terms.map((t) => (t.places.some((n) => record.at.includes(n)) ? WORD.touching : 0));
  let best = { sum: 0, field: null };
  for (const field of record.fields) {
    const met = q.terms.map(() => 0);
    let spans = 0;
    for (const word of field.words) {
      const each = q.terms.map((t) => quality(t, word));
      each.forEach((one, i) => { met[i] = Math.max(met[i], one * field.weight); });
      if (each.some((one) => one > 0)) spans++;
    }
    if (!spans) continue;
    const gain = 1 + (WHOLE * spans) / significant(field.words.map((w) => w.folded)).length;
    met.forEach((m, i) => { score[i] = Math.max(score[i], m * gain); });
    const sum = met.reduce((a, b) => a + b * gain, 0);
    if (sum > best.sum) best = { sum, field };
  }
  if (score.some((s) => s === 0)) return null;
  return { record, score: score.reduce((a, b) => a + b, 0), field: best.field };
}

/** Places of the records found before those whose names merely begin alike. */
function knownFirst(places, hits) {
  const known = new Set(hits.flatMap((h) => h.record.at));
  return [...places].sort((a, b) => Number(known.has(b.n)) - Number(known.has(a.n)));
}

/** The queries that leave out one word, and always the unknown ones. */
function fewer(q, unknown) {
  const out = new Set();
  q.terms.forEach((left, i) => {
    const rest = q.terms.filter((t, j) => j !== i && !unknown.includes(t.typed.join(' '))).flatMap((t) => t.typed).join(' ');
    if (rest && left.typed.length) out.add(rest);
  });
  return [...out];
}
