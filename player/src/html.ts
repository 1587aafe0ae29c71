/** Small helpers for custom elements. Browser only. */

/** The element with this part name in a shadow root; throws when the markup does not have it. */
export function part<E extends HTMLElement>(root: ShadowRoot, name: string, type: new () => E): E {
  const found = root.querySelector(`[part~="${name}"]`);
  if (!(found instanceof type)) throw new Error(`bug: no ${type.name} called ${name}`);
  return found;
}

/** The element of a page with this id; throws when the page does not have it. */
export function byId<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`bug: the page has no #${id}`);
  return found;
}

/** Sets the text only when it changes, so that screen readers and selections are left alone. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Fills the screen with it, or no longer. */
export function toggleFullScreen(element: HTMLElement): void {
  const done =
    document.fullscreenElement === null ? element.requestFullscreen() : document.exitFullscreen();
  // Refused without a user's gesture, or by the embedding page: it just stays small.
  done.catch(() => {});
}
