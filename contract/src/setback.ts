// What is known of the failures to work on an entry at all: a header on the entry, so that whoever puts one back need not be able to
// read it, and so that no form of an envelope depends on it. Gone once an attempt is on record.
// Refuses to know what follows from them (relay-node/src/outcome/setback.ts).

/** A defect of ours was met in it, or the workers that had it in hand ended (died, or lost it) before they recorded an attempt. */
export const setbackCauses = ['defect', 'workers-ended'] as const;

export type Setback = {
  /** Of the latest one. */
  readonly because: (typeof setbackCauses)[number];
  /** How many without an attempt in between, this one included. */
  readonly times: number;
  /** When the first of them was, in milliseconds by the clock of the node that met it. */
  readonly since: number;
  /** The build that announced its last try of it. Absent: none did since the latest one. */
  readonly lastTry?: string;
};

export const setbackHeader = 'Relayfleet-Set-Back';

export function encodeSetback({ because, times, since, lastTry }: Setback): string {
  return [because, times, since, lastTry].filter((word) => word !== undefined).join(' ');
}

/** Undefined: there is none, or it is in words of another version, and the entry begins anew. */
export function decodeSetback(text: string | undefined): Setback | undefined {
  const form = /^([a-z-]+) ([1-9][0-9]{0,5}) ([0-9]{1,15})(?: ([\w.+-]{1,64}))?$/;
  const [, word, times, since, lastTry] = form.exec(text ?? '') ?? [];
  const because = setbackCauses.find((cause) => cause === word);
  return because && { because, times: Number(times), since: Number(since), ...(lastTry !== undefined && { lastTry }) };
}
