/**
 * What a page imports to have `<streambank-grid>`: several cameras on one clock.
 *
 *     <script type="module" src="http://host/player/src/grid/index.ts"></script>
 *     <streambank-grid server="http://host" streams="front-door garden"></streambank-grid>
 */
import { StreambankTimeline } from "../streambank-timeline.ts";
import { StreambankGrid } from "./streambank-grid.ts";

if (customElements.get("streambank-timeline") === undefined)
  customElements.define("streambank-timeline", StreambankTimeline);
if (customElements.get("streambank-grid") === undefined)
  customElements.define("streambank-grid", StreambankGrid);

export type { StreambankEvents } from "../events.ts";
export { StreambankGrid };

declare global {
  interface HTMLElementTagNameMap {
    "streambank-grid": StreambankGrid;
  }
}
