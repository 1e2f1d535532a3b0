// Inputs made to cost more than they weigh. After each one the node answers by its catalogue, its event loop never stood still for
// long, and the next mail is taken. Client and node share this process, so the bounds are for both ends together.
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial, submitBy, type Dialogue } from '../harness/smtp-dialogue.ts';
import { fleetPolicy } from '../harness/snapshot.ts';

const limits = { maxMessageBytes: 5_000_000, maxRecipients: 100, maxConnections: 100, connectionsPerDestination: 20 };
const node = await startAcceptingNode({ content: { fleet: fleetPolicy({ limits }) } });
after(() => node.stop());

const from = 'From: orders@shop.test\r\n';
const tooLarge = '550 5.6.0 Message header exceeds 65536 bytes';
const tooFolded = '550 5.6.0 Message header has more than 1000 folded lines';
const tooLong = '550 5.6.3 Message has a line longer than 998 octets';
const queued = /^250 2\.0\.0 queued as /;

/** A header section of so many octets, the CRLF of its last line among them. */
const headerOf = (octets: number): string => {
  const filler = `X: ${'y'.repeat(95)}\r\n`.repeat(Math.floor((octets - from.length) / 100) - 1);
  const last = octets - from.length - filler.length - 'X: \r\n'.length;
  return `${from}${filler}X: ${'y'.repeat(last)}\r\n`;
};
const mebibyte = `${'x'.repeat(62)}\r\n`.repeat(16_384);

const bombs: Readonly<Record<string, readonly [message: string, reply: string | RegExp]>> = {
  'a header of 32,000 folds': [`${from}X: y\r\n${' z\r\n'.repeat(32_000)}\r\nhi\r\n`, tooLarge],
  'a header of 1,001 folds': [`${from}X: y\r\n${' z\r\n'.repeat(1_001)}\r\nhi\r\n`, tooFolded],
  'a header of 4 MB, no body': [`${from}${`X: ${'y'.repeat(90)}\r\n`.repeat(43_000)}`, tooLarge],
  'a header of 64 KiB': [`${headerOf(65_536)}\r\nhi\r\n`, queued],
  'a header of 64 KiB and one octet': [`${headerOf(65_537)}\r\nhi\r\n`, tooLarge],
  'a header of 64 KiB, and more body than is kept in memory': [`${headerOf(65_536)}\r\n${mebibyte}`, queued],
  'a header of 64 KiB and one octet, and as much body': [`${headerOf(65_537)}\r\n${mebibyte}`, tooLarge],
  'a header of 16,000 short fields': [`${from}${'X:\r\n'.repeat(16_000)}\r\nhi\r\n`, queued],
  'a From of 60 KB of quotes': [`From:\r\n${` ${'"'.repeat(900)}\r\n`.repeat(66)}\r\nhi\r\n`, /^550 5\.1\.7 /],
  'a From of 60 KB of at signs': [
    `From: "\r\n${` ${'a@b.c,'.repeat(150)}\r\n`.repeat(66)} " <a@shop.test>\r\n\r\nhi\r\n`,
    /^550 5\.7\.1 /,
  ],
  'a From of 60 KB of encoded words': [
    `From:\r\n${` ${'=?utf-8?q?=40?= '.repeat(56)}\r\n`.repeat(66)} <a@shop.test>\r\n\r\nhi\r\n`,
    queued,
  ],
  'a line of 4 MB': [`${from}\r\n${'x'.repeat(4_000_000)}\r\n`, tooLong],
  '1,000,000 empty lines': [`${from}\r\n${'\r\n'.repeat(1_000_000)}`, queued],
  '500,000 lines of a dot': [`${from}\r\n${'.\r\n'.repeat(500_000)}`, queued],
  'nested multiparts': [
    `${from}Content-Type: multipart/mixed; boundary=a\r\n\r\n${'--a\r\nContent-Type: message/rfc822\r\n\r\n'.repeat(50_000)}`,
    queued,
  ],
};

/** What `work` cost this process: milliseconds in all and of the longest stand-still, and memory in MB. */
async function costOf(work: () => Promise<void>): Promise<{ took: number; stall: number; grown: number }> {
  const started = performance.now();
  const before = process.memoryUsage.rss();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await work();
  delay.disable();
  const took = performance.now() - started;
  return { took, stall: delay.max / 1e6, grown: (process.memoryUsage.rss() - before) / 1e6 };
}

async function bounded(work: () => Promise<void>): Promise<void> {
  const { took, stall, grown } = await costOf(work);
  assert.ok(took < 3_000, `${Math.round(took)} ms`);
  assert.ok(stall < 500, `the event loop stood still for ${Math.round(stall)} ms`);
  assert.ok(grown < 250, `${Math.round(grown)} MB`);
  const client = await node.loggedIn();
  assert.match(await submitBy(client, `${from}\r\nhi\r\n`), queued, 'the next client is served');
  client.close();
}

for (const [what, [message, reply]] of Object.entries(bombs))
  test(what, { timeout: 60_000 }, async () => {
    const client = await node.loggedIn();
    for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@else.test>', 'DATA']) await client.say(line);
    const wire = Buffer.from(`${message.replace(/^\./gm, '..')}.\r\n`, 'latin1');
    await bounded(async () => {
      client.send(wire);
      const { text } = await client.reply(50_000);
      if (typeof reply === 'string') assert.equal(text, reply);
      else assert.match(text, reply);
    });
    client.close();
  });

test(
  '20,000 recipients in one write: a hundred are taken, each other one is asked to come again',
  { timeout: 60_000 },
  async () => {
    const client = await node.loggedIn();
    await client.say('MAIL FROM:<orders@shop.test>');
    const codes = new Map<number, number>();
    await bounded(async () => {
      client.send(Array.from({ length: 20_000 }, (_, n) => `RCPT TO:<r${n}@else.test>\r\n`).join(''));
      for (let n = 0; n < 20_000; n += 1) {
        const { code } = await client.reply(30_000);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    });
    assert.deepEqual(
      [...codes],
      [
        [250, 100],
        [452, 19_900],
      ],
    );
    client.close();
  },
);

const endless: readonly (readonly [what: string, client: () => Promise<Dialogue>])[] = [
  ['before the login', async () => dial({ port: node.startTlsPort, tls: false })],
  ['after it', () => node.loggedIn()],
];
for (const [what, dialled] of endless)
  test(`a command without an end, ${what}`, async () => {
    const client = await dialled();
    if (what === 'before the login') await client.reply();
    await bounded(async () => {
      client.send('MAIL FROM:<');
      client.send('a'.repeat(2_000_000));
      assert.match((await client.reply()).text, /^421 4\.7\.0 /);
      await client.ended;
    });
  });
