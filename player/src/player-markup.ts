/** The inside of `<sb-player>`. Text only; parts are found by name. */
import { playerStyles } from "./styles.ts";

const MINUTE = 60_000;
const spans: readonly (readonly [string, number])[] = [
  ["1 min", MINUTE],
  ["15 min", 15 * MINUTE],
  ["1 h", 60 * MINUTE],
  ["1 d", 24 * 60 * MINUTE],
  ["30 d", 30 * 24 * 60 * MINUTE],
];

export const playerMarkup = `<style>${playerStyles}</style>
<div part="stage">
  <video part="video" playsinline muted autoplay></video>
  <div part="message"></div>
  <div part="state"><span part="name"></span> <span part="detail"></span></div>
</div>
<div part="row">
  <button part="play" type="button">Pause</button>
  <button part="live" type="button" aria-pressed="true">Live</button>
  <div part="clock"><span part="time">--:--:--</span><span part="date"></span></div>
  <button part="mute" type="button">Sound on</button>
  <button part="full" type="button">Full screen</button>
</div>
<div part="panel">
  <sb-timeline part="timeline"></sb-timeline>
  <div part="row">
    <button part="zoom-out" type="button" aria-label="Zoom out">−</button>
    <button part="zoom-in" type="button" aria-label="Zoom in">+</button>
    ${spans.map(([name, ms]) => `<button type="button" data-span="${ms}">${name}</button>`).join("")}
    <div part="save">
      <span part="export"></span>
      <a part="mp4">MP4</a>
      <a part="mkv">MKV</a>
    </div>
  </div>
</div>
<div part="spoken" class="hidden" role="status" aria-live="polite"></div>`;
