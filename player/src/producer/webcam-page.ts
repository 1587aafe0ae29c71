/** The page that sends this device's camera: the element, a name that is remembered, and a link to watch it. */
import { StreambankProducer } from "./index.ts";

const REMEMBERED = "streambank-webcam-stream";

const producer = element("producer", StreambankProducer);
const watch = element("watch", HTMLAnchorElement);

function element<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`bug: the page has no #${id}`);
  return found;
}

producer.stream = localStorage.getItem(REMEMBERED) ?? "webcam";
producer.addEventListener("streambank-producer-start", () => {
  localStorage.setItem(REMEMBERED, producer.stream);
  watch.href = `/watch#${encodeURIComponent(producer.stream)}`;
});
addEventListener("beforeunload", (event) => {
  if ((producer.stats?.producer.waiting ?? 0) > 0) event.preventDefault();
});
