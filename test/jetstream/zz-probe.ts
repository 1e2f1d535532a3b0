import { startNats } from '../harness/nats.ts';
import { jetstreamManager } from '@nats-io/jetstream';
import { streamSettings, consumerSettings } from '@relayfleet/contract/subjects.ts';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
const s = await startNats(process.env['SLOW'] ? { binary: '/tmp/probe/slow-nats' } : {});
const o = await s.connect('operator');
const n = await s.connect('node');
const jsm = await jetstreamManager(o.nc);
for (const set of streamSettings({ replicas: 1, storageBytes: 4e9, eventRetentionMs: 3600e3 }))
  await jsm.streams.add(set as any);
await jsm.consumers.add('MQ', consumerSettings('transactional', 1) as any);
const body = Buffer.alloc(5000, 'a');
const q = openMailQueue(n, { timeoutMs: 5000 });
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
const log = openEventLog(n);
const evlat: number[] = [];
const ev = async (id: string, ...types: string[]) => {
  const t = performance.now();
  await log.append(
    types.map(
      (type) =>
        ({
          v: 1,
          at: Date.now(),
          node: 'n',
          id,
          k: 0,
          platform: { namespace: 'team', name: 'shop' },
          domain: 'example.com',
          type,
          x: 'y'.repeat(200),
        }) as any,
    ),
  );
  evlat.push(performance.now() - t);
};
const EV = process.env['EV'] !== '0';
const cpuOf = (pid: number) => {
  const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
  return (Number(f[13]) + Number(f[14])) * 10;
};
const env = (id: string): any => ({
  v: 1,
  id,
  k: 0,
  of: 1,
  kind: 'mail',
  platform: { namespace: 'team', name: 'shop' },
  domain: 'example.com',
  lane: 'transactional',
  destination: 'example.net',
  sender: 'a@example.com',
  recipients: [{ n: 0, address: 'b@example.net' }],
  smtputf8: false,
  eightBit: false,
  acceptedAt: Date.now(),
  acceptedBy: 'n',
  attempt: 0,
  due: Date.now(),
  settled: { delivered: 0, bounced: 0, expired: 0 },
  body: { kind: 'inline', size: body.length },
});
const CONC = Number(process.env['CONC'] ?? 20),
  TAKE = process.env['TAKE'] !== '0',
  MS = 5000;
const RATE = Number(process.env['RATE'] ?? 0);
const stop = new AbortController();
let done = 0,
  unconfirmed = 0;
const e2e: number[] = [];
const at = new Map<string, number>();
const taker = (async () => {
  if (!TAKE) return;
  for await (const t of q.take('transactional', {
    maxMessages: Number(process.env['WIN'] ?? 50),
    signal: stop.signal,
  })) {
    const id0 = t.subject.split('.').at(-2)!;
    void (EV ? ev(id0, 'attempted', 'settled') : Promise.resolve())
      .then(() => t.done())
      .then((ok) => {
        if (ok) done++;
        else unconfirmed++;
        const id = t.subject.split('.').at(-2)!;
        e2e.push(performance.now() - at.get(id)!);
      });
  }
})();
const lat: number[] = [];
let sent = 0;
const t0 = performance.now();
const c0 = process.cpuUsage(),
  sv0 = cpuOf(s.pid());
await Promise.all(
  Array.from({ length: CONC }, async () => {
    while (performance.now() - t0 < MS) {
      const t = performance.now();
      const id = newMailId(Date.now(), randomBytes);
      at.set(id, t);
      const c = await q.commit([{ envelope: env(id), body }], 10000);
      if (!c.ok) throw new Error(JSON.stringify(c));
      lat.push(performance.now() - t);
      sent++;
      if (EV) void ev(id, 'accepted');
      if (RATE) await new Promise((r) => setTimeout(r, Math.max(0, (CONC / RATE) * 1000 - (performance.now() - t))));
    }
  }),
);
while (TAKE && done + unconfirmed < sent) await new Promise((r) => setTimeout(r, 5));
const el = performance.now() - t0;
const c = process.cpuUsage(c0);
lat.sort((a, b) => a - b);
e2e.sort((a, b) => a - b);
const P = (l: number[], q: number) => l[Math.floor(l.length * q)]?.toFixed(1);
console.log(
  `S${process.env['SINGLES']} B${process.env['BATCHES']} W${process.env['WORTH']} conc ${CONC} take ${TAKE}`,
  'msg/s',
  Math.round((sent / el) * 1000),
  'commit p50/p99',
  P(lat, 0.5),
  P(lat, 0.99),
  'e2e p50/p99',
  P(e2e, 0.5),
  P(e2e, 0.99),
  'ev p50/p99',
  P(
    evlat.sort((a, b) => a - b),
    0.5,
  ),
  P(evlat, 0.99),
  'unconfirmed',
  unconfirmed,
  'client cpu%',
  ((c.user + c.system) / el / 10).toFixed(0),
  'server cpu%',
  (((cpuOf(s.pid()) - sv0) / el) * 100).toFixed(0),
  'us/msg',
  ((c.user + c.system) / sent).toFixed(0),
  (((cpuOf(s.pid()) - sv0) * 1000) / sent).toFixed(0),
);
stop.abort();
await taker;
await s.stop();
