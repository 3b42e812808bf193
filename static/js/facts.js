// Source marks: a mark is a link to its paragraph on the source's page. Here it opens the card beside it instead, which says
// the same without leaving. The browser's popover closes it on Escape or a click elsewhere; the focus goes back to the mark.

const GAP = 6;

if ('popover' in HTMLElement.prototype) {
  for (const mark of document.querySelectorAll('a.mark[data-card]')) enhance(mark);
}

function enhance(mark) {
  const card = document.getElementById(mark.dataset.card);
  if (!card) return;
  mark.setAttribute('role', 'button');
  mark.setAttribute('aria-expanded', 'false');
  mark.setAttribute('aria-haspopup', 'dialog');
  mark.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a link all the same: another tab is the visitor's right
    event.preventDefault();
    toggle(mark, card);
  });
  mark.addEventListener('keydown', (event) => {
    if (event.key !== ' ') return;
    event.preventDefault();
    toggle(mark, card);
  });
  card.querySelector('[data-close]')?.addEventListener('click', () => card.hidePopover());
  card.addEventListener('toggle', (event) => {
    const open = event.newState === 'open';
    mark.setAttribute('aria-expanded', String(open));
    if (!open && (card.contains(document.activeElement) || document.activeElement === document.body)) mark.focus();
  });
}

function toggle(mark, card) {
  if (card.matches(':popover-open')) {
    card.hidePopover();
    return;
  }
  card.hidden = false;
  card.showPopover();
  place(mark, card);
  card.focus();
}

/** Puts card under mark, or above it when there is no room, always inside the window. */
function place(mark, card) {
  const at = mark.getBoundingClientRect();
  const { width, height } = card.getBoundingClientRect();
  const wish = document.documentElement.dir === 'rtl' ? at.right - width : at.left;
  const x = Math.max(GAP, Math.min(wish, document.documentElement.clientWidth - width - GAP));
  const below = at.bottom + GAP;
  const y = below + height > innerHeight && at.top - height - GAP > 0 ? at.top - height - GAP : below;
  // The top layer's corner is the document's, whatever the direction of writing.
  card.style.inset = 'auto';
  card.style.top = `${y + scrollY}px`;
  card.style.left = `${x + scrollX}px`;
}
