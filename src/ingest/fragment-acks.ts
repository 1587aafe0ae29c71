/** What there is to say of a fragment, kept until it may be said. */
export class FragmentAcks {
  readonly #send: (type: "RECEIVED" | "PERSISTED", number: string) => void;
  readonly #kept: (readonly ["RECEIVED" | "PERSISTED", string])[] = [];
  #open = false;

  constructor(send: (type: "RECEIVED" | "PERSISTED", number: string) => void) {
    this.#send = send;
  }

  add(type: "RECEIVED" | "PERSISTED", number: string): void {
    if (this.#open) this.#send(type, number);
    else this.#kept.push([type, number]);
  }

  tell(): void {
    this.#open = true;
    for (const [type, number] of this.#kept.splice(0)) this.#send(type, number);
  }
}
