/** Whose clock the times are told in. Pure. */

export type ZoneChoice = "camera" | "mine" | "utc";

export const zoneChoices: readonly ZoneChoice[] = ["camera", "mine", "utc"];

/** IANA name for a choice; `undefined` is the viewer's own zone. An unknown `camera` zone is the viewer's own too. */
export function zoneFor(choice: ZoneChoice, camera: string | undefined): string | undefined {
  if (choice === "utc") return "UTC";
  return choice === "camera" ? camera : undefined;
}

/** The zone when the runtime knows its rules. */
export function knownZone(name: string | null): string | undefined {
  if (name === null || name === "") return undefined;
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
    return name;
  } catch {
    return undefined;
  }
}
