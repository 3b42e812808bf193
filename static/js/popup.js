// What a popup says is copied from the site's row in the list, so that the map and the list can't tell two stories.
// Text only: names come from documents we did not write.
import { element } from './map.js';

/** The row of a site in the page's list; null when the list doesn't show it. */
export function rowOf(id) {
  return document.querySelector(`[data-site="${CSS.escape(id)}"]`);
}

/** Popup for some sites. @param {string[]} ids @returns {HTMLElement} */
export function popup(ids) {
  const box = element('div', 'popup');
  for (const id of ids) box.append(article(rowOf(id)));
  return box;
}

function article(row) {
  const box = element('article');
  const name = row.querySelector('[data-name]');
  const heading = element('h3');
  const link = element('a', '', name.textContent.trim());
  link.href = name.href;
  for (const attribute of ['lang', 'dir']) if (name.hasAttribute(attribute)) link.setAttribute(attribute, name.getAttribute(attribute));
  heading.append(link);
  const facts = element('dl');
  for (const fact of row.querySelectorAll('[data-popup]')) {
    facts.append(element('dt', '', fact.querySelector('dt').textContent.trim()));
    facts.append(element('dd', '', [...fact.querySelectorAll('[data-value]')].map((v) => v.textContent.trim()).join(' · ')));
  }
  box.append(heading, facts);
  return box;
}
