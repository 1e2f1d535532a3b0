// DKIM signatures (RFC 6376, Ed25519 by RFC 8463): one header line per key, relaxed/relaxed, with a lifetime.
// Oversigns: a listed header field is named once more than it occurs, so that one added later breaks the signature.
// The private-key operation runs in libuv's thread pool, not on the event loop.
// Takes the envelope too: a signature bound to sender and recipients (DKIM2) fits the same call.
import { createHash, sign as cryptoSign } from 'node:crypto';
import { promisify } from 'node:util';
import { bodyHash, relaxHeaders, splitMessage, type HeaderField } from './canonicalise.ts';
import type { SigningKey } from './keys.ts';

export type SignRequest = {
  /** The whole message, lines ending in CRLF; with `relaxedHash` a beginning that holds the header section will do. */
  readonly message: Buffer;
  /** Of its body, where it is known already (`createBodyHash`). */
  readonly relaxedHash?: string | undefined;
  /** The signing domain, `d=`. */
  readonly domain: string;
  readonly keys: readonly SigningKey[];
  /** Epoch milliseconds: `t=`. Verifiers need not take one in the future (RFC 6376 §3.5), so the earliest it may be. */
  readonly now: number;
  /** The latest it may be, where the clock is in doubt: the lifetime counts from here. */
  readonly latest?: number;
  readonly envelope: { readonly sender: string; readonly recipients: readonly { readonly address: string }[] };
};

/** Judged for this long at most (`x=`): a captured mail cannot be replayed for ever. RFC 6376 §3.5 */
export const signatureLifetimeSeconds = 7 * 24 * 3600;

/** Fields a reader or a filter acts on: each is signed as often as it occurs and once more. RFC 6376 §5.4, §8.15 */
export const oversignedFields = [
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'content-disposition',
  'content-id',
  'content-description',
  'list-id',
  'list-unsubscribe', // RFC 8058 §4: both must be signed
  'list-unsubscribe-post',
  'feedback-id',
] as const;

const signAsync = promisify(cryptoSign);

/** Header lines to put in front of the message, one per key, each ending in CRLF. */
export async function sign({ message, relaxedHash, domain, keys, now, latest = now }: SignRequest): Promise<Buffer> {
  const { fields, bodyStart } = splitMessage(message);
  const { names, signed } = selectFields(fields);
  const headers = relaxHeaders(message, signed);
  const hash = relaxedHash ?? (await bodyHash(message, bodyStart));
  const since = Math.floor(now / 1000);
  const until = Math.floor(latest / 1000) + signatureLifetimeSeconds;
  const lines = await Promise.all(
    keys.map(async (key) => {
      const line = unsignedLine({ key, domain, since, until, names, hash });
      const signature = await signData(key, Buffer.concat([headers, Buffer.from(relaxedLine(line), 'latin1')]));
      return `${line}${foldAt(signature, 72)}\r\n`;
    }),
  );
  return Buffer.from(lines.join(''), 'latin1');
}

/** The `h=` names, and the fields behind them: several of one name are taken from the bottom up. RFC 6376 §5.4.2 */
function selectFields(fields: readonly HeaderField[]): { names: readonly string[]; signed: readonly HeaderField[] } {
  const names: string[] = [];
  const signed: HeaderField[] = [];
  for (const name of oversignedFields) {
    names.push(name);
    for (let at = fields.length - 1; at >= 0; at--) {
      if (fields[at]!.name !== name) continue;
      names.push(name);
      signed.push(fields[at]!);
    }
  }
  return { names, signed };
}

/** The header line up to and including `b=`, folded. */
function unsignedLine(line: {
  key: SigningKey;
  domain: string;
  since: number;
  until: number;
  names: readonly string[];
  hash: string;
}): string {
  const { key, domain, since, until, names, hash } = line;
  return [
    `DKIM-Signature: v=1; a=${key.algorithm}; c=relaxed/relaxed;`,
    ` d=${domain}; s=${key.selector};`,
    ` t=${since}; x=${until};`,
    ` h=${foldNames(names)};`,
    ` bh=${hash};`,
    ' b=',
  ].join('\r\n');
}

/** What a verifier makes of our line once it has emptied `b=`: the folds become the one space that follows them. */
function relaxedLine(line: string): string {
  return line.replace('DKIM-Signature: ', 'dkim-signature:').replaceAll('\r\n ', ' ');
}

function signData({ algorithm, key }: SigningKey, data: Buffer): Promise<string> {
  const signature =
    algorithm === 'rsa-sha256'
      ? signAsync('sha256', data, key)
      : signAsync(null, createHash('sha256').update(data).digest(), key); // RFC 8463 §3: Ed25519 over the SHA-256
  return signature.then((bytes) => bytes.toString('base64'));
}

function foldNames(names: readonly string[]): string {
  const lines = [''];
  for (const name of names) {
    const last = lines.at(-1)!;
    if (last.length + name.length > 72) lines.push(name);
    else lines[lines.length - 1] = last === '' ? name : `${last}:${name}`;
  }
  return lines.join(':\r\n '); // RFC 6376 §3.5: white space may stand on either side of the colon
}

function foldAt(text: string, width: number): string {
  return text.match(new RegExp(`.{1,${width}}`, 'g'))?.join('\r\n ') ?? '';
}
