/**
 * What a page imports to have `<streambank-producer>`: this device's camera as a stream.
 *
 *     <script type="module" src="http://host/player/src/producer/index.ts"></script>
 *     <streambank-producer server="http://host" stream="my-camera"></streambank-producer>
 */
import { StreambankProducer } from "./streambank-producer.ts";

if (customElements.get("streambank-producer") === undefined)
  customElements.define("streambank-producer", StreambankProducer);

export type { StreambankProducerEvents } from "./producer-events.ts";
export { StreambankProducer };

declare global {
  interface HTMLElementTagNameMap {
    "streambank-producer": StreambankProducer;
  }
}
