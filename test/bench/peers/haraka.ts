// Haraka as contender: npm's release in the benchmark's cache, relaying for loopback, signing with its DKIM plugin and
// forcing every recipient to the benchmark's receiver through its own outbound queue.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../harness/ports.ts';
import type { Contender, ContenderOptions } from '../contender.ts';

const haraka = 'Haraka@3.3.4';
const dkimPlugin = 'haraka-plugin-dkim@1.3.1';

export async function startHaraka(options: ContenderOptions, cache: string): Promise<Contender> {
  const modules = install(cache);
  const port = await freePort();
  const config = join(options.directory, 'config');
  cpSync(join(modules, 'Haraka/config'), config, { recursive: true }); // stock, then what differs
  const write = (name: string, text: string) => {
    mkdirSync(join(config, name, '..'), { recursive: true });
    writeFileSync(join(config, name), text);
  };
  write('smtp.ini', `listen=127.0.0.1:${port}\nnodes=0\n`);
  write('me', 'haraka.bench.example\n');
  write('host_list', 'haraka.bench.example\n');
  write('plugins', `${options.tls ? 'tls\n' : ''}relay\ndkim\n`);
  write('relay.ini', '[relay]\nacl=true\nforce_routing=true\ndest_domains=true\n');
  write('relay_acl_allow', '127.0.0.0/8\n');
  write(
    'relay_dest_domains.ini',
    `[domains]\nany = {"action":"continue","nexthop":"127.0.0.1:${options.receiverPort}"}\nreceiver.example = {"action":"continue","nexthop":"127.0.0.1:${options.receiverPort}"}\n`,
  );
  write('outbound.ini', `enable_tls=${options.tls}\nconcurrency_max=20\nlocal_mx_ok=true\n`);
  write('dkim.ini', '[sign]\nenabled=true\nselector=bench\ndomain=bench.example\n[verify]\nenabled=false\n');
  write('dkim/bench.example/private', options.dkimKey);
  write('dkim/bench.example/selector', 'bench\n');
  write('loglevel', 'LOGERROR\n');
  if (options.tls) write('tls.ini', `key=${options.certificate.key}\ncert=${options.certificate.cert}\n`);
  const child = spawn(
    'taskset',
    ['-c', String(options.cpu), process.execPath, join(modules, 'Haraka/bin/haraka'), '-c', options.directory],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_PATH: modules },
    },
  );
  await reachable(port);
  return {
    name: 'Haraka',
    client: { port, tls: options.tls ? 'starttls' : 'none' },
    processes: { relay: [child.pid ?? 0] },
    stop: async () => {
      child.kill('SIGKILL');
    },
  };
}

function install(cache: string): string {
  const home = join(cache, 'haraka');
  if (!existsSync(join(home, 'node_modules/Haraka'))) {
    console.error(`Installing ${haraka} for the comparison, outside the tree (${home}) …`);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{"private":true}');
    const npm = spawnSync(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', haraka, dkimPlugin],
      { cwd: home, stdio: 'inherit' },
    );
    if (npm.status !== 0) throw new Error('Haraka could not be installed');
  }
  return join(home, 'node_modules');
}

async function reachable(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.unref();
      setTimeout(() => socket.destroy(), 200).unref();
    });
    if (open) return;
    await wait(100);
  }
  throw new Error('Haraka did not open its port');
}
