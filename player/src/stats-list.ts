/** What engineers ask for, as terms and values. */
import type { Engine } from "./engine.ts";

export interface StatsContext {
  readonly engine: Engine;
  readonly video: HTMLVideoElement;
  /** Of the media since the last call. */
  readonly bitsPerSecond: number;
}

export function showStats(list: HTMLElement, { engine, video, bitsPerSecond }: StatsContext): void {
  const { stats, facts } = engine;
  const quality = video.getVideoPlaybackQuality();
  const live = engine.mode === "live";
  const ms = (seconds: number | undefined) =>
    seconds === undefined ? "not measured" : `${Math.round(seconds * 1000)} ms`;
  const rows: readonly (readonly [string, string])[] = [
    ["codec", /codecs="([^"]*)"/.exec(stats.mime)?.[1] ?? "not known yet"],
    ["size", `${video.videoWidth} × ${video.videoHeight}`],
    ["pictures/s", `${stats.framesPerSecond} shown, ${(1 / stats.frameS).toFixed(1)} in the media`],
    ["bit rate", `${(bitsPerSecond / 1e6).toFixed(2)} Mbit/s`],
    ["latency", live && facts.latencyMs !== undefined ? ms(facts.latencyMs / 1000) : "live only"],
    ["margin", `${ms(stats.marginS)}, trough ${ms(stats.troughS)}`],
    ["buffered", `${stats.aheadS.toFixed(2)} s`],
    ["dropped", `${quality.droppedVideoFrames} by the browser, ${stats.lostFrames} by the server`],
    ["stalls", String(stats.stalls)],
    ["connections", String(stats.connections)],
    ["transport", "WebSocket, fragmented MP4, Media Source"],
  ];
  list.replaceChildren(
    ...rows.flatMap(([term, value]) => {
      const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
      dt.textContent = term;
      dd.textContent = value;
      return [dt, dd];
    }),
  );
}
