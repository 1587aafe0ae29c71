/** 1 to 256 of `A-Z a-z 0-9 _ . -` (the KVS rule); dots alone are names to a file system and to URLs. */
export function isStreamName(name: string): boolean {
  return /^[A-Za-z0-9_.-]{1,256}$/.test(name) && !/^\.+$/.test(name);
}
