/** Why there is no media, in words. Pure. */
export const CAUSES: Readonly<Record<string, string>> = {
  offline: "the camera was offline",
  error: "an error",
  "disk-full": "the disk was full",
  "clock-step": "the clock was set",
  "node-lost": "a node was lost",
  age: "deleted, too old",
  size: "deleted, too much",
  space: "deleted, the disk was full",
  user: "deleted by hand",
  corrupt: "damaged",
  "no-media": "unknown",
};
