// Copy buttons: a button with data-copy="ID" copies the text of that element and says so in the nearest [data-copied], which screen
// readers announce. Without script the buttons stay hidden, and the text can be selected as any other.

for (const button of document.querySelectorAll('button[data-copy]')) {
  const from = document.getElementById(button.dataset.copy);
  if (!from) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const said = button.closest('details, section, main')?.querySelector('[data-copied]');
    if (!(await copy(from))) return;
    if (!said) return;
    said.textContent = ''; // the same words twice would be announced once
    requestAnimationFrame(() => {
      said.textContent = button.dataset.done;
    });
  });
}

/** Copies an element's text. Where the clipboard is closed to scripts (plain http), the text is selected instead. @returns {Promise<boolean>} whether it was copied */
async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent.trim());
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return false;
  }
}
