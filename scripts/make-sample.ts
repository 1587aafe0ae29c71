/**
 * Makes samples/camera.mkv: a small drawn street scene, seen by the demo camera, with ffmpeg alone.
 *
 * The file loops without a seam. 24 s are 600 pictures at 25 fps in 12 closed groups, and exactly 1,125
 * AAC packets of 1,024 samples at 48 kHz. AAC decodes each packet with the one before it, so the sound is
 * encoded three times over and the packets of the middle pass are kept: the last one of the file then
 * leads into the first, and there is no encoder priming in it.
 *
 *     npm run sample
 */
import { mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../test/support/run.ts";

const SECONDS = 24;
const FPS = 25;
const KEY_EVERY = 2 * FPS;
const SAMPLE_RATE = 48_000;
const PACKETS = (SECONDS * SAMPLE_RATE) / 1024;
const MAX_BYTES = 3 << 20;

/** A hum, and a beep at each full second; a period of one second, so that every pass is the same. */
const SOUND =
  "0.05*sin(2*PI*110*t)+0.04*sin(2*PI*165*t)+0.3*sin(2*PI*880*t)*lt(mod(t,1),0.08)*min(1,50*(0.08-mod(t,1)))";

const disc = (color: string, size: number) =>
  `color=${color}:s=${size}x${size},format=rgba,trim=end_frame=1,` +
  `geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*clip(${size / 2}-hypot(X-${size / 2}+0.5,Y-${size / 2}+0.5),0,1)',` +
  `loop=-1:1:0,setpts=N/${FPS}/TB`;

/** A car 180 pixels long, as the pad `name`, driving to the right unless `turned` by a filter. */
function car(name: string, color: string, turned = ""): string {
  const body = [
    `drawbox=x=0:y=32:w=180:h=34:c=${color}:t=fill:replace=1`,
    `drawbox=x=38:y=6:w=98:h=30:c=${color}:t=fill:replace=1`,
    "drawbox=x=46:y=12:w=38:h=20:c=0xbfe3ff:t=fill:replace=1",
    "drawbox=x=90:y=12:w=38:h=20:c=0xbfe3ff:t=fill:replace=1",
    "drawbox=x=172:y=38:w=8:h=8:c=0xfff2b0:t=fill:replace=1",
    "drawbox=x=0:y=38:w=6:h=8:c=0xff4040:t=fill:replace=1",
  ].join(",");
  // The geq makes the picture writable: ffmpeg 5.1 crashes in drawbox with `replace` on the source's own.
  return `color=black@0:s=180x84,format=rgba,trim=end_frame=1,geq=r=0:g=0:b=0:a=0,${body},loop=-1:1:0,setpts=N/${FPS}/TB[${name}b];
    ${disc("0x15181d", 36)},split[${name}w1][${name}w2];
    [${name}b][${name}w1]overlay=22:46[${name}1];[${name}1][${name}w2]overlay=122:46${turned}[${name}]`;
}

/** Static parts of the scene: hills, meadow, street with kerbs and lane marks, a house. */
function scenery(): string {
  const lane = Array.from({ length: 8 }, (_, i) => box(20 + i * 125, 432, 70, 6, "0xd8d2b8"));
  const house = [
    box(92, 214, 170, 120, "0xc9b79c"),
    box(80, 196, 194, 20, "0x8a4b3c"),
    box(112, 240, 36, 36, "0x4a6078"),
    box(204, 240, 36, 36, "0x4a6078"),
    box(160, 262, 32, 72, "0x5b3a2e"),
  ];
  return [
    box(0, 334, 960, 206, "0x3f6b45"),
    box(0, 366, 960, 140, "0x3a3f47"),
    box(0, 362, 960, 6, "0xb8b8b0"),
    box(0, 506, 960, 6, "0xb8b8b0"),
    ...lane,
    ...house,
  ].join(",");
}

function box(x: number, y: number, w: number, h: number, color: string): string {
  return `drawbox=x=${x}:y=${y}:w=${w}:h=${h}:c=${color}:t=fill`;
}

/** Everything moves with a period that divides 24 s, so the last picture leads into the first. */
function picture(): string {
  const mono = "fontfile=/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf:fontcolor=white";
  const clock = "%{pts\\:hms}  frame %{eif\\:n\\:d\\:3}";
  const scene = `gradients=s=960x540:r=${FPS}:n=2:c0=0x4f8fd0:c1=0xcfe6f5:x0=480:y0=0:x1=480:y1=330:speed=0.00001,trim=end_frame=1,${scenery()},loop=-1:1:0,setpts=N/${FPS}/TB[scene]`;
  return `${scene};
    ${disc("0xffe08a", 76)}[sun];${disc("0xffffff", 64)},split=3[c1][c2][c3];
    ${disc("0x2f7d46", 96)},split[t1][t2];
    ${car("red", "0xc43b3b")};${car("blue", "0x2f62c9", ",hflip")};
    color=0x6b4a2f:s=14x60:r=${FPS}[trunk];color=0xff5050:s=34x34:r=${FPS}[flash];
    [scene][sun]overlay=x='480-38+420*sin(2*PI*t/24)':y='60+40*cos(2*PI*t/24)'[s1];
    [s1][c1]overlay=x='mod(300+40*t,960)-64':y=120[s2];[s2][c2]overlay=x='mod(335+40*t,960)-64':y=102[s3];
    [s3][c3]overlay=x='mod(370+40*t,960)-64':y=122[s4];
    [s4][trunk]overlay=793:290[s5];[s5][t1]overlay=x='752+4*sin(2*PI*t/3)':y=216[s6];
    [s6][t2]overlay=x='772+6*sin(2*PI*t/3+1)':y=190[s7];
    [s7][red]overlay=x='mod(t,8)*180-190':y=342[s8];[s8][blue]overlay=x='960-mod(t+2,6)*200':y=430[s9];
    [s9][flash]overlay=x=910:y=16:enable='lt(mod(t,1),0.08)',
    drawbox=x=0:y=0:w=560:h=44:c=black@0.55:t=fill,
    drawtext=${mono}:fontsize=22:x=16:y=12:text='DEMO CAMERA   ${clock}'`;
}

async function makeSample(target: string): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), "streambank-sample-"));
  try {
    const sound = join(dir, "sound.m4a");
    const video = join(dir, "video.mp4");
    const out = join(dir, "camera.mkv");
    const quiet = ["-v", "error", "-y"];
    const source = `aevalsrc=exprs='${SOUND}':s=${SAMPLE_RATE}:c=mono`;
    const aac = ["-c:a", "aac", "-b:a", "48k", "-t", String(3 * SECONDS)];
    await run("ffmpeg", [...quiet, "-f", "lavfi", "-i", source, ...aac, sound]);
    await run("ffmpeg", [
      ...[...quiet, "-filter_complex", `${picture()},format=yuv420p[v]`, "-map", "[v]"],
      ...["-frames:v", String(SECONDS * FPS), "-r", String(FPS), "-c:v", "libx264"],
      ...["-preset", "slow", "-profile:v", "high", "-bf", "0", "-g", String(KEY_EVERY)],
      ...["-keyint_min", String(KEY_EVERY), "-sc_threshold", "0", "-flags", "+cgop"],
      ...["-crf", "17", "-maxrate", "800k", "-bufsize", "800k", video],
    ]);
    // Packet 0 is the priming; with it gone, the middle pass begins at packet 1 + 1,125.
    const first = PACKETS + 1;
    // Times that `setts` gives are read in the output's time base: whole milliseconds in Matroska.
    const keep = `noise=amount=0:drop='lt(n,${first})+gte(n,${first + PACKETS})'`;
    await run("ffmpeg", [
      ...[...quiet, "-i", video, "-i", sound, "-map", "0:v", "-map", "1:a", "-c", "copy"],
      ...["-bsf:a", `${keep},setts=ts=round(N*1024*1000/${SAMPLE_RATE})`, "-fflags", "+bitexact"],
      ...["-metadata", "title=Streambank demo camera", "-metadata:s:v", "title=video", out],
    ]);
    renameSync(out, `${target}.part`);
    renameSync(`${target}.part`, target);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return statSync(target).size;
}

if (import.meta.main) {
  const target = join(import.meta.dirname, "../samples/camera.mkv");
  const size = await makeSample(target);
  if (size > MAX_BYTES) throw new Error(`the sample is ${size} bytes, more than ${MAX_BYTES}`);
  console.log(`${target}: ${size} bytes`);
}
