/** Styles inside the shadow roots. Colours: theme.ts. */
import { themeStyles } from "./theme.ts";

export const timelineStyles = `${themeStyles}
:host { display: block; position: relative; height: 84px; touch-action: none; user-select: none; }
[part~="slider"] { height: 100%; cursor: pointer; border-radius: 8px; outline-offset: 2px; }
[part~="slider"]:focus-visible { outline: 2px solid var(--_accent); }
canvas { display: block; width: 100%; height: 100%; }
[part~="preview"] { position: absolute; bottom: calc(100% + 6px); border-radius: 8px; border: 1px solid var(--_edge);
  box-shadow: 0 4px 16px rgba(0,0,0,.5); pointer-events: none; z-index: 3; }
[part~="hint"] { position: absolute; top: calc(100% + 2px); transform: translateX(-50%); width: max-content; max-width: 90%;
  padding: 3px 9px; border-radius: 7px; background: var(--_control); border: 1px solid var(--_edge); color: var(--_ink);
  font-size: 13px; pointer-events: none; z-index: 3; box-sizing: border-box; }
[hidden] { display: none !important; }
`;

export const controls = `
button, a.button, select, input { font: inherit; color: var(--_ink); background: var(--_control);
  border: 1px solid var(--_edge); border-radius: 10px; min-height: 44px; min-width: 44px; padding: 0 12px;
  box-sizing: border-box; }
button, a.button { cursor: pointer; display: inline-flex; align-items: center; justify-content: center; gap: 8px;
  text-decoration: none; }
button:has(svg):not(.wide) { padding: 0; }
button:hover, a.button:hover, select:hover { background: var(--_control-hover); }
:is(button, a, select, input, dialog):focus-visible, input:focus { outline: 2px solid var(--_accent); outline-offset: 2px; }
button[aria-pressed="true"], button[aria-expanded="true"] { background: var(--_control-hover); border-color: var(--_accent); }
button:disabled { color: var(--_quiet); cursor: default; border-style: dashed; }
svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round;
  stroke-linejoin: round; flex: none; }
[data-action="toggle"] svg path { fill: currentColor; }
`;

const stage = `
[part~="stage"] { position: relative; flex: 1 1 auto; min-height: 180px; background: #000; border-radius: 12px;
  overflow: hidden; display: grid; place-items: center; color: #e6edf3; outline: none; }
video, [part~="still"], [part~="keyframe"] { width: 100%; height: 100%; position: absolute; inset: 0; object-fit: contain; background: #000;
  transition: filter .2s; }
[part~="still"] { pointer-events: none; }
:host([stale]) :is(video, [part~="still"], [part~="keyframe"]) { filter: grayscale(1) brightness(.45); }
[part~="state"] { position: absolute; bottom: 14px; left: 14px; display: inline-flex; align-items: center; gap: 8px;
  padding: 6px 12px; border-radius: 999px; background: rgba(13,17,23,.86); font-weight: 650; letter-spacing: .02em;
  max-width: calc(100% - 52px); }
[part~="state"]::before { content: ""; width: 10px; height: 10px; border-radius: 50%; background: #8b98a9; flex: none; }
:host([state="LIVE"]) [part~="state"] { background: #b3261e; color: #fff; }
:host([state="LIVE"]) [part~="state"]::before { background: #fff; }
:host([state="LIVE"]) [part~="detail"] { color: #fff; }
:host([state="PLAYBACK"]) [part~="state"]::before { background: #3fa9f5; }
:host([state="BEHIND"]) [part~="state"]::before { background: #f2b84b; }
:host([state="PAUSED"]) [part~="state"]::before { border-radius: 2px; background: #e6edf3; }
:host(:is([state="ERROR"], [state="OFFLINE"], [state="NO RECORDING"])) [part~="state"]::before {
  background: #ff6b63; border-radius: 2px; }
:host(:is([state="ERROR"], [state="OFFLINE"], [state="NO RECORDING"])) [part~="detail"] { display: none; }
[part~="detail"] { font-weight: 450; color: #d3dce6; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
[part~="message"] { position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: 14px;
  padding: 16px 16px 56px; text-align: center; font-size: 18px; text-shadow: 0 1px 4px #000; pointer-events: none; }
[part~="message"] > * { pointer-events: auto; }
[part~="beside"] { display: flex; flex-wrap: wrap; gap: 8px; justify-content: center; text-shadow: none; }
[part~="beside"] button { color: #e6edf3; background: #1d2530; border-color: #55657a; }
[part~="beside"] button:hover { background: #2a3544; }
[part~="notice"] { position: absolute; top: 14px; left: 50%; transform: translateX(-50%); padding: 8px 14px;
  border-radius: 10px; background: rgba(13,17,23,.9); max-width: calc(100% - 60px); box-sizing: border-box; text-align: center; }
[part~="notice"]:empty { display: none; }
[part~="stats-list"] { position: absolute; top: 14px; left: 14px; margin: 0; padding: 10px 14px; border-radius: 10px;
  background: rgba(13,17,23,.88); font: 13px/1.55 ui-monospace, monospace; display: grid; overflow: auto;
  grid-template-columns: auto auto; gap: 0 14px; max-height: calc(100% - 100px); max-width: calc(100% - 56px); }
[part~="stats-list"] dt { color: #a9b6c5; } [part~="stats-list"] dd { margin: 0; overflow-wrap: anywhere; }
`;

export const panels = `
[part~="bar"] { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
[part~="clock"] { display: grid; flex: 1 1 145px; margin-inline: 6px; line-height: 1.2; }
[part="speed"] { width: 88px; }
[part~="time"] { font-size: 28px; font-weight: 650; line-height: 1.15; font-variant-numeric: tabular-nums; }
[part~="date"] { color: var(--_quiet); font-variant-numeric: tabular-nums; }
[part~="live"] { font-weight: 650; }
:host([state="LIVE"]) [part~="live"] { background: var(--_live); border-color: var(--_live); color: #fff; }
[part~="panel"] { background: var(--_surface); border: 1px solid var(--_edge); border-radius: 12px; padding: 10px 12px;
  display: grid; gap: 10px; min-width: 0; }
[part~="clip"] { display: flex; flex-wrap: wrap; gap: 8px 10px; align-items: center; padding-top: 10px;
  border-top: 1px solid var(--_edge); }
[part~="clip-gaps"] { margin: 0; padding: 0 0 0 18px; flex: 1 0 100%; max-height: 96px; overflow: auto; color: var(--_quiet); }
[part~="clip-gaps"]:empty { display: none; }
[part~="clip"] p { margin: 0; flex: 1 0 100%; color: var(--_quiet); }
[part~="clip"] input { width: 246px; padding-inline: 8px; }
[part~="clip"] label { display: flex; align-items: center; gap: 8px; }
progress { accent-color: var(--_accent); }
.spring { margin-left: auto; }
dialog { color: var(--_ink); background: var(--_surface); border: 1px solid var(--_edge); border-radius: 14px; padding: 16px 18px;
  max-width: min(560px, calc(100vw - 48px)); max-height: 82vh; box-sizing: border-box; }
dialog::backdrop { background: rgba(0,0,0,.5); }
dialog header { display: flex; align-items: center; gap: 12px; margin-bottom: 10px; }
dialog h2 { font-size: 18px; margin: 0 auto 0 0; }
dialog p { margin: 10px 0; color: var(--_quiet); }
.days { display: grid; grid-template-columns: repeat(7, 44px); gap: 4px; justify-content: center; text-align: center; }
.days span { color: var(--_quiet); font-size: 13px; }
.days button { padding: 0; flex-direction: column; gap: 2px; background: none; border-color: transparent; }
.days button:hover { background: var(--_control-hover); }
.days button.recorded { font-weight: 700; background: var(--_control); border-color: var(--_edge); }
.days button.recorded::after { content: ""; width: 16px; height: 3px; border-radius: 2px; background: var(--_bar); }
.days button[aria-current] { border-color: var(--_accent); }
.field { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
.field input { flex: 1 1 200px; }
.keys { columns: 2 240px; column-gap: 28px; margin: 0; }
.keys div { display: flex; gap: 14px; padding: 3px 0; break-inside: avoid; }
.keys dt { flex: 0 0 92px; }
.keys dt { text-align: right; } .keys dd { margin: 0; }
kbd { padding: 1px 7px; border: 1px solid var(--_edge); border-radius: 6px; background: var(--_control); font: inherit; }
.spans { margin: 0; padding: 0; list-style: none; display: grid; gap: 4px; }
.spans button { width: 100%; justify-content: flex-start; text-align: left; font-variant-numeric: tabular-nums; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none !important; }
`;

export const playerStyles = `${themeStyles}
:host { display: flex; flex-direction: column; min-width: 0; min-height: 0; gap: 12px; color: var(--_ink);
  font: 15px/1.4 system-ui, sans-serif; container-type: inline-size; }
:host(:fullscreen) { background: var(--_surface); padding: 12px; box-sizing: border-box; }
${stage}${controls}${panels}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
@container (max-width: 700px) {
  [part~="clock"] { order: -1; flex: 1 0 100%; margin-inline: 0; display: flex; align-items: baseline; justify-content: space-between; }
  [part~="time"] { font-size: 24px; }
  [part~="bar"] { gap: 6px; }
  [part~="live"] { flex: 1 1 auto; min-width: 96px; }
  .spring { margin-left: 0; }
}
`;
