// The disk under the queue runs full, as opposed to a limit of the queue's own: nats-server answers no publish then, so clients are
// told 451. Whatever got a 250 before is on that disk, whole, after a crash of the server; once there is room again it goes on.
// nats-server 2.15.2 does not recover from a failed write by itself: it takes a restart.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startAcceptingNode, type AcceptingNode } from '../harness/accepting-node.ts';
import { mountSmallDisk } from '../harness/small-disk.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';

const away = '451 4.3.0 Mail queue is not available, try again later';
const clients = 6;
/** Each client goes on after its first refusal: small mails may fit where a large one did not. */
const refusals = 3;

test('a full disk: 451 and never a 250 for a mail that is not stored', { timeout: 180_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'relayfleet-full-'));
  const disk = mountSmallDisk(join(dir, 'store'), '24m');
  if (disk === undefined) return t.skip('mounting a small disk (tmpfs) takes root');
  let node: AcceptingNode | undefined;
  t.after(async () => {
    await node?.stop();
    disk.remove();
    rmSync(dir, { recursive: true });
  });
  node = await startAcceptingNode({ nats: { dir, maxFileStore: 4e9 }, patience: { commit: 2_000 } });

  const told = (await Promise.all(Array.from({ length: clients }, () => fill(node)))).flat();
  const accepted = told.filter(({ reply }) => reply.startsWith('250 '));
  const others = told.filter(({ reply }) => !reply.startsWith('250 '));
  t.diagnostic(`${accepted.length} accepted, ${others.length} refused`);
  assert.ok(accepted.length > clients, `${accepted.length} accepted`);
  assert.deepEqual([...new Set(others.map(({ reply }) => reply))], [away]);

  await node.nats.kill9();
  disk.grow('128m');
  await node.nats.restart();
  const stored = new Set((await node.stored()).map(({ body }) => digestOf(withoutTrace(body))));
  const lost = accepted.filter(({ digest }) => !stored.has(digest));
  assert.deepEqual(lost, [], `${lost.length} of ${accepted.length} mails that got a 250 are not in the queue`);

  const client = await node.loggedIn();
  assert.match(await submitBy(client, messageOf(1_000)), /^250 /);
  client.close();
});

type Told = { readonly digest: string; readonly reply: string };

/** Mails of 1 to 300 KB, inline and in chunks, until the node has refused some. */
async function fill(node: AcceptingNode): Promise<readonly Told[]> {
  const told: Told[] = [];
  const client = await node.loggedIn();
  for (let refused = 0, n = 0; refused < refusals; n += 1) {
    const message = messageOf(1_000 + ((n * 37_000) % 300_000));
    const reply = await submitBy(client, message);
    told.push({ digest: digestOf(Buffer.from(message, 'latin1')), reply });
    if (!reply.startsWith('250 ')) refused += 1;
  }
  client.close();
  return told;
}

/** No two are alike, so that none can stand for another. */
function messageOf(size: number): string {
  const lines = Array.from({ length: Math.ceil(size / 78) }, () => randomBytes(38).toString('hex'));
  return `From: orders@shop.test\r\nSubject: filling\r\n\r\n${lines.join('\r\n')}\r\n`;
}

/** Our Received line, folded, comes first. */
function withoutTrace(body: Buffer): Buffer {
  return body.subarray(body.indexOf('From: orders@shop.test'));
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
