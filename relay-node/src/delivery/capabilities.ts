// What a peer's EHLO reply offers (RFC 5321 §4.1.1.1), and whether a mail fits it: we send nothing a peer said it cannot take.
import type { Fact } from './facts.ts';

/** Extension keywords in capitals, each with its parameters. Empty after HELO. */
export type Capabilities = ReadonlyMap<string, string>;

export type Needs = { readonly size: number; readonly eightBit: boolean; readonly smtputf8: boolean };

/** Reads a whole reply, lines separated by LF. The first line is a greeting. */
export function parseCapabilities(ehloReply: string): Capabilities {
  const lines = ehloReply.split('\n').slice(1);
  return new Map(
    lines.map((line) => {
      const [, keyword = '', parameters = ''] = /^\d{3}[ -](\S+)(?:\s+(.*?))?\s*$/.exec(line) ?? [];
      return [keyword.toUpperCase(), parameters];
    }),
  );
}

/** The fact that stands against sending, if one does. Converting 8-bit content would break its signature. */
export function unfitness(needs: Needs, peer: Capabilities): Fact | undefined {
  const limit = Number(peer.get('SIZE') ?? 0); // RFC 1870 §4: absent or 0 is no stated limit
  if (limit > 0 && needs.size > limit) return { kind: 'unfit', lacks: 'SIZE' };
  if (needs.smtputf8 && !peer.has('SMTPUTF8')) return { kind: 'unfit', lacks: 'SMTPUTF8' }; // RFC 6531 §3.2
  if (needs.eightBit && !peer.has('8BITMIME')) return { kind: 'unfit', lacks: '8BITMIME' }; // RFC 6152 §3
  return undefined;
}
