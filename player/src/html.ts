/** Small helpers for custom elements. Browser only. */

/** The element with this part name in a shadow root; throws when the markup does not have it. */
export function part<E extends HTMLElement>(root: ShadowRoot, name: string, type: new () => E): E {
  const found = root.querySelector(`[part~="${name}"]`);
  if (!(found instanceof type)) throw new Error(`bug: no ${type.name} called ${name}`);
  return found;
}

/** Sets the text only when it changes, so that screen readers and selections are left alone. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
