import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { relayFleet } from '../harness/manifests.ts';
import { startMachine } from './machine.ts';
const n = Number(process.env['N'] ?? 1000);
const cpu = (pid: number) => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' '); return (Number(f[13]) + Number(f[14])) / 100; };
const rss = (pid: number) => /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
test('scale', { timeout: 580000 }, async (t) => {
  const machine = await startMachine(t);
  const domains = Array.from({ length: n }, (_, i) => ({ apiVersion: 'relayfleet.io/v1alpha1', kind: 'RelayDomain', metadata: { namespace: 'shop', name: `d${i}` }, spec: { domain: `d${i}.test`, dkim: { algorithms: ['Ed25519'] } } }));
  const platforms = Array.from({ length: n }, (_, i) => ({ apiVersion: 'relayfleet.io/v1alpha1', kind: 'SenderPlatform', metadata: { namespace: 'shop', name: `p${i}` }, spec: { domainRefs: [{ name: `d${i}` }] } }));
  machine.apply(relayFleet(), ...domains, ...platforms);
  const t0 = performance.now(); const say = (what: string) => console.log(((performance.now() - t0) / 1000).toFixed(1), what, 'cpu', cpu(op.pid), 'rss MB', Math.round(Number(rss(op.pid)) / 1024));
  const op = await machine.startOperator({ NODE_OPTIONS: process.env['PROF'] ? '--cpu-prof --cpu-prof-dir=/tmp/op/prof' : '' });
  await op.untilReady(); say('ready');
  const end = performance.now() + Number(process.env['FOR'] ?? 300000);
  for (;performance.now() < end;) { const s = await machine.seen().catch(() => undefined); const c = s ? [...s.snapshot.domains.values()].filter((d) => d.signers.length > 0).length : 0; say(`${c} domains ${s?.snapshot.platforms.size} platforms gen ${s?.manifest.generation}`); if (c === n && s?.snapshot.platforms.size === n) break; await delay(5000); }
  const m = async () => console.log((await (await fetch(op.telemetry + '/metrics')).text()).split('\n').filter((l) => /reconcile_time_seconds_(sum|count)|publish_duration_seconds_(sum|count)|workqueue_depth/.test(l)).join('\n'));
  await m();
  if (!process.env['PROF']) {
  for (let q = ''; ;) { const before = cpu(op.pid); await delay(5000); q = (cpu(op.pid) - before).toFixed(2); say('cpu/5 s ' + q); if (Number(q) < 1) break; }
  await m();
  const started = performance.now();
  domains[0]!.spec = { ...domains[0]!.spec, suspended: true } as never;
  machine.apply(relayFleet(), ...domains, ...platforms);
  await machine.untilSeen('edit', ({ snapshot }) => Boolean(snapshot.domains.get('d0.test')?.suspended), 30000);
  say(`edit took ${Math.round(performance.now() - started)} ms`);
  await delay(5000);
  await op.stop('SIGKILL'); const op2 = await machine.startOperator(); const r = performance.now(); await op2.untilReady(); console.log('restart to ready', performance.now() - r);
  }
  await op.stop('SIGTERM');
});
