// The part of dns-packet's interface used here; the package ships no types.
declare module 'dns-packet' {
  export type Question = { readonly name: string; readonly type: string; readonly class?: string };
  export type Answer = {
    readonly name: string;
    readonly type: string;
    readonly ttl?: number;
    readonly class?: string;
    readonly data?: unknown;
    readonly udpPayloadSize?: number;
  };
  export type Packet = {
    readonly type?: 'query' | 'response';
    readonly id?: number;
    readonly flags?: number;
    readonly opcode?: string;
    readonly rcode?: string;
    readonly questions?: readonly Question[];
    readonly answers?: readonly Answer[];
    readonly authorities?: readonly Answer[];
    readonly additionals?: readonly Answer[];
  };
  export const AUTHORITATIVE_ANSWER: number;
  export const TRUNCATED_RESPONSE: number;
  export function encode(packet: Packet): Buffer;
  export function decode(bytes: Uint8Array): Packet & { readonly id: number; readonly questions: readonly Question[] };
}
