/**
 * Where a producer keeps fragments that are not durable at the server yet, so that they outlive its process: a folder
 * in Node, IndexedDB in a browser. Every fragment is a whole Matroska file: header, then its Cluster.
 */

/** Keeps the fragments of one stream; used by one producer at a time. */
export interface FragmentStore {
  /** What an earlier producer left, oldest first. Rejects `store.locked`, `store.unavailable`. */
  open(): Promise<readonly KeptFragment[]>;
  /** Begins a fragment with the Matroska header. Throws `store.full`, `store.unavailable`. */
  begin(startUs: number, header: Uint8Array): KeptFragment;
  /** Resolves when everything is written; what is kept stays. */
  close(): Promise<void>;
}

/** One fragment in a store. */
export interface KeptFragment {
  /** Time of its first frame, µs since the Unix epoch. */
  readonly startUs: number;
  /** Bytes so far, with the header. */
  readonly bytes: number;
  /** Puts these behind what there is. Throws `store.full`, `store.unavailable`; then the fragment is of no more use. */
  append(bytes: Uint8Array): void;
  /** Nothing will be appended. */
  seal(): void;
  /** All of it. Rejects `store.not-found`, `store.unavailable`. */
  read(): Promise<Uint8Array>;
  /** It is durable at the server, or given up. Never throws. */
  remove(): void;
}
