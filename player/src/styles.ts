/** Styles inside the custom elements' shadow roots. Colours come from custom properties with dark defaults. */

export const timelineStyles = `
:host { display: block; height: 84px; touch-action: none; user-select: none; }
[part~="slider"] { height: 100%; cursor: pointer; border-radius: 8px; outline-offset: 2px; }
[part~="slider"]:focus-visible { outline: 2px solid #6cc1ff; }
canvas { display: block; width: 100%; height: 100%; }
`;

export const playerStyles = `
:host { display: flex; flex-direction: column; min-width: 0; min-height: 0; gap: 12px; color: #e6edf3;
  font: 15px/1.4 system-ui, sans-serif; }
[part~="stage"] { position: relative; flex: 1 1 auto; min-height: 180px; background: #000; border-radius: 12px;
  overflow: hidden; display: grid; place-items: center; }
video { width: 100%; height: 100%; position: absolute; inset: 0; object-fit: contain; background: #000;
  transition: filter .2s; }
:host([stale]) video { filter: grayscale(1) brightness(.45); }
[part~="state"] { position: absolute; bottom: 14px; left: 14px; display: inline-flex; align-items: center; gap: 8px;
  padding: 6px 12px; border-radius: 999px; background: rgba(13,17,23,.82); font-weight: 650; letter-spacing: .02em;
  max-width: calc(100% - 52px); }
[part~="state"]::before { content: ""; width: 10px; height: 10px; border-radius: 50%; background: #8b98a9; flex: none; }
:host([state="LIVE"]) [part~="state"]::before { background: #ff5c5c; box-shadow: 0 0 0 4px rgba(255,92,92,.25); }
:host([state="PLAYBACK"]) [part~="state"]::before { background: #3fa9f5; }
:host([state="BEHIND"]) [part~="state"]::before { background: #f2b84b; }
:host([state="ERROR"]) [part~="state"]::before { background: #ff5c5c; border-radius: 2px; }
[part~="detail"] { font-weight: 450; color: #c9d4e0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
[part~="message"] { position: absolute; inset: auto 10% 50% 10%; text-align: center; font-size: 18px; color: #e6edf3;
  transform: translateY(50%); pointer-events: none; text-shadow: 0 1px 4px #000; }
[part~="row"] { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
[part~="clock"] { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; margin-inline: 6px auto; }
[part~="time"] { font-size: 26px; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: .01em; }
[part~="date"] { color: #a9b6c5; font-variant-numeric: tabular-nums; }
button, a { font: inherit; color: #e6edf3; background: #1b222c; border: 1px solid #2f3a48; border-radius: 10px;
  min-height: 44px; min-width: 44px; padding: 0 14px; cursor: pointer; display: inline-flex; align-items: center;
  justify-content: center; gap: 8px; text-decoration: none; box-sizing: border-box; }
button:hover, a:hover { background: #263040; }
button:focus-visible, a:focus-visible { outline: 2px solid #6cc1ff; outline-offset: 2px; }
button[aria-pressed="true"] { background: #263040; border-color: #4a5b70; }
:host([state="LIVE"]) button[aria-pressed="true"] { background: #b3261e; border-color: #d9534a; color: #fff; }
a[aria-disabled="true"] { color: #7d8998; pointer-events: none; }
[part~="panel"] { background: #141a22; border: 1px solid #222b37; border-radius: 12px; padding: 10px 12px;
  display: grid; gap: 8px; }
[part~="save"] { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-left: auto; color: #a9b6c5; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: reduce) { video { transition: none; } }
@media (max-width: 640px) {
  [part~="time"] { font-size: 22px; }
  [part~="save"] { margin-left: 0; }
  [part~="clock"] { order: -1; width: 100%; margin-inline: 0; }
}
`;
