/** The page that sends this device's camera: the element, a name that is remembered, and a link to watch it. */
import { byId } from "../html.ts";
import { StreambankProducer } from "./index.ts";

const REMEMBERED = "streambank-webcam-stream";

const producer = byId("producer", StreambankProducer);
const watch = byId("watch", HTMLAnchorElement);

producer.stream = localStorage.getItem(REMEMBERED) ?? "webcam";
producer.addEventListener("streambank-producer-start", () => {
  localStorage.setItem(REMEMBERED, producer.stream);
  watch.href = `/watch#${encodeURIComponent(producer.stream)}`;
});
addEventListener("beforeunload", (event) => {
  if ((producer.stats?.producer.waiting ?? 0) > 0) event.preventDefault();
});
