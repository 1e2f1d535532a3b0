// `npm run bench`: one relay node on one processor, load and receiver on the other; 5 KB mails, RSA-2048 signed, 20 connections,
// every accepted mail synced to disk. The queue's server runs once beside the load and once beside the node, on its one processor.
// `--peers` runs Postfix+OpenDKIM and Haraka on the same work in the same run, in turns.
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
import { makeCertificate } from './certificate.ts';
import type { Contender, ContenderOptions } from './contender.ts';
import { startHaraka } from './peers/haraka.ts';
import { startPostfix } from './peers/postfix.ts';
import { startRelayfleet } from './relayfleet.ts';
import { printProfile } from './profile.ts';
import { loadCpu, runRound, startReceiver, type Figures } from './round.ts';
import { median, printTable } from './table.ts';

const { values } = parseArgs({
  options: {
    peers: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    count: { type: 'string', default: '6000' },
    only: { type: 'string' },
    profile: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run bench -- [--peers] [--rounds 3] [--count 6000] [--only signed|tls] [--profile]

  --peers     also Postfix+OpenDKIM and Haraka (Debian packages postfix and opendkim, root; Haraka from npm)
  --only      "signed" (next hop in clear) or "tls" (TLS on both sides)
  --profile   a CPU profile of the relay node, summed by stage (slower: figures of such a run do not count)`);
  process.exit(0);
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

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'relayfleet/bench');
const profileFolder = values.profile ? mkdtempSync(join(tmpdir(), 'relayfleet-profile-')) : undefined;
const start: Readonly<Record<string, (options: ContenderOptions) => Promise<Contender>>> = {
  relayfleet: (options) => startRelayfleet(options, { name: 'relayfleet', natsCpu: loadCpu, profile: profileFolder }),
  'relayfleet-on-one': (options) =>
    startRelayfleet(options, { name: 'relayfleet, nats-server too', natsCpu: options.cpu, profile: profileFolder }),
  ...(values.peers ? { postfix: startPostfix, haraka: (options) => startHaraka(options, cache) } : {}),
};

for (const mode of ['signed', 'tls'] as const) {
  if (values.only !== undefined && values.only !== mode) continue;
  const results = new Map<string, Figures[]>();
  for (let round = 1; round <= Number(values.rounds); round++)
    for (const [key, begin] of Object.entries(start)) {
      const { name, figures } = await measure(key, begin, mode === 'tls');
      results.set(name, [...(results.get(name) ?? []), figures]);
      console.error(`${mode}, round ${round}: ${name} ${figures.perSecond.toFixed(0)} mails/s`);
    }
  printTable(
    mode === 'tls' ? 'RSA-2048 signed, TLS on both sides' : 'RSA-2048 signed, next hop in clear',
    new Map([...results].map(([name, all]) => [name, median(all)])),
  );
}
if (profileFolder !== undefined) printProfile(profileFolder);
process.exit(0);

async function measure(
  key: string,
  begin: (options: ContenderOptions) => Promise<Contender>,
  tls: boolean,
): Promise<{ name: string; figures: Figures }> {
  const directory = mkdtempSync(join(tmpdir(), `relayfleet-bench-${key}-`));
  mkdirSync(directory, { recursive: true });
  const certificate = makeCertificate(directory);
  const receiver = await startReceiver(await freePort(), tls ? certificate : undefined);
  const dkimKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
  const contender = await begin({ directory, receiverPort: receiver.port, tls, certificate, dkimKey, cpu: 0 });
  const count = Number(values.count);
  try {
    const figures = await runRound(contender, receiver, {
      warmUp: Math.ceil(count / 5),
      count: key.startsWith('relayfleet') ? count : Math.ceil(count / 2),
      connections: 20,
    });
    return { name: contender.name, figures };
  } finally {
    await contender.stop();
    receiver.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
