/**
 * What a page that embeds the player imports: defines `<streambank-player>` and `<streambank-timeline>`.
 *
 *     <script type="module" src="http://host/player/src/streambank.ts"></script>
 *     <streambank-player server="http://host" stream="front-door"></streambank-player>
 */
import { StreambankPlayer } from "./streambank-player.ts";
import { StreambankTimeline } from "./streambank-timeline.ts";

if (customElements.get("streambank-timeline") === undefined) {
  customElements.define("streambank-timeline", StreambankTimeline);
  customElements.define("streambank-player", StreambankPlayer);
}

export type { StreambankEvents } from "./events.ts";
export type { PlayerState, StateName } from "./states.ts";
export { StreambankPlayer, StreambankTimeline };

declare global {
  interface HTMLElementTagNameMap {
    "streambank-player": StreambankPlayer;
    "streambank-timeline": StreambankTimeline;
  }
}
