/** The inside of `<streambank-grid>`: text only. Buttons do what `data-action` says, as in the player. */
import { iconButton, spanButtons, speedOptions } from "../markup.ts";
import { byKeyframes, speeds } from "../speeds.ts";
import { controls, panels } from "../styles.ts";
import { themeStyles } from "../theme.ts";

/** How many cameras are in view at once. */
export const layouts: readonly number[] = [1, 4, 9, 16];
const DAY_MS = 86_400_000;

const styles = `${themeStyles}
:host { display: flex; flex-direction: column; min-width: 0; min-height: 0; gap: 12px; color: var(--_ink);
  font: 15px/1.4 system-ui, sans-serif; container-type: inline-size; }
:host(:fullscreen) { background: var(--_surface); padding: 12px; box-sizing: border-box; }
${controls}${panels}
[part~="tiles"] { --columns: 2; --rows: var(--columns); flex: 1 1 auto; min-height: 200px; overflow: auto; display: grid; gap: 6px;
  grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
  grid-auto-rows: calc((100% - 6px * (var(--rows) - 1)) / var(--rows)); }
[part~="tiles"] > [part~="tile"] { position: relative; padding: 0; min-height: 44px; background: #000; border-radius: 8px; overflow: hidden;
  border: 2px solid transparent; color: #e6edf3; }
[part~="tile"]:hover { border-color: var(--_edge); }
[part~="tile"]:focus-visible { outline: 2px solid var(--_accent); outline-offset: -2px; }
[part~="tile"] :is(video, canvas) { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; background: #000; }
[part~="tile"][data-stale] :is(video, canvas) { filter: grayscale(1) brightness(.45); }
[part~="tile"][data-state="NO RECORDING"] :is(video, canvas) { visibility: hidden; }
[part~="label"] { position: absolute; left: 8px; bottom: 8px; max-width: calc(100% - 16px); box-sizing: border-box; padding: 3px 9px;
  border-radius: 8px; background: rgba(13,17,23,.86); text-align: left; overflow-wrap: anywhere; font-size: 14px; }
[part~="label"] [part~="name"] { font-weight: 650; }
[part~="label"] [part~="detail"] { color: #d3dce6; }
[data-state="LIVE"] [part~="name"]::before { content: ""; display: inline-block; width: 9px; height: 9px; border-radius: 50%;
  margin-right: 7px; background: #ff6b63; }
:host([enlarged]) [part~="tiles"] { --columns: 1 !important; --rows: 1; overflow: hidden; }
:host([enlarged]) [part~="tile"]:not([aria-pressed="true"]) { display: none; }
[part~="notice"] { min-height: 0; margin: 0; color: var(--_warn); } [part~="notice"]:empty { display: none; }
:host([mode="live"]) [part~="live"] { background: var(--_live); border-color: var(--_live); color: #fff; }
[part~="layouts"] { display: flex; gap: 4px; }
@container (max-width: 700px) {
  :host(:not([enlarged])) [part~="tiles"] { --columns: min(2, var(--wanted)) !important; grid-auto-rows: auto; align-content: start; }
  :host(:not([enlarged])) [part~="tile"] { aspect-ratio: 16 / 9; }
  [part~="clock"] { order: -1; width: 100%; margin-inline: 0; display: flex; align-items: baseline; justify-content: space-between; }
  [part~="time"] { font-size: 24px; } [part~="bar"] { gap: 6px; } [part~="live"] { flex: 1 1 auto; min-width: 96px; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`;

/** What all tiles can decode whole, forwards: by key frames they would show different moments. */
const decoded = speeds.filter((speed) => !byKeyframes(speed));

export const gridMarkup = `<style>${styles}</style>
<p part="notice" role="status"></p>
<div part="tiles" role="group" aria-label="Cameras"></div>
<div part="bar">
  ${iconButton("toggle", "pause", "Pause")}
  <select part="speed" aria-label="Speed">${speedOptions(decoded)}</select>
  <button part="live" type="button" data-action="live" aria-pressed="true" title="Live (L)">Live</button>
  <div part="clock"><span part="time">--:--:--</span><span part="date"></span></div>
  <div part="layouts" role="group" aria-label="Cameras at once">
    ${layouts.map((count) => `<button type="button" data-tiles="${count}" aria-pressed="false" title="${count} at once">${count}</button>`).join("")}
  </div>
  <button part="back" type="button" data-action="all" title="All cameras (Esc)" hidden>All cameras</button>
  ${iconButton("full", "full", "Full screen")}
</div>
<div part="panel">
  <streambank-timeline part="timeline"></streambank-timeline>
  <div part="bar">
    ${iconButton("zoom-out", "zoom-out", "Zoom out")}
    ${iconButton("zoom-in", "zoom-in", "Zoom in")}
    ${spanButtons(DAY_MS)}
  </div>
</div>`;
