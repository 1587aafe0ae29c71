/** The inside of `<streambank-player>`. Text only; parts are found by name, and buttons do what `data-action` says. */
import { type IconName, icon } from "./icons.ts";
import { type Action, keyList, keyName } from "./keys.ts";
import { iconButton, spanButtons, speedOptions } from "./markup.ts";
import { byKeyframes, speeds } from "./speeds.ts";
import { playerStyles } from "./styles.ts";

/** A button with a picture; its title names the key, too. */
function button(action: Action, name: IconName, label: string): string {
  const key = keyList.find(([, of]) => of === action)?.[0][0];
  const hint = key === undefined ? "" : ` (${keyName(key)})`;
  return iconButton(action, name, label, hint);
}

const speedGroups = (["Backwards, keyframes only", "Speed", "Keyframes only"] as const)
  .map((label, group) => {
    const of = (speed: number) => (speed < 0 ? 0 : byKeyframes(speed) ? 2 : 1);
    const options = speedOptions(speeds.filter((speed) => of(speed) === group));
    return `<optgroup label="${label}">${options}</optgroup>`;
  })
  .join("");

const keyRows = keyList
  .map(([keys, , does]) => {
    const names = keys.map((key) => `<kbd>${keyName(key).replace("<", "&lt;")}</kbd>`).join(" ");
    return `<div><dt>${names}</dt><dd>${does}</dd></div>`;
  })
  .join("");

/** A dialog with its title and a way out. */
function dialog(name: string, title: string, inside: string): string {
  return `<dialog part="${name}-dialog" aria-labelledby="${name}-title"><header><h2 id="${name}-title">${title}</h2>
    <button type="button" data-close aria-label="Close">${icon("close")}</button></header>${inside}</dialog>`;
}

const jumpInside = `<header><button type="button" part="month-back" aria-label="Month before">${icon("previous")}</button>
    <h2 part="month" aria-live="polite"></h2>
    <button type="button" part="month-on" aria-label="Month after">${icon("next")}</button></header>
  <div part="days" class="days"></div>
  <form part="jump-form" class="field"><input part="jump-field" type="datetime-local" step="1" aria-label="Date and time" required />
    <select part="jump-which" aria-label="Which of the two" hidden></select>
    <button type="submit">Play from here</button></form>
  <p part="jump-says" role="status"></p>`;

const clip = `<div part="clip" role="group" aria-label="Clip" hidden>
    <label>From <input part="clip-from" type="datetime-local" step="1" /></label>
    <label>to <input part="clip-to" type="datetime-local" step="1" /></label>
    <button type="button" data-action="clip-in" title="Clip begins at the playhead (I)">Start here</button>
    <button type="button" data-action="clip-out" title="Clip ends at the playhead (O)">End here</button>
    <button type="button" part="mp4" aria-label="Save MP4">MP4</button>
    <button type="button" part="mkv" aria-label="Save MKV">MKV</button>
    <progress part="clip-progress" max="1" value="0" aria-label="Clip saved" hidden></progress>
    <button type="button" part="clip-cancel" hidden>Cancel</button>
    <p part="clip-says" role="status"></p>
    <ul part="clip-gaps" aria-label="Gaps in the clip"></ul>
  </div>`;

export const playerMarkup = `<style>${playerStyles}</style>
<div part="stage" tabindex="-1">
  <video part="video" playsinline muted disableremoteplayback></video>
  <canvas part="still" hidden></canvas>
  <div part="message"><span part="message-text"></span>
    <div part="beside" hidden>
      <button type="button" class="wide" data-action="previous">${icon("previous")}Previous recording</button>
      <button type="button" class="wide" data-action="next">Next recording${icon("next")}</button>
    </div></div>
  <div part="state"><span part="name"></span> <span part="detail"></span></div>
  <dl part="stats-list" hidden></dl>
  <div part="notice"></div>
</div>
<div part="bar">
  ${button("toggle", "pause", "Pause")}
  ${button("frame-back", "frame-back", "One picture back")}
  ${button("frame-forward", "frame-forward", "One picture on")}
  <select part="speed" aria-label="Speed">${speedGroups}</select>
  <button part="live" type="button" data-action="live" aria-pressed="true" title="Live (L)">Live</button>
  <div part="clock"><span part="time">--:--:--</span><span part="date"></span></div>
  <select part="zone" aria-label="Time zone">
    <option value="camera">Camera</option><option value="mine" selected>My time</option><option value="utc">UTC</option>
  </select>
  ${button("snapshot", "snapshot", "Save the picture")}
  ${button("export", "export", "Export a clip")}
  ${button("share", "share", "Copy a link to this moment")}
  ${button("mute", "muted", "Sound on")}
  ${button("full", "full", "Full screen")}
</div>
<div part="panel">
  <streambank-timeline part="timeline"></streambank-timeline>
  <div part="bar">
    ${button("zoom-out", "zoom-out", "Zoom out")}
    ${button("zoom-in", "zoom-in", "Zoom in")}
    ${spanButtons()}
    ${button("jump", "jump", "Go to date and time")}
    ${button("list", "list", "List of recordings")}
    ${button("stats", "stats", "Statistics")}
    ${button("help", "help", "Keys")}
    <button type="button" class="spring wide" data-action="previous" title="Previous recording (P)">${icon("previous")}Previous</button>
    <button type="button" class="wide" data-action="next" title="Next recording (N)">Next${icon("next")}</button>
  </div>
  ${clip}
</div>
${dialog("jump", "Go to", jumpInside)}
${dialog("help", "Keys", `<dl class="keys">${keyRows}</dl>`)}
${dialog("list", "Recordings", '<p part="list-says"></p><ol part="list-items" class="spans"></ol>')}
<div part="spoken" class="hidden" role="status" aria-live="polite"></div>`;
