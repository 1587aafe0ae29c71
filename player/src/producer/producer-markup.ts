/** The inside of `<streambank-producer>`: what to send, the preview, what is being sent. Text only. */
import { themeStyles } from "../theme.ts";

const styles = `${themeStyles}
:host { display: grid; grid-template-columns: minmax(200px, 260px) minmax(0, 1fr); gap: 16px; align-content: start; color: var(--_ink);
  font: 15px/1.4 system-ui, sans-serif; }
* { box-sizing: border-box; }
form { display: grid; gap: 14px; align-content: start; min-width: 0; }
label { display: grid; gap: 5px; color: var(--_quiet); font-size: 13px; }
details label { margin-top: 10px; }
summary { color: var(--_quiet); font-size: 13px; cursor: pointer; min-height: 44px; align-content: center; }
select, input { width: 100%; padding: 8px 10px; min-height: 44px; border: 1px solid var(--_edge); border-radius: 8px;
  background: var(--_control); color: var(--_ink); font: inherit; }
input:user-invalid { border-color: var(--_now); }
button { padding: 10px 14px; min-height: 44px; border: 1px solid transparent; border-radius: 9px; background: var(--_accent);
  color: var(--_accent-ink); font: inherit; font-weight: 650; cursor: pointer; }
button.stop { background: var(--_live); color: #fff; }
button:disabled { background: var(--_control); }
:is(button, select, input):disabled { color: var(--_quiet); border-style: dashed; border-color: var(--_edge); cursor: default; }
:is(select, input, button, summary):focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
[part~="stage"] { display: grid; gap: 16px; align-content: start; min-width: 0; }
[part~="preview"] { width: 100%; min-height: 160px; max-height: 62vh; border-radius: 12px; background: #000; object-fit: contain; }
[part~="trouble"] { margin: 0; padding: 14px 16px; border: 1px solid var(--_warn); border-radius: 10px;
  background: var(--_warn-surface); color: var(--_warn); }
[part~="trouble"]:empty { display: none; }
[part~="state"] { margin: 0 0 12px; font-size: 17px; font-weight: 600; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); gap: 12px; margin: 0; }
dl > div { padding: 10px 12px; border: 1px solid var(--_edge); border-radius: 10px; background: var(--_surface); }
dt { color: var(--_quiet); font-size: 13px; }
dd { margin: 2px 0 0; font-variant-numeric: tabular-nums; font-weight: 600; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
/* On a phone the picture comes first once it is live: what was chosen cannot be changed then. */
@media (max-width: 820px) {
  :host { grid-template-columns: minmax(0, 1fr); }
  form:has(button.stop) :is(label, details) { display: none; }
}
`;

const figures = [
  ["stored", "Stored up to", "nothing yet"],
  ["fragments", "Fragments stored", "0"],
  ["buffered", "Not stored yet", "0.0 s"],
  ["bitrate", "Sent", "0 kbit/s"],
  ["fps", "Pictures", "0 a second"],
  ["dropped", "Left out", "0"],
  ["coded", "Coded as", ""],
];

export const producerMarkup = `<style>${styles}</style>
<form id="form" part="form" aria-label="What to send">
  <label>Camera <select id="camera" part="camera"></select></label>
  <label>Microphone <select id="microphone" part="microphone"></select></label>
  <label>Picture
    <select id="size" part="size">
      <option value="640x360">360p</option>
      <option value="1280x720" selected>720p</option>
      <option value="1920x1080">1080p</option>
    </select>
  </label>
  <label>Name of the stream
    <input id="stream" part="stream" required maxlength="256" pattern="[A-Za-z0-9_.\\-]*[A-Za-z0-9_\\-][A-Za-z0-9_.\\-]*"
      title="Letters, digits, and - _ ." autocomplete="off" spellcheck="false" />
  </label>
  <label>Key, if the server asks for one <input id="key" part="key" type="password" autocomplete="off" /></label>
  <details>
    <summary>More</summary>
    <label>Codec
      <select id="codec" part="codec">
        <option value="auto">the best this browser has</option>
        <option value="h264">H.264</option>
        <option value="vp9">VP9</option>
        <option value="vp8">VP8</option>
        <option value="av1">AV1</option>
      </select>
    </label>
    <label>Method
      <select id="method" part="method">
        <option value="auto">the best this browser has</option>
        <option value="webcodecs">WebCodecs</option>
        <option value="mediarecorder">MediaRecorder</option>
      </select>
    </label>
  </details>
  <button id="go" part="go" type="submit">Go live</button>
</form>
<div part="stage">
  <p id="trouble" part="trouble" role="alert"></p>
  <video id="preview" part="preview" muted playsinline autoplay aria-label="Preview of your camera"></video>
  <section id="live" part="figures" aria-label="What is being sent" hidden>
    <p id="state" part="state" role="status"></p>
    <dl>${figures.map(([id, name, text]) => `<div><dt>${name}</dt><dd id="${id}" part="${id}">${text}</dd></div>`).join("")}</dl>
    <slot></slot>
  </section>
</div>`;
