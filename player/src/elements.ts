/**
 * All elements with one line in a page; each is loaded when the page has one, and not before.
 *
 *     <script type="module" src="…/elements.js"></script>
 */

const loaders: Readonly<Record<string, () => Promise<unknown>>> = {
  "streambank-player": () => import("./streambank.ts"),
  "streambank-timeline": () => import("./streambank.ts"),
  "streambank-grid": () => import("./grid/index.ts"),
  "streambank-producer": () => import("./producer/index.ts"),
};

const asked = new Set<string>();

function loadWanted(): void {
  for (const [name, load] of Object.entries(loaders)) {
    if (asked.has(name) || document.querySelector(name) === null) continue;
    asked.add(name);
    load().catch((error: unknown) => {
      // Asked again when the page changes: a network may come back.
      asked.delete(name);
      reportError(error);
    });
  }
}

loadWanted();
// Elements that come later, as in pages that build themselves. Those inside of other shadow roots: import the entry itself.
new MutationObserver(loadWanted).observe(document.documentElement, {
  childList: true,
  subtree: true,
});
