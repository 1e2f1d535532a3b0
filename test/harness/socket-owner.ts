// Which part of a fleet holds a TCP connection, read from /proc: the receiver sees a port, the test wants to kill its owner.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ReadyFile } from '../../cli/src/local/ready-file.ts';

/** Name of the part whose end of a connection has this local port. */
export function partAtPort({ parts }: ReadyFile, port: number): string | undefined {
  return parts.find(({ pid }) => portsOf(pid).has(port))?.name;
}

function portsOf(pid: number): ReadonlySet<number> {
  const inodes = new Set(
    list(`/proc/${pid}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.[1]),
  );
  // proc(5), /proc/net/tcp: field 1 is the local address `hex:hex`, field 9 the inode.
  const rows = readFileSync(`/proc/net/tcp`, 'utf8').trim().split('\n').slice(1);
  const fields = rows.map((row) => row.trim().split(/\s+/));
  return new Set(
    fields.filter((row) => inodes.has(row[9])).map((row) => Number.parseInt(row[1]?.split(':')[1] ?? '', 16)),
  );
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // the process is gone
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}
