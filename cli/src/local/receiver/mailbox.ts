// Where received mail lies: `<number>.eml` holds the raw bytes, `<number>.json` what the SMTP conversation said and how the
// mail was judged. The JSON file appears last and at once, so whoever sees it can read both. Stable: scripts read it.
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Verdicts } from './verify.ts';

export type Receipt = {
  readonly version: 1;
  /** RFC 3339. */
  readonly receivedAt: string;
  readonly client: {
    readonly address: string;
    readonly helo: string;
    /** `TLSv1.3`, or null where the mail came in clear. */
    readonly tls: string | null;
    readonly cipher: string | null;
  };
  readonly envelope: {
    /** Empty is the null sender. */
    readonly from: string;
    readonly to: readonly string[];
    /** ESMTP parameters of MAIL and of each RCPT, as received. */
    readonly mailParameters: Readonly<Record<string, string | true>>;
    readonly rcptParameters: readonly Readonly<Record<string, string | true>>[];
  };
  /** The id the relay gave it, read from the topmost Received line; null where there is none. */
  readonly queueId: string | null;
  readonly size: number;
  readonly sha256: string;
  readonly verdicts: Verdicts;
  readonly verifyMs: number;
};

export type Mailbox = {
  /** Writes both files; returns the path of the `.eml`. Rejects when the disk does not take it. */
  store(raw: Uint8Array, receipt: Receipt): Promise<string>;
};

export async function openMailbox(directory: string): Promise<Mailbox> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  let last = Math.max(0, ...(await readdir(directory)).map((name) => Number.parseInt(name, 10) || 0));
  return {
    store: async (raw, receipt) => {
      last += 1;
      const base = join(directory, String(last).padStart(6, '0'));
      try {
        await writeFile(`${base}.eml`, raw, { mode: 0o600 });
        await writeFile(`${base}.json.tmp`, `${JSON.stringify(receipt, null, 2)}\n`, { mode: 0o600 });
        await rename(`${base}.json.tmp`, `${base}.json`);
      } catch (error) {
        for (const ending of ['eml', 'json.tmp']) await rm(`${base}.${ending}`, { force: true });
        throw error;
      }
      return `${base}.eml`;
    },
  };
}

/** The receipt of the mail with that queue id, looked for among the latest. */
export async function findReceipt(
  directory: string,
  queueId: string,
): Promise<{ receipt: Receipt; file: string } | undefined> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).toSorted();
  for (const name of names.slice(-latest).toReversed()) {
    const receipt = JSON.parse(await readFile(join(directory, name), 'utf8')) as Receipt;
    if (receipt.queueId === queueId) return { receipt, file: join(directory, name.replace(/json$/, 'eml')) };
  }
  return undefined;
}

const latest = 50;

/** The relay's id in the first Received header (RFC 5321 §4.4, `id` clause). */
export function queueIdOf(raw: Buffer): string | null {
  const text = raw.subarray(0, 16_384).toString('latin1');
  const header = text.slice(0, text.indexOf('\r\n\r\n') + 2 || undefined).replace(/\r\n[ \t]+/g, ' ');
  const received = /^received:(.*)$/im.exec(header)?.[1];
  return /\sid\s+<?([^\s;>]+)/.exec(received ?? '')?.[1] ?? null;
}
