/** The cameras and microphones of this device, in lists to choose from. Browser only. */

/** Chosen where there is to be no camera, or no microphone. */
const NONE = "none";

export interface DeviceFields {
  readonly camera: HTMLSelectElement;
  readonly microphone: HTMLSelectElement;
  /** `1280x720`. */
  readonly size: HTMLSelectElement;
}

/** Fills the lists; keeps what is chosen. Names are missing until the camera was allowed once: then it is asked again. */
export async function listDevices({ camera, microphone }: DeviceFields): Promise<void> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  fill(camera, devices, { kind: "videoinput", name: "Camera", none: "no camera" });
  fill(microphone, devices, { kind: "audioinput", name: "Microphone", none: "no microphone" });
}

function fill(
  select: HTMLSelectElement,
  devices: readonly MediaDeviceInfo[],
  { kind, name, none }: { kind: MediaDeviceKind; name: string; none: string },
): void {
  const chosen = select.value;
  const found = devices.filter((device) => device.kind === kind);
  const options = found.map(
    ({ deviceId, label }, i) =>
      new Option(label === "" ? `${name} ${i + 1}` : label, deviceId === "" ? "any" : deviceId),
  );
  select.replaceChildren(...options, new Option(none, NONE));
  if ([...select.options].some(({ value }) => value === chosen)) select.value = chosen;
}

/** Opens what is chosen. Rejects as `getUserMedia` does. */
export async function openDevices({
  camera,
  microphone,
  size,
}: DeviceFields): Promise<MediaStream> {
  const [width = 1280, height = 720] = size.value.split("x").map(Number);
  const device = ({ value }: HTMLSelectElement) =>
    value === "any" || value === "" ? {} : { deviceId: { exact: value } };
  const picture = { ...device(camera), width, height, frameRate: 30 };
  return navigator.mediaDevices.getUserMedia({
    video: camera.value === NONE ? false : picture,
    audio: microphone.value === NONE ? false : device(microphone),
  });
}
