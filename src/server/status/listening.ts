/** Where the server listens. Known when its ports are open, which is after its parts are made. */
export interface Ports {
  readonly http: number;
  /** Undefined: this server takes none. */
  readonly rtmp: number | undefined;
  readonly rtmps: number | undefined;
}

export class Listening {
  #ports: Ports | undefined;

  opened(ports: Ports): void {
    this.#ports = ports;
  }

  /** Undefined: not yet. */
  get ports(): Ports | undefined {
    return this.#ports;
  }
}
