// What makes two spellings one word, for the search of the static site: the rules of internal/gazetteer (fold.go) and
// internal/search (words.go), which are the ones that hold. A test of the program compares the two on every name of the gazetteer.

/** Accents, vowel marks and tatweel gone, one form of each letter, one space between words. */
export function fold(text) {
  let out = '';
  let gap = false;
  for (const c of text.normalize('NFKD')) {
    if (c === 'ـ' || /[\p{Mn}\p{Me}\p{Cf}]/u.test(c)) continue;
    if (!/[\p{L}\p{N}\p{Mc}]/u.test(c)) {
      gap = true;
      continue;
    }
    if (gap && out) out += ' ';
    gap = false;
    out += plainLetter(c.toLowerCase());
  }
  return out;
}

const LETTERS = new Map([['œ', 'oe'], ['æ', 'ae'], ['ß', 'ss'], ['ٱ', 'ا']]);

function plainLetter(c) {
  const digit = '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹'.indexOf(c);
  return digit < 0 ? (LETTERS.get(c) ?? c) : String(digit % 10);
}

const LATIN_ARTICLES = new Set(['al', 'el', 'l', 'la', 'le', 'les', 'de', 'des']);
const LATIN_WORDS = new Map([['beni', 'bni'], ['ouled', 'oulad'], ['oued', 'ouad'], ['my', 'moulay']]);
const LATIN_SOUNDS = { kh: 'X', sh: 'S', ch: 'S', gh: 'r', rh: 'r', ou: 'w', u: 'w', q: 'k', c: 'k', y: 'i', h: '' };
const ARABIC_LETTERS = { ة: 'ه', ى: 'ي', ء: '', گ: 'ك', ݣ: 'ك', ڭ: 'ك', ک: 'ك', ی: 'ي' };

const arabicLetters = (s) => s.replace(/[ةىءگݣڭکی]/g, (c) => ARABIC_LETTERS[c]);

/** The script of a word, by its first letter or digit; nameIsArabic skips digits. */
export const isArabic = (folded) => /^\p{Script=Arabic}/u.test(folded);
export const nameIsArabic = (folded) => /^[^\p{L}]*(?=\p{L})\p{Script=Arabic}/u.test(folded);

/** One spelling for all the ways in which a folded name is transcribed. */
export function key(folded) {
  const words = folded.split(' ').filter(Boolean);
  if (nameIsArabic(folded)) {
    return single(words.map((w) => arabicLetters(w.startsWith('ال') && w.length > 2 ? w.slice(2) : w)).join(''));
  }
  const kept = words.filter((w) => !LATIN_ARTICLES.has(w));
  return single((kept.length ? kept : words).map((w) => {
    const heard = (LATIN_WORDS.get(w) ?? w).replace(/kh|sh|ch|gh|rh|ou|[uqcyh]/g, (sound) => LATIN_SOUNDS[sound]);
    return heard.slice(0, 1) + heard.slice(1).replaceAll('e', '');
  }).join(''));
}

/** A letter that follows itself, once. */
const single = (s) => s.replace(/(.)\1+/gu, '$1');

/** The words of a text, folded, with where they stand in it. */
export function split(text) {
  const words = [];
  for (const match of text.matchAll(/[\p{L}\p{N}\p{M}\p{Cf}]+/gu)) {
    const folded = fold(match[0]).replaceAll(' ', '');
    if (folded) words.push({ start: match.index, end: match.index + match[0].length, folded });
  }
  return words;
}

const STOP_WORDS = new Set((
  'l le la les d de du des un une et a au aux en sur pour par dans avec the of and in for on to with an al el ' +
  'في من على الى عن مع و ب ل').split(' '));

/** The words that say something; all of them when none does. */
export function significant(words) {
  const kept = words.filter((w) => !STOP_WORDS.has(w));
  return kept.length ? kept : words;
}

/** Article and particles written as one with the word after them, and what must be left of it. */
const ARABIC_BEFORE = [['وال', 3], ['بال', 3], ['كال', 3], ['فال', 3], ['ولل', 3], ['ال', 2], ['لل', 3], ['و', 4], ['ب', 4], ['ل', 4]];
const ARABIC_AFTER = ['ات', 'ه'];

/** The spellings under which a word of a record is found, itself first. */
export function forms(folded) {
  const out = new Set([folded]);
  if (!isArabic(folded)) {
    const heard = key(folded).toLowerCase();
    if ([...heard].length >= 5 && !/\p{Nd}/u.test(folded)) out.add(heard);
    return [...out];
  }
  const plain = arabicLetters(folded);
  if (plain) out.add(plain);
  for (const [letters, left] of ARABIC_BEFORE) {
    if (plain.startsWith(letters) && plain.length - letters.length >= left) out.add(plain.slice(letters.length));
  }
  return [...out];
}

/** The beginnings that a word of a record may have for a typed word. */
export function typed(folded) {
  const out = [];
  for (const form of forms(folded).map(stem)) if (!out.some((shorter) => form.startsWith(shorter))) out.push(form);
  return out;
}

/** Without the ending of number. */
export function stem(folded) {
  if (isArabic(folded)) {
    const ending = ARABIC_AFTER.find((x) => folded.endsWith(x) && folded.length - x.length >= 4);
    return ending ? folded.slice(0, -ending.length) : folded;
  }
  return folded.length >= 5 && /[sx]$/.test(folded) ? folded.slice(0, -1) : folded;
}

/** Whether word begins as was typed, after one letter of typed is changed, added, dropped, or swapped with the next; not the first. */
export function beginsButForOneLetter(word, typedWord) {
  const n = [...word];
  const t = [...typedWord];
  if (!n.length || n.length < t.length - 1 || n[0] !== t[0]) return false;
  let i = 0;
  while (i < n.length && i < t.length && n[i] === t[i]) i++;
  const begins = (at, from) => t.slice(from).every((letter, k) => n[at + k] === letter);
  if (i === t.length || begins(i, i + 1)) return true;
  if (i === n.length) return false;
  if (begins(i + 1, i + 1) || begins(i + 1, i)) return true;
  return i + 1 < n.length && i + 1 < t.length && n[i] === t[i + 1] && n[i + 1] === t[i] && begins(i + 2, i + 2);
}
