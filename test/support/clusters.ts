/** A Matroska file in pieces, to be sent one after the other. */

const CLUSTER = Buffer.from("1f43b675", "hex");

/** Up to the first Cluster, and each Cluster with what follows it. */
export function clustersOf(file: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let at = file.indexOf(CLUSTER); at >= 0; at = file.indexOf(CLUSTER, at + 4)) starts.push(at);
  return [0, ...starts].map((start, i) => file.subarray(start, starts[i] ?? file.length));
}
