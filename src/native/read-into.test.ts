import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { suite, test } from "node:test";
import { readInto } from "./read-into.ts";

/** Both ends of a connection; the server's is read into arrays of `size` bytes until `more` says no. */
async function reading(size: number, more: () => boolean = () => true) {
  const server = createServer({ allowHalfOpen: false });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  let room = new Uint8Array(size);
  const got: Uint8Array[] = [];
  const accepted = new Promise<{ socket: Socket; taken: boolean }>((done) => {
    server.once("connection", (socket) => {
      const filled = (count: number) => {
        got.push(room.subarray(0, count));
        return more();
      };
      const taken = readInto(socket, { room: () => (room = new Uint8Array(size)), filled });
      done({ socket, taken });
    });
  });
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const { socket, taken } = await accepted;
  return {
    ...{ client, socket, taken, got },
    async [Symbol.asyncDispose]() {
      client.destroy();
      socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

const turn = () => new Promise((done) => setImmediate(done));

suite("readInto", { timeout: 20_000 }, () => {
  test("this Node has it: an accepted socket's bytes are in the arrays it was given, in order, then its end", async () => {
    await using made = await reading(1000);
    assert.ok(made.taken);
    made.socket.on("data", () => assert.fail("no data events"));
    const sent = Uint8Array.from({ length: 100_000 }, (_, i) => i * 7);
    made.client.end(sent);
    await once(made.socket, "end");
    assert.deepEqual(Buffer.concat(made.got), Buffer.from(sent));
    assert.ok(made.got.every(({ length, buffer }) => length <= 1000 && buffer.byteLength === 1000));
  });

  test("nothing is read after `filled` said no, until the socket is resumed", async () => {
    let more = false;
    await using made = await reading(1000, () => more);
    made.client.end(new Uint8Array(10_000));
    while (made.got.length === 0) await turn();
    for (let i = 0; i < 100; i++) await turn();
    assert.equal(made.got.length, 1);
    more = true;
    made.socket.resume();
    await once(made.socket, "end");
    assert.equal(Buffer.concat(made.got).length, 10_000);
  });

  test("another kind of stream is left as it is", () => {
    const fail = () => assert.fail("called");
    const other = new Duplex({ read() {} }) as unknown as Socket;
    assert.equal(readInto(other, { room: fail, filled: fail }), false);
    assert.equal(other.isPaused(), false);
    assert.equal(other.readableFlowing, null);
  });
});
