/** What the page shows when there is no camera yet: every way to add one, to be done from here. Browser only. */
import type { Api } from "./api.ts";

/** Where the server takes RTMP, unless it was told otherwise. */
const RTMP_PORT = 1935;
const STREAM = "camera";

/** What a stream may be called, as the server has it. */
const NAME = `pattern="[A-Za-z0-9_.\\-]*[A-Za-z0-9_\\-][A-Za-z0-9_.\\-]*" title="Letters, digits, and - _ ."
  autocomplete="off" spellcheck="false"`;

const markup = (host: string) => `
  <h2>Add your first camera</h2>
  <p class="lead">Nothing is sent to this server yet. It appears here as soon as the first picture comes.</p>
  <div class="ways">
    <section aria-labelledby="way-webcam"><h3 id="way-webcam">This device's camera</h3>
      <p>Sends from the browser. Keep that page open.</p>
      <a class="button" href="/player/webcam.html">Go live with this camera</a></section>
    <section aria-labelledby="way-rtsp"><h3 id="way-rtsp">An IP camera</h3>
      <form id="pull"><label>Its RTSP address
        <input id="pull-url" type="text" inputmode="url" required placeholder="rtsp://user:password@192.0.2.10/stream1"
          pattern="rtsps?://.+" title="rtsp://… or rtsps://…" autocomplete="off" spellcheck="false" /></label>
        <label>Name for it
        <input id="pull-name" required maxlength="256" value="${STREAM}" ${NAME} /></label>
        <button type="submit">Add it</button><p id="pull-says" role="status"></p></form></section>
    <section aria-labelledby="way-rtmp"><h3 id="way-rtmp">OBS, or another encoder</h3>
      <form id="push"><label>Name for it
        <input id="push-name" required maxlength="256" value="${STREAM}" ${NAME} /></label>
        <button type="submit">Make its address</button><p id="push-says" role="status"></p></form>
      <dl id="push-address" hidden><div><dt>Server</dt><dd><code>rtmp://${host}:${RTMP_PORT}/live</code></dd></div>
      <div><dt>Stream key</dt><dd><code id="push-key"></code></dd></div></dl></section>
    <section aria-labelledby="way-file"><h3 id="way-file">A file, from the command line</h3>
      <p><code>npx streambank put FILE.mkv --stream ${STREAM} --create</code></p></section>
  </div>`;

export function welcome(api: Api): HTMLElement {
  const element = document.createElement("div");
  element.className = "welcome";
  element.innerHTML = markup(location.hostname);
  const find = (id: string) => element.querySelector(`#${id}`) as HTMLElement;
  const value = (id: string) => (find(id) as HTMLInputElement).value.trim();
  const onSubmit = (form: "pull" | "push", run: () => Promise<string>) =>
    find(form).addEventListener("submit", (event) => {
      event.preventDefault();
      const says = find(`${form}-says`);
      says.textContent = "A moment…";
      run()
        .then((text) => {
          says.textContent = text;
        })
        .catch((error: Error) => {
          says.textContent = `That did not work: ${error.message}`;
        });
    });
  onSubmit("pull", async () => {
    await api.addSource(value("pull-name"), value("pull-url"));
    return "Added. It appears here with its first picture.";
  });
  onSubmit("push", async () => {
    await api.createStream(value("push-name"));
    find("push-key").textContent = value("push-name");
    find("push-address").hidden = false;
    return "Put these into the encoder (in OBS: Settings, Stream, Service “Custom”), and start.";
  });
  return element;
}
