// `npm run bench`: one relay node on one processor, load and receiver on the other; 5 KB mails, RSA-2048 signed, 20 connections,
// every accepted mail synced to disk. The queue's server runs once beside the load and once beside the node, on its one processor.
// `--peers` runs Postfix+OpenDKIM and Haraka on the same work in the same run, in turns. `--figures` measures other things of ours.
// Absolute figures belong to the machine; quote the ratios.
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureDebianPackages } from '../../hack/tools/debian.ts';
import { progressToStderr } from '../../hack/tools/obtain.ts';
import { benchPackages } from '../../hack/tools/test-packages.ts';
import { freePort } from '../harness/ports.ts';
import { measureBacklog } from './backlog.ts';
import { makeCertificate } from './certificate.ts';
import { memoryByConnections } from './connections.ts';
import type { Contender, ContenderOptions } from './contender.ts';
import { halfLoad } from './half-load.ts';
import { missedPace, missedRatios } from './marks.ts';
import { startHaraka } from './peers/haraka.ts';
import { startPostfix } from './peers/postfix.ts';
import { startRelayfleet } from './relayfleet.ts';
import { printProfile } from './profile.ts';
import { loadCpu, runRound, startReceiver, type Figures, type Receiver } from './round.ts';
import { syncsPerMail } from './syncs.ts';
import { median, printTable } from './table.ts';

const figures = ['throughput', 'operation', 'backlog'] as const;
const { values } = parseArgs({
  options: {
    figures: { type: 'string', default: 'throughput' },
    peers: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    count: { type: 'string', default: '6000' },
    backlog: { type: 'string', default: '100000' },
    only: { type: 'string' },
    profile: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run bench -- [--figures throughput,operation,backlog] [--peers] [--rounds 3] [--count 6000] [--only signed|tls] [--profile]

  --figures   throughput: mails/s and CPU a mail (default)
              operation:  wait for the 250 at half load, memory at 1, 100 and 1,000 connections, syncs a mail
              backlog:    the pace of living mail while --backlog mails (100000) wait for a host that is down (about 20 min)
  --peers     also Postfix+OpenDKIM and Haraka (Debian packages postfix and opendkim, root; Haraka from npm)
  --only      "signed" (next hop in clear) or "tls" (TLS on both sides)
  --profile   a CPU profile of the relay node, summed by stage (slower: figures of such a run do not count)`);
  process.exit(0);
}
const wanted = values.figures.split(',');
const unknown = wanted.filter((name) => !figures.some((figure) => figure === name));
if (unknown.length > 0) {
  console.error(`--figures: there is no ${unknown.join(', ')}; choose of ${figures.join(', ')}`);
  process.exit(2);
}

if (values.peers) {
  const packages = await ensureDebianPackages(benchPackages, { progress: progressToStderr });
  if (packages.kind === 'missing') {
    console.error(
      `--peers needs ${packages.missing.map((one) => one.package).join(', ')}. ${packages.reason} Run: ${packages.command}`,
    );
    process.exit(1);
  }
}

type Begin = (options: ContenderOptions) => Promise<Contender>;
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'relayfleet/bench');
const profileFolder = values.profile ? mkdtempSync(join(tmpdir(), 'relayfleet-profile-')) : undefined;
const count = Number(values.count);
const start: Readonly<Record<string, Begin>> = {
  relayfleet: (options) => startRelayfleet(options, { name: 'relayfleet', natsCpu: loadCpu, profile: profileFolder }),
  'relayfleet-on-one': (options) =>
    startRelayfleet(options, { name: 'relayfleet, nats-server too', natsCpu: options.cpu, profile: profileFolder }),
  ...(values.peers ? { postfix: startPostfix, haraka: (options) => startHaraka(options, cache) } : {}),
};

const missed: string[] = [];
if (wanted.includes('throughput')) await showThroughput();
if (wanted.includes('operation')) await showOperation();
if (wanted.includes('backlog')) await showBacklog();
if (profileFolder !== undefined) printProfile(profileFolder);
for (const mark of missed) console.error(`missed: ${mark}`);
process.exit(missed.length > 0 ? 1 : 0);

async function showThroughput(): Promise<void> {
  for (const mode of ['signed', 'tls'] as const) {
    if (values.only !== undefined && values.only !== mode) continue;
    const results = new Map<string, Figures[]>();
    for (let round = 1; round <= Number(values.rounds); round++)
      for (const [key, begin] of Object.entries(start)) {
        const mails = key.startsWith('relayfleet') ? count : Math.ceil(count / 2);
        const [name, found] = await against(begin, mode === 'tls', async (contender, receiver) => {
          const settings = { warmUp: Math.ceil(count / 5), count: mails, connections: 20 };
          return [contender.name, await runRound(contender, receiver, settings)] as const;
        });
        results.set(name, [...(results.get(name) ?? []), found]);
        console.error(`${mode}, round ${round}: ${name} ${found.perSecond.toFixed(0)} mails/s`);
      }
    const medians = new Map([...results].map(([name, all]) => [name, median(all)]));
    printTable(mode === 'tls' ? 'RSA-2048 signed, TLS on both sides' : 'RSA-2048 signed, next hop in clear', medians);
    missed.push(...missedRatios(medians));
  }
}

async function showOperation(): Promise<void> {
  await against(start['relayfleet']!, false, async (contender, receiver) => {
    const memory = await memoryByConnections(contender, 0);
    for (const { connections, rssMb } of memory)
      console.log(`${String(connections).padStart(5)} connections: relay node ${rssMb.toFixed(0)} MB resident`);
    let first = 10_000;
    const { perSecond } = await runRound(contender, receiver, { first, warmUp: 1_000, count, connections: 20 });
    first += 1_000 + count;
    const half = await halfLoad(contender, receiver, { first, full: perSecond });
    const { p50, p99 } = half.acceptMs;
    console.log(
      `half load (${half.perSecond.toFixed(0)} of ${perSecond.toFixed(0)} mails/s): 250 after ${p50.toFixed(1)} ms (p50), ${p99.toFixed(1)} ms (p99)`,
    );
    const syncs = await syncsPerMail(contender, receiver, 1_000_000);
    console.log(`synced writes a mail: ${syncs === undefined ? 'not counted, strace is not here' : syncs.toFixed(2)}`);
  });
}

async function showBacklog(): Promise<void> {
  const deadPort = await freePort();
  const mails = Number(values.backlog);
  const begin: Begin = (options) => startRelayfleet(options, { name: 'relayfleet', natsCpu: loadCpu, deadPort });
  await against(begin, false, async (contender, receiver) => {
    const found = await measureBacklog(contender, receiver, {
      mails,
      slice: count,
      slices: 5,
      deadPort,
      progress: (step) => console.error(step),
    });
    const rates = (list: readonly number[]) => list.map((rate) => rate.toFixed(0)).join(' ');
    const mean = (list: readonly number[]) => list.reduce((sum, rate) => sum + rate, 0) / list.length;
    const [before, during] = [mean(found.before), mean(found.during)];
    console.log(`living mail before:  ${rates(found.before)} mails/s, mean ${before.toFixed(0)}`);
    console.log(`${found.mails} mails for a dead host taken in ${found.fillSeconds.toFixed(0)} s`);
    console.log(`living mail beside:  ${rates(found.during)} mails/s, mean ${during.toFixed(0)}`);
    console.log(`pace: ${((100 * during) / before - 100).toFixed(1)} %`);
    missed.push(...missedPace({ before, during }));
    console.log(`the host back: all had left after ${found.emptySeconds.toFixed(0)} s`);
  });
}

/** Runs `work` against a fresh contender and a fresh receiver. */
async function against<T>(
  begin: Begin,
  tls: boolean,
  work: (contender: Contender, receiver: Receiver) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-bench-'));
  mkdirSync(directory, { recursive: true });
  const certificate = makeCertificate(directory);
  const receiver = await startReceiver(await freePort(), tls ? certificate : undefined);
  const dkimKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
  const contender = await begin({ directory, receiverPort: receiver.port, tls, certificate, dkimKey, cpu: 0 });
  try {
    return await work(contender, receiver);
  } finally {
    await contender.stop();
    receiver.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
