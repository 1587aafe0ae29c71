/**
 * Two sessions that overlap (a camera that reconnects before its old connection ends) give fragments that
 * overlap in time. Decode times may not go back, so those of the earlier fragment are pressed together in
 * front of the later one; presentation times stay true through the composition offsets, and nothing is
 * left out. Works on a `moof` as clip-fragment.ts writes it (ISO/IEC 14496-12 §8.8): version 1 `tfdt`,
 * `trun` with duration, size, flags and composition offset.
 */

/** `traf` header 8, `tfhd` 20: `tfdt` follows. */
const TFDT_AT = 28;
const TRUN_AT = TFDT_AT + 20;
const SAMPLES_AT = TRUN_AT + 20;
const SAMPLE_BYTES = 16;
/** `moof` header 8, `mfhd` 16. */
const FIRST_TRAF = 24;
const UINT32 = 2 ** 32;

/** `limitOf` gives, by track_ID, the tick by which the last sample's decoding has to end. In place. */
export function pressDecodeTimes(moof: Uint8Array, limitOf: (trackId: number) => number): void {
  const view = new DataView(moof.buffer, moof.byteOffset, moof.byteLength);
  const end = view.getUint32(0);
  for (let at = FIRST_TRAF; at < end; at += view.getUint32(at))
    pressTrack(view, at, limitOf(view.getUint32(at + 20)));
}

function pressTrack(view: DataView, traf: number, limit: number): void {
  const start = view.getUint32(traf + TFDT_AT + 12) * UINT32 + view.getUint32(traf + TFDT_AT + 16);
  const count = view.getUint32(traf + TRUN_AT + 12);
  const sampleAt = (i: number) => traf + SAMPLES_AT + i * SAMPLE_BYTES;
  let length = 0;
  for (let i = 0; i < count; i++) length += view.getUint32(sampleAt(i));
  if (start + length <= limit) return;
  const room = Math.max(0, limit - start);
  let [done, place] = [0, 0];
  for (let i = 0; i < count; i++) {
    const duration = view.getUint32(sampleAt(i));
    const offset = view.getInt32(sampleAt(i) + 12) + done - place;
    done += duration;
    // In proportion, and a tick apart as long as there are ticks enough.
    const share = Math.floor((done * room) / length);
    const next = room < count ? share : Math.min(room - count + i + 1, Math.max(place + 1, share));
    view.setUint32(sampleAt(i), next - place);
    view.setInt32(sampleAt(i) + 12, Math.min(offset, 0x7fffffff));
    place = next;
  }
}
